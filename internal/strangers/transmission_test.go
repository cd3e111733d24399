package strangers

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"commonseed/internal/peers"
)

// Transmission refuses peers at 127.0.0.1, so this test runs in a network of its
// own, which holds nothing but a loopback interface with one more address.
func TestTransmissionCompletes(t *testing.T) {
	client := transmission4(t)
	if os.Getenv(ownNetwork) == "" {
		t.Parallel()
		inOwnNetwork(t)
		return
	}
	peers.Run(t, "ip", "link", "set", "lo", "up")
	peers.Run(t, "ip", "address", "add", networkAddress+"/32", "dev", "lo")
	s, all := publishExamples(t, networkAddress)
	for _, p := range all {
		t.Run(p.Slug, func(t *testing.T) {
			t.Parallel()
			torrent := s.torrentFile(t, p)
			writeFile(t, torrent, string(withoutWebSeeds(t, read(t, torrent))))
			transmission(t, client, torrent, p)
		})
	}
}

const (
	// ownNetwork is set for the test's second self, inside its network.
	ownNetwork     = "COMMONSEED_TEST_OWN_NETWORK"
	networkAddress = "10.77.0.1"
)

// inOwnNetwork runs this test again in a new network namespace, as root of a user
// namespace where it is not root.
func inOwnNetwork(t *testing.T) {
	t.Helper()
	peers.Need(t, "ip")
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), ownNetwork+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Setpgid: true}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, syscall.EPERM) && !peers.Required():
		t.Skip("this system lets nobody make a network namespace")
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	case !bytes.Contains(out, []byte("--- PASS: "+t.Name())):
		t.Fatalf("nothing passed in the network namespace:\n%s", out)
	}
}

// transmission downloads one .torrent and waits for the files.
func transmission(t *testing.T, client, torrent string, p published) {
	profile := t.TempDir()
	downloads := filepath.Join(profile, "downloads")
	writeFile(t, filepath.Join(profile, "settings.json"),
		`{"dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "utp-enabled": false, "port-forwarding-enabled": false}`)
	writeFile(t, filepath.Join(downloads, ".keep"), "")
	start(t, profile, nil, client, "--config-dir", profile, "--download-dir", downloads,
		"--no-portmap", "--port", fmt.Sprint(freePort(t)), torrent)
	eventually(t, "Transmission completes "+p.Slug, func() bool { return complete(t, p, downloads) })
	checkArrival(t, p, downloads)
}

// transmission4 finds a Transmission that can read hybrid torrents: 4.0 was the
// first (its issue 1339). scripts/install-peers brings one to older systems.
func transmission4(t *testing.T) string {
	t.Helper()
	const own = "transmission4-cli"
	if _, err := exec.LookPath(own); err == nil {
		return own
	}
	if out, err := exec.Command("transmission-cli", "--version").CombinedOutput(); err == nil && !strings.Contains(string(out), "cli 3.") {
		return "transmission-cli"
	}
	peers.Need(t, own)
	return own
}

// withoutWebSeeds renames the url-list of a .torrent to a key that no client
// knows and that sorts to the same place, so that the peers which the tracker
// names are the only source. The info dictionary stays as it is.
func withoutWebSeeds(t *testing.T, torrent []byte) []byte {
	t.Helper()
	key := []byte("8:url-list")
	if bytes.Count(torrent, key) != 1 {
		t.Fatalf("the .torrent has %d url-lists, want 1", bytes.Count(torrent, key))
	}
	return bytes.Replace(torrent, key, []byte("8:url-none"), 1)
}

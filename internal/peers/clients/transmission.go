package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"commonseed/internal/peers"
)

// Transmission finds one that reads hybrid torrents: 4.0 was the first (its issue
// 1339). scripts/install-peers brings one to older systems.
func Transmission(t testing.TB) string {
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

// TransmissionSettings writes the settings of a client that listens at a pair of
// addresses into a profile.
func TransmissionSettings(t testing.TB, profile, v4, v6 string) {
	t.Helper()
	write(t, filepath.Join(profile, "settings.json"), fmt.Sprintf(`{"bind-address-ipv4": %q, "bind-address-ipv6": %q,
		"dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "port-forwarding-enabled": false}`, v4, v6))
}

func transmission(t testing.TB, d Download) {
	t.Helper()
	program, profile := Transmission(t), t.TempDir()
	v4, v6 := d.Listen.String(), "::1"
	if d.Listen.Is6() {
		v4, v6 = "127.0.0.1", d.Listen.String()
	}
	TransmissionSettings(t, profile, v4, v6)
	run := func() *peers.Process {
		return peers.Start(t, profile, nil, program, "--config-dir", profile, "--download-dir", d.Dir, "--no-portmap",
			"--port", fmt.Sprint(peers.FreePort(t)), []string{Any: "-ep", Encrypted: "-er"}[d.Cipher], d.Source)
	}
	p, tries := run(), 1
	peers.Eventually(t, patience, "Transmission completes", func() bool {
		// It pauses a magnet's torrent for a moment when it has got the metadata, and
		// takes that for its end if it looks just then: its user starts it once more.
		if p.Ended(0) && tries < 4 {
			p, tries = run(), tries+1
		}
		return strings.Contains(p.Out.String(), "\rSeeding")
	})
	p.End(syscall.SIGTERM)
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

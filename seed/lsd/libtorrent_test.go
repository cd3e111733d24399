package lsd

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"commonseed/internal/peers"
)

// labEnv names the lab that a test runs in.
const labEnv = "COMMONSEED_TEST_LAB"

// inLab runs a test in a network namespace that has a cable to another one, the
// neighbour's. It returns "" outside, when the test has run there, and else what
// the names of both begin with.
func inLab(t *testing.T) string {
	t.Helper()
	if prefix := os.Getenv(labEnv); prefix != "" {
		return prefix
	}
	peers.Need(t, "ip")
	peers.NeedPython(t, "libtorrent")
	if os.Getuid() != 0 {
		if peers.Required() {
			t.Fatal("network namespaces need root")
		}
		t.Skip("network namespaces need root")
	}
	prefix := fmt.Sprintf("lsd%d-", os.Getpid())
	for _, name := range []string{"ours", "theirs"} {
		peers.Run(t, "ip", "netns", "add", prefix+name)
		t.Cleanup(func() { // with what is left of a run that was cut off
			exec.Command("sh", "-c", "ip netns pids $0 | xargs -r kill -9; ip netns del $0", prefix+name).Run()
		})
	}
	cable(t, prefix, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	self := exec.CommandContext(ctx, "ip", "netns", "exec", prefix+"ours", os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	self.Env = append(os.Environ(), labEnv+"="+prefix)
	out, err := self.CombinedOutput()
	t.Logf("in the lab:\n%s", out)
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("failed in the lab: %v", err)
	}
	return ""
}

// cable lays cable n: 10.99.n.1 and fd99:n::1 are ours, .2 and ::2 theirs.
func cable(t *testing.T, prefix string, n int) {
	t.Helper()
	for _, line := range []string{
		"-n %[1]sours link add c%[2]d type veth peer name c%[2]d netns %[1]stheirs",
		"-n %[1]sours addr add 10.99.%[2]d.1/24 dev c%[2]d",
		"-n %[1]sours addr add fd99:%[2]d::1/64 dev c%[2]d nodad",
		"-n %[1]stheirs addr add 10.99.%[2]d.2/24 dev c%[2]d",
		"-n %[1]stheirs addr add fd99:%[2]d::2/64 dev c%[2]d nodad",
		"-n %[1]stheirs link set c%[2]d up",
		"-n %[1]sours link set c%[2]d up",
	} {
		peers.Run(t, "ip", strings.Fields(fmt.Sprintf(line, prefix, n))...)
	}
}

// neighbour starts libtorrent at the other end of the cables. heard says what it
// has heard.
func neighbour(t *testing.T, prefix, addresses string, hashes ...[20]byte) (heard func(host string, h [20]byte) bool) {
	t.Helper()
	args := []string{"netns", "exec", prefix + "theirs", peers.NeedPython(t, "libtorrent"), "testdata/neighbour.py", "6881", addresses}
	for _, h := range hashes {
		args = append(args, hex.EncodeToString(h[:]))
	}
	program := exec.Command("ip", args...)
	program.Stderr = os.Stderr
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	lines := map[string]bool{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := bufio.NewScanner(out); s.Scan(); {
			mu.Lock()
			lines[s.Text()] = true
			mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		program.Process.Kill()
		<-done
		program.Wait()
	})
	return func(host string, h [20]byte) bool {
		mu.Lock()
		defer mu.Unlock()
		return lines[fmt.Sprintf("heard %s %x", net.JoinHostPort(host, "7448"), h)]
	}
}

// libtorrent finds us by any infohash of an announcement, and we find it; over
// IPv4 and IPv6; also on a cable that is plugged in later.
func TestLibtorrent(t *testing.T) {
	prefix := inLab(t)
	if prefix == "" {
		return
	}
	first, last := [20]byte{1, 2, 3}, [20]byte{0xfe, 0xdc}
	announced := make([][20]byte, MaxHashes)
	for i := range announced {
		announced[i] = [20]byte{9, 9, byte(i)}
	}
	announced[0], announced[MaxHashes-1] = first, last
	var f found
	d := New(Options{Port: 7448, Next: always(announced...), Found: f.add, Interval: 200 * time.Millisecond})
	defer d.Close()

	heard := neighbour(t, prefix, "10.99.1.2,fd99:1::2", first, last)
	for _, h := range [][20]byte{first, last} {
		for _, host := range []string{"10.99.1.1", "fd99:1::1"} {
			eventually(t, "libtorrent finds us at "+host, func() bool { return heard(host, h) })
		}
		for _, peer := range []string{"10.99.1.2:6881", "[fd99:1::2]:6881"} {
			eventually(t, "we find libtorrent at "+peer, func() bool { return f.count(h, peer) > 0 })
		}
	}

	t.Log("another cable")
	cable(t, prefix, 2)
	heard = neighbour(t, prefix, "10.99.2.2", last)
	eventually(t, "libtorrent finds us there", func() bool { return heard("10.99.2.1", last) })
	eventually(t, "we find libtorrent there", func() bool { return f.count(last, "10.99.2.2:6881") > 0 })
}

package peers

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// The addresses of a network of one's own. Transmission refuses peers at
// 127.0.0.1 and uses IPv6 only where it finds an address of the kind that the
// world has.
var (
	IPv4 = netip.MustParseAddr("10.77.0.1")
	IPv6 = netip.MustParseAddr("2001:db8::1")
)

const ownNetwork = "COMMONSEED_TEST_OWN_NETWORK"

// InOwnNetwork runs a test again in a new network namespace, as root of a user
// namespace where it is not root, beside other tests. The namespace holds
// nothing but a loopback interface with the addresses IPv4 and IPv6. In there
// InOwnNetwork answers true, and false when all is over. What the test started
// ends with it, however it ends.
func InOwnNetwork(t *testing.T) bool {
	t.Helper()
	if os.Getenv(ownNetwork) != "" {
		setUpNetwork(t)
		return true
	}
	t.Parallel()
	Need(t, "ip")
	args := []string{"-test.run=^" + t.Name() + "$", "-test.v", "-test.parallel=8"} // they mostly wait
	if deadline, ok := t.Deadline(); ok {
		args = append(args, fmt.Sprint("-test.timeout=", time.Until(deadline)))
	}
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), ownNetwork+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID, Setpgid: true}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, syscall.EPERM) && !Required():
		t.Skip("this system lets nobody make a network namespace")
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	case bytes.Contains(out, []byte("\n--- SKIP: "+t.Name())):
		t.Skipf("in a network of its own:\n%s", out)
	case !bytes.Contains(out, []byte("\n--- PASS: "+t.Name())):
		t.Fatalf("nothing passed in the network namespace:\n%s", out)
	}
	t.Logf("in a network of its own:\n%s", out)
	return false
}

func setUpNetwork(t *testing.T) {
	t.Helper()
	Run(t, "ip", "link", "set", "lo", "up")
	Run(t, "ip", "address", "add", IPv4.String()+"/32", "dev", "lo")
	Run(t, "ip", "address", "add", IPv6.String()+"/128", "dev", "lo", "nodad")
	Run(t, "ip", "-6", "route", "add", "default", "dev", "lo") // Transmission asks for a way to the world
}

package portmap

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"commonseed/internal/peers"
)

// labEnv names the lab that a test runs in.
const labEnv = "COMMONSEED_TEST_LAB"

// A lab is a small internet of network namespaces: a home with a machine, in
// which the test runs, and a router, and the world beyond.
//
//	home 192.168.77.2, .3 -- lan 192.168.77.1 router wan 11.0.0.1 -- world 11.0.0.2
//	     2001:db8:77::2      fe80::1                 2001:db8:88::1
//
// The addresses look public, for the router maps to no others; they end here.
type lab struct {
	t      *testing.T
	prefix string // of the names of the namespaces
}

// inLab runs a test in the home of a new lab. It returns nil outside, when the
// test has run there.
func inLab(t *testing.T, programs ...string) *lab {
	t.Helper()
	if prefix := os.Getenv(labEnv); prefix != "" {
		return &lab{t, prefix}
	}
	peers.Need(t, append(programs, "ip", "bash")...)
	if os.Getuid() != 0 {
		if peers.Required() {
			t.Fatal("network namespaces need root")
		}
		t.Skip("network namespaces need root")
	}
	l := &lab{t, fmt.Sprintf("cs%d-", os.Getpid())}
	l.build()
	ctx, cancel := context.WithTimeout(context.Background(), 9*time.Minute)
	defer cancel()
	self := exec.CommandContext(ctx, "ip", "netns", "exec", l.prefix+"home", os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	self.Env = append(os.Environ(), labEnv+"="+l.prefix)
	out, err := self.CombinedOutput()
	t.Logf("in the lab:\n%s", out)
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("failed in the lab: %v", err)
	}
	return nil
}

func (l *lab) build() {
	l.t.Helper()
	for _, name := range []string{"home", "router", "world"} {
		peers.Run(l.t, "ip", "netns", "add", l.prefix+name)
		l.t.Cleanup(func() { // with what is left of a run that was cut off
			exec.Command("sh", "-c", "ip netns pids $0 | xargs -r kill -9; ip netns del $0", l.prefix+name).Run()
		})
		l.ip(name, "link set lo up")
	}
	l.ip("router", "link add lan type veth peer name eth0 netns "+l.prefix+"home")
	l.ip("router", "link add wan type veth peer name eth0 netns "+l.prefix+"world")
	for _, line := range []string{
		"home addr add 192.168.77.2/24 dev eth0", "home addr add 192.168.77.3/24 dev eth0", "home addr add 2001:db8:77::2/64 dev eth0 nodad",
		"home link set eth0 up",
		"router link set lan addrgenmode none", // fe80::1 is its only link-local address
		"router addr add 192.168.77.1/24 dev lan", "router addr add fe80::1/64 dev lan nodad", "router addr add 2001:db8:77::1/64 dev lan nodad",
		"router link set lan up",
		"router addr add 11.0.0.1/24 dev wan", "router addr add 2001:db8:88::1/64 dev wan nodad", "router link set wan up",
		"world addr add 11.0.0.2/24 dev eth0", "world addr add 2001:db8:88::2/64 dev eth0 nodad", "world link set eth0 up",
		"home route add default via 192.168.77.1", "home -6 route add default via fe80::1 dev eth0",
		"router route add default via 11.0.0.2", "router -6 route add default via 2001:db8:88::2",
		"world -6 route add 2001:db8:77::/64 via 2001:db8:88::1",
		// miniupnpd leaves to the routes where it announces itself over IPv6.
		"router -6 route add multicast ff02::1 dev lan table local metric 1",
	} {
		name, args, _ := strings.Cut(line, " ")
		l.ip(name, args)
	}
	l.in("router", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
}

func (l *lab) ip(name, args string) {
	l.t.Helper()
	peers.Run(l.t, "ip", append([]string{"-n", l.prefix + name}, strings.Fields(args)...)...)
}

// in runs a program to its end at one of the places of the lab.
func (l *lab) in(name string, args ...string) string {
	l.t.Helper()
	return peers.Run(l.t, "ip", append([]string{"netns", "exec", l.prefix + name}, args...)...)
}

// firewall is that of a home router: nothing comes in. The chains that are
// empty are for miniupnpd to fill.
const firewall = `
flush ruleset
table inet filter {
  chain miniupnpd { }
  chain prerouting_miniupnpd { }
  chain postrouting_miniupnpd { }
  chain prerouting {
    type nat hook prerouting priority -100
    jump prerouting_miniupnpd
  }
  chain postrouting {
    type nat hook postrouting priority 100
    jump postrouting_miniupnpd
    oifname "wan" ip version 4 masquerade
  }
  chain forward {
    type filter hook forward priority 0
    policy drop
    ct state established,related accept
    iifname "lan" accept
    jump miniupnpd
  }
}`

// router starts miniupnpd, with a fresh firewall, as a router does that boots.
// It returns how to pull the plug.
func (l *lab) router(settings string) (off func()) {
	l.t.Helper()
	dir := l.t.TempDir()
	rules, config, log := filepath.Join(dir, "rules"), filepath.Join(dir, "config"), filepath.Join(dir, "log")
	l.write(rules, firewall)
	l.write(config, "ext_ifname=wan\nlistening_ip=lan\nsecure_mode=yes\nmin_lifetime=120\nmax_lifetime=86400\nsystem_uptime=no\n"+
		"uuid=00000000-0000-0000-0000-0000c0ffee00\n"+settings+"\nallow 1-65535 192.168.77.0/24 1-65535\ndeny 0-65535 0.0.0.0/0 0-65535\n")
	l.in("router", "nft", "-f", rules)
	out, err := os.Create(log)
	if err != nil {
		l.t.Fatal(err)
	}
	defer out.Close()
	daemon := exec.Command("ip", "netns", "exec", l.prefix+"router", "miniupnpd", "-d", "-f", config, "-P", filepath.Join(dir, "pid"))
	daemon.Stdout, daemon.Stderr = out, out
	if err := daemon.Start(); err != nil {
		l.t.Fatal(err)
	}
	off = func() {
		daemon.Process.Kill()
		daemon.Wait()
	}
	l.t.Cleanup(func() {
		off()
		if b, _ := os.ReadFile(log); l.t.Failed() {
			l.t.Logf("miniupnpd, in the end:\n%s", b[max(0, len(b)-4000):])
		}
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if b, _ := os.ReadFile(log); strings.Contains(string(b), "Listening for NAT-PMP/PCP traffic") {
			return off
		}
		if time.Now().After(end) {
			l.t.Fatal("miniupnpd does not start")
		}
	}
}

func (l *lab) write(name, text string) {
	l.t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// reach connects from the world to an address, over "tcp" or "udp", and returns
// what is said there, or "".
func (l *lab) reach(network string, addr netip.AddrPort) string {
	script := fmt.Sprintf("exec 3<>/dev/%s/%s/%d && echo hello >&3 && timeout 2 dd bs=100 count=1 status=none <&3", network, addr.Addr(), addr.Port())
	out, _ := exec.Command("ip", "netns", "exec", l.prefix+"world", "timeout", "3", "bash", "-c", script).Output()
	return strings.TrimSpace(string(out))
}

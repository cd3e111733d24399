package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"commonseed/internal/peers"
	"commonseed/publish"
)

// manager is a service manager's end of the protocol of sd_notify(3).
type manager struct {
	*testing.T
	conn *net.UnixConn
}

func newManager(t *testing.T, name string) manager {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return manager{t, conn}
}

// expect waits for a message that begins so, and passes others over.
func (m manager) expect(start string) string {
	m.Helper()
	m.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	for {
		b := make([]byte, 4096)
		n, err := m.conn.Read(b)
		if err != nil {
			m.Fatalf("%s was never told: %v", start, err)
		}
		if text := string(b[:n]); strings.HasPrefix(text, start) {
			return text
		}
	}
}

func TestTheServiceManagerHearsHowItGoes(t *testing.T) {
	m := newManager(t, filepath.Join(t.TempDir(), "notify"))
	t.Setenv("WATCHDOG_USEC", "30000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	ctx, cancel := context.WithCancel(context.Background())
	var out bytes.Buffer
	s, ch := newServer(t, ctx, &out)
	done := make(chan error, 1)
	go func() { done <- s.seed([]*publish.Channel{ch}) }()
	m.expect("READY=1")
	for range 3 {
		if got := m.expect("WATCHDOG=1"); got != "WATCHDOG=1\nSTATUS=0 releases, 0 peers, 0 B/s up" {
			t.Errorf("got %q", got)
		}
	}
	cancel()
	m.expect("STOPPING=1")
	if err := ended(t, done); err != nil {
		t.Error(err)
	}
}

func TestAReloadIsToldOfFromBeginToEnd(t *testing.T) {
	m := newManager(t, "@commonseed-test-"+strconv.Itoa(os.Getpid())) // an abstract name, as systemd may give
	s, ch := newServer(t, context.Background(), new(bytes.Buffer))
	s.manager = newNotifier(s.log)
	s.channels = []*served{newServed(ch, "http://127.0.0.1/")}
	s.look()
	s.reload(context.Background())
	m.expect("RELOADING=1")
	m.expect("READY=1")
}

func TestWatchdogInterval(t *testing.T) {
	own, other := strconv.Itoa(os.Getpid()), strconv.Itoa(os.Getpid()+1)
	for _, c := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"", "", 0}, {"60000000", "", time.Minute}, {"60000000", own, time.Minute}, {"60000000", other, 0},
		{"-1", "", 0}, {"0", "", 0}, {"abc", "", 0}, {"99999999999999999999", "", 0}, {"9223372036854775807", "", 0},
	} {
		t.Setenv("WATCHDOG_USEC", c.usec)
		t.Setenv("WATCHDOG_PID", c.pid)
		if got := watchdogInterval(); got != c.want {
			t.Errorf("%q for process %q: %v, want %v", c.usec, c.pid, got, c.want)
		}
	}
}

func TestWithoutAServiceManagerNothingIsTold(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	newNotifier(nil).tell("READY=1") // a log would be needed to complain
}

// systemd judges the unit that is handed out.
func TestTheServiceUnitIsSound(t *testing.T) {
	peers.Need(t, "systemd-analyze")
	data, err := os.ReadFile("../../dist/commonseed.service")
	if err != nil {
		t.Fatal(err)
	}
	const program = "/usr/local/bin/commonseed"
	here, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if !strings.Contains(text, "\nExecStart="+program+" ") {
		t.Fatal("the unit starts something else")
	}
	_, command, _ := strings.Cut(text, "\nExecStart="+program+" ")
	command, _, _ = strings.Cut(command, "\n")
	args := strings.Fields(command)
	args[len(args)-1] = t.TempDir() // which is no channel
	var out bytes.Buffer
	if code := run(context.Background(), args, &out, &out, time.Now); code != exitUsage || !strings.Contains(out.String(), "is no channel") {
		t.Errorf("%q: %d %s", command, code, out.String())
	}
	unit := filepath.Join(t.TempDir(), "commonseed.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(text, program, here)), 0o644); err != nil {
		t.Fatal(err)
	}
	if said := peers.Run(t, "systemd-analyze", "verify", "--man=no", unit); said != "" {
		t.Errorf("systemd says:\n%s", said)
	}
	peers.Run(t, "systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", unit) // of 100
}

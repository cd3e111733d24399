package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"commonseed/bench/internal/measure"
)

// protocol is how peers announce.
type protocol int

const (
	overUDP protocol = iota
	overHTTP
	overKept // HTTP with connections that are kept
)

var protocolNames = [...]string{"UDP", "HTTP, a connection each", "HTTP, connections kept"}

// row is one line of the table.
type row struct {
	tracker  string
	protocol protocol
	task     measure.Task
	cost     *[]time.Duration // processor time of an announce, in each run
}

const (
	ours  = "commonseed tracker"
	other = "opentracker"
)

func (b *bench) rows() (rows []row) {
	add := func(tracker string, p protocol, command func(addr netip.AddrPort) []string) {
		r := row{tracker: tracker, protocol: p, cost: new([]time.Duration)}
		r.task = measure.Task{Name: tracker + ", " + protocolNames[p], Run: func(ctx context.Context) (measure.Usage, error) {
			return b.measure(ctx, r, command)
		}}
		rows = append(rows, r)
	}
	for _, p := range []protocol{overUDP, overHTTP} {
		add(ours, p, b.ours)
		add(other, p, b.opentracker)
	}
	add(ours, overKept, b.ours)
	return rows
}

func (b *bench) ours(addr netip.AddrPort) []string {
	return []string{b.program, "tracker", "--quiet", "--http", addr.String(), "--udp", addr.String(), "--allow", b.list()}
}

// opentracker reads its list as nobody, from a directory that becomes its root.
func (b *bench) opentracker(addr netip.AddrPort) []string {
	port := strconv.Itoa(int(addr.Port()))
	return []string{other, "-i", addr.Addr().String(), "-p", port, "-P", port, "-d", b.dir, "-w", "/list"}
}

// announcesOf are those of a run: over HTTP each takes several times as long.
func (b *bench) announcesOf(p protocol) int {
	if p == overUDP {
		return b.announces
	}
	return b.announces / 4
}

// measure starts a tracker, tells it of all peers over UDP, and measures what comes then.
func (b *bench) measure(ctx context.Context, r row, command func(netip.AddrPort) []string) (used measure.Usage, err error) {
	addr, err := freeAddr()
	if err != nil {
		return used, err
	}
	args := command(addr)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return used, err
	}
	defer func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if err != nil {
			err = fmt.Errorf("%w\n%.1000s", err, said.String())
		}
	}()
	if err := awaitListening(ctx, addr); err != nil {
		return used, err
	}
	udp := func(worker int) (client, error) { return openUDP(worker, addr) }
	if err := b.fill(udp); err != nil {
		return used, err
	}
	open := udp
	if r.protocol != overUDP {
		open = func(worker int) (client, error) { return openHTTP(worker, addr, r.protocol == overKept) }
	}
	before, err := processorTime(cmd.Process.Pid)
	if err != nil {
		return used, err
	}
	start, n := time.Now(), b.announcesOf(r.protocol)
	if err := b.work(open, n); err != nil {
		return used, err
	}
	used.Took = time.Since(start)
	after, err := processorTime(cmd.Process.Pid)
	if err != nil {
		return used, err
	}
	*r.cost = append(*r.cost, (after-before)/time.Duration(n))
	used.Peak, err = peakMemory(cmd.Process.Pid)
	return used, err
}

// freeAddr is one where nobody listens.
func freeAddr() (netip.AddrPort, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort(), nil
}

// awaitListening waits until a tracker takes connections, for ten seconds.
func awaitListening(ctx context.Context, addr netip.AddrPort) error {
	var err error
	for range 200 {
		var nc net.Conn
		if nc, err = net.Dial("tcp", addr.String()); err == nil {
			return nc.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("the tracker does not listen: %w", err)
}

// tick is the unit of processor time in /proc, the same on all common machines (USER_HZ).
const tick = 10 * time.Millisecond

// processorTime is what a process used so far, user and system. proc_pid_stat(5)
func processorTime(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name before may hold anything, brackets too.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("strange /proc/PID/stat: %q", data)
	}
	user, errU := strconv.ParseInt(fields[11], 10, 64)
	system, errS := strconv.ParseInt(fields[12], 10, 64)
	if errU != nil || errS != nil {
		return 0, fmt.Errorf("strange /proc/PID/stat: %q", data)
	}
	return time.Duration(user+system) * tick, nil
}

// peakMemory is the most memory that a process held, in bytes.
func peakMemory(pid int) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/PID/status has no VmHWM")
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

// sample is what was counted since the machine started, at a time since the beginning.
type sample struct {
	at   time.Duration
	sent []int64 // bytes that left each node, headers included and after shaping; the seeder's first
	slots
	ticks
}

// ticks are of all processors: what they had, what nobody used, and what the nodes used.
// Linux charges a process also for the interrupts that come while it runs.
type ticks struct{ all, idle, own int64 }

func (t ticks) idleSince(before ticks) float64 {
	return float64(t.idle-before.idle) / float64(t.all-before.all)
}

func (t ticks) othersSince(before ticks) float64 {
	return 1 - t.idleSince(before) - float64(t.own-before.own)/float64(t.all-before.all)
}

// meter reads the counters of nodes, through a process in each.
type meter struct {
	begin   time.Time
	uplinks []*os.File // go on to be read when the process has ended
	usages  []*os.File // do not
	used    []int64    // ticks of each process, as last read
}

func newMeter(begin time.Time, nodes []*process) (*meter, error) {
	m := &meter{begin: begin, used: make([]int64, len(nodes))}
	for _, p := range nodes {
		proc := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
		uplink, err := os.Open(proc + "net/dev")
		if err != nil {
			return nil, errors.Join(err, m.close())
		}
		m.uplinks = append(m.uplinks, uplink)
		usage, err := os.Open(proc + "stat")
		if err != nil {
			return nil, errors.Join(err, m.close())
		}
		m.usages = append(m.usages, usage)
	}
	return m, nil
}

func (m *meter) close() error {
	var errs []error
	for _, f := range append(m.uplinks, m.usages...) {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func (m *meter) read() (sample, error) {
	t, err := processors()
	s := sample{at: time.Since(m.begin), sent: make([]int64, len(m.uplinks)), ticks: t}
	errs := make([]error, len(m.uplinks), len(m.uplinks)+1)
	for i := range m.uplinks {
		s.sent[i], errs[i] = sent(m.uplinks[i])
		if t, err := usedBy(m.usages[i]); err == nil {
			m.used[i] = t
		}
		s.own += m.used[i]
	}
	return s, errors.Join(append(errs, err)...)
}

// sent reads net/dev of proc_pid_net(5): a name, eight counters of what came in, eight of
// what went out.
func sent(f *os.File) (int64, error) {
	text, err := again(f)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(text) {
		if fields := bytes.Fields(line); len(fields) > 9 && string(fields[0]) == "eth0:" {
			return strconv.ParseInt(string(fields[9]), 10, 64)
		}
	}
	return 0, fmt.Errorf("no eth0 in %s", f.Name())
}

// usedBy reads proc_pid_stat(5): utime and stime are the twelfth and thirteenth field
// behind the name, which is in brackets.
func usedBy(f *os.File) (ticks int64, err error) {
	text, err := again(f)
	if err != nil {
		return 0, err
	}
	_, behind, ok := bytes.Cut(text, []byte(") "))
	fields := bytes.Fields(behind)
	if !ok || len(fields) < 13 {
		return 0, fmt.Errorf("%s says %q", f.Name(), text)
	}
	user, err := strconv.ParseInt(string(fields[11]), 10, 64)
	system, failed := strconv.ParseInt(string(fields[12]), 10, 64)
	return user + system, errors.Join(err, failed)
}

// again reads a file of /proc from its beginning.
func again(f *os.File) ([]byte, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(f)
}

// processors reads proc_stat(5): the first line is about all of them. Its eight first
// counters are all their time, the fourth and fifth of them time that was left.
func processors() (t ticks, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return t, err
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	for i, field := range bytes.Fields(line)[1:9] {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return t, err
		}
		if t.all += n; i == 3 || i == 4 {
			t.idle += n
		}
	}
	return t, nil
}

// sampling takes a sample now and once a second. What it returns takes the last one.
func (w *watch) sampling(ctx context.Context, begin time.Time, nodes []*process) (stop func() error, err error) {
	m, err := newMeter(begin, nodes)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for w.take(m) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() error {
		cancel()
		<-ended
		w.take(m)
		w.mu.Lock()
		defer w.mu.Unlock()
		return errors.Join(w.err, m.close())
	}, nil
}

// take keeps a sample, and is false if there is none.
func (w *watch) take(m *meter) bool {
	s, err := m.read()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.err = errors.Join(w.err, err)
		return false
	}
	s.slots = mean(w.slots)
	w.samples = append(w.samples, s)
	w.write(map[string]any{"seeder": w.seeder, "t": s.at.Seconds(), "sent": s.sent})
	return true
}

package rivals

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tick is the unit of processor time in /proc, the same on all common machines (USER_HZ).
const tick = 10 * time.Millisecond

// CPU is the processor time of the seeder so far, user and system. proc_pid_stat(5)
func (p *Process) CPU() (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name before may hold anything, brackets too.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	const user, system = 14 - 3, 15 - 3
	if len(fields) <= system {
		return 0, fmt.Errorf("strange /proc/PID/stat: %q", data)
	}
	u, errU := strconv.ParseInt(fields[user], 10, 64)
	s, errS := strconv.ParseInt(fields[system], 10, 64)
	if errU != nil || errS != nil {
		return 0, fmt.Errorf("strange /proc/PID/stat: %q", data)
	}
	return time.Duration(u+s) * tick, nil
}

// Anonymous is the memory that the seeder holds for itself alone, in bytes: heap and
// stacks, but no mapped file.
func (p *Process) Anonymous() (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/PID/status has no RssAnon")
}

// sampling is how often Peak looks.
const sampling = 100 * time.Millisecond

// Peak watches the anonymous memory from now on; the answer ends that, and says the most
// that was seen.
func (p *Process) Peak() (most func() int64) {
	var peak int64
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		look := time.NewTicker(sampling)
		defer look.Stop()
		for {
			if n, err := p.Anonymous(); err == nil {
				peak = max(peak, n)
			}
			select {
			case <-stop:
				return
			case <-look.C:
			}
		}
	})
	return func() int64 {
		close(stop)
		watching.Wait()
		return peak
	}
}

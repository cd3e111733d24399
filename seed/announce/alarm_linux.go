package announce

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// fileAlarm is an alarm by the kernel's clock. A timer of Go's wakes two threads that
// were asleep, one of them twice and one again and again, which costs ten times what
// is done then: far too much at hundreds of announcements a second.
type fileAlarm struct {
	file *os.File
	raw  syscall.RawConn
}

// newAlarm makes the cheapest alarm there is.
func newAlarm() alarm {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return newClockAlarm()
	}
	f := os.NewFile(uintptr(fd), "timer")
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return newClockAlarm()
	}
	return &fileAlarm{f, raw}
}

func (a *fileAlarm) set(d time.Duration) {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(d, 1)))} // 0 were never
	_ = a.raw.Control(func(fd uintptr) { _ = unix.TimerfdSettime(int(fd), 0, &spec, nil) })
}

func (a *fileAlarm) wait() bool {
	var times [8]byte
	_, err := a.file.Read(times[:])
	return err == nil
}

func (a *fileAlarm) close() { a.file.Close() }

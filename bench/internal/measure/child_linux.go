package measure

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// launcher starts a program in the background, says its process number and ends.
const launcher = `"$@" 3>&- & echo $! >&3`

const setChildSubreaper = 36 // PR_SET_CHILD_SUBREAPER of prctl(2)

// adopt makes children of those whose parent has ended ours.
var adopt = sync.OnceValue(func() error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0); errno != 0 {
		return errno
	}
	return nil
})

// Run runs a program, and measures it and what it starts. Linux counts the memory of
// the process that starts another as memory that the other one held, and benchmarks
// hold much. So a shell, which holds a megabyte, starts the program and leaves it to us; that
// takes everybody a millisecond.
func Run(ctx context.Context, dir, program string, args ...string) (Usage, error) {
	if err := adopt(); err != nil {
		return Usage{}, err
	}
	number, told, err := os.Pipe()
	if err != nil {
		return Usage{}, err
	}
	defer number.Close()
	var said bytes.Buffer
	shell := exec.Command("/bin/sh", append([]string{"-c", launcher, "sh", program}, args...)...)
	shell.Dir, shell.Stdout, shell.Stderr, shell.ExtraFiles = dir, &said, &said, []*os.File{told}
	start := time.Now()
	err = shell.Start()
	told.Close()
	if err != nil {
		return Usage{}, err
	}
	var pid int
	if _, err := fmt.Fscan(number, &pid); err != nil {
		return Usage{}, fmt.Errorf("%s: did not start: %w", program, err)
	}
	stop := context.AfterFunc(ctx, func() { syscall.Kill(pid, syscall.SIGKILL) })
	err = shell.Wait() // until the program has closed its output
	used, failed := await(pid, start)
	stop()
	switch {
	case ctx.Err() != nil:
		return used, ctx.Err()
	case err == nil:
		err = failed
	}
	if err != nil {
		return used, fmt.Errorf("%s: %w\n%.2000s", program, err, said.String())
	}
	return used, nil
}

// await waits for a process that was left to us.
func await(pid int, start time.Time) (Usage, error) {
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		_, err := syscall.Wait4(pid, &status, 0, &usage)
		if err == syscall.EINTR {
			continue
		}
		used := Usage{Took: time.Since(start), Peak: usage.Maxrss << 10}
		switch {
		case err != nil:
			return used, err
		case status.Signaled():
			return used, fmt.Errorf("ended by signal %v", status.Signal())
		case status.ExitStatus() != 0:
			return used, fmt.Errorf("exit status %d", status.ExitStatus())
		}
		return used, nil
	}
}

package peers

import (
	"bytes"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a running program. It and all it starts share a process group, so
// that ending it leaves nothing behind.
type Process struct {
	Cmd  *exec.Cmd
	Out  *Output       // standard error, and standard output unless that goes elsewhere
	Done chan struct{} // closed when the program has ended
	Err  error         // how it ended; read after Done
}

// Start runs a program in dir and ends it when the test does. Standard output
// goes to stdout if that is not nil; all else is kept, and shown on failure.
func Start(t testing.TB, dir string, stdout io.Writer, name string, args ...string) *Process {
	t.Helper()
	p := &Process{Cmd: exec.Command(name, args...), Out: &Output{}, Done: make(chan struct{})}
	p.Cmd.Dir, p.Cmd.Stdout, p.Cmd.Stderr = dir, stdout, p.Out
	if stdout == nil {
		p.Cmd.Stdout = p.Out
	}
	p.Cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.Cmd.WaitDelay = time.Second
	if err := p.Cmd.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	go func() {
		p.Err = p.Cmd.Wait()
		close(p.Done)
	}()
	t.Cleanup(func() {
		p.End(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("%s %s said:\n%s", name, strings.Join(args, " "), p.Out.Tail())
		}
	})
	return p
}

// Signal sends a signal to the program, if it still runs.
func (p *Process) Signal(s syscall.Signal) { _ = p.Cmd.Process.Signal(s) }

// End asks the program to stop, and after a while makes its whole group stop.
func (p *Process) End(s syscall.Signal) {
	p.Signal(s)
	p.Ended(5 * time.Second)
	_ = syscall.Kill(-p.Cmd.Process.Pid, syscall.SIGKILL)
	<-p.Done
}

// Ended waits for the program's end and says whether it came in time.
func (p *Process) Ended(within time.Duration) bool {
	select {
	case <-p.Done:
		return true
	case <-time.After(within):
		return false
	}
}

// Output keeps what a program prints.
type Output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Tail is the end of the log, which is what tells why something failed.
func (o *Output) Tail() string {
	s := strings.ReplaceAll(o.String(), "\r", "\n")
	return s[max(0, len(s)-4000):]
}

// Eventually asks until done answers true, and fails the test when patience ends.
func Eventually(t testing.TB, patience time.Duration, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// FreePort finds a TCP port of 127.0.0.1 that nothing listens on.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

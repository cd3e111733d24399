package rivals

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Process is a seeder that runs.
type Process struct {
	Addr  string    // where peers find it
	Began time.Time // when it was started

	cmd  *exec.Cmd
	log  *os.File // what it said on stderr
	done chan error
}

// ending is how long a seeder may take to say goodbye to its trackers.
const ending = 30 * time.Second

// Start starts a seeder over a channel, and returns when the seeder says that it seeds:
// with a line on its output that begins so. When ctx is done it is killed.
func (s Seeder) Start(ctx context.Context, channel string) (*Process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	log, err := os.CreateTemp("", "commonseed-bench-log-")
	if err != nil {
		return nil, err
	}
	os.Remove(log.Name())
	args := s.command(channel, port)
	p := &Process{Addr: net.JoinHostPort(Host, fmt.Sprint(port)), cmd: exec.CommandContext(ctx, args[0], args[1:]...), log: log,
		done: make(chan error, 1)}
	p.cmd.Stderr = log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.Began = time.Now()
	if err := p.cmd.Start(); err != nil {
		log.Close()
		return nil, err
	}
	seeding := make(chan bool, 1)
	go p.read(out, seeding)
	if !<-seeding {
		err := p.wait()
		return nil, fmt.Errorf("%s ended before it seeded: %w\n%s", s.Name, errors.Join(err, ctx.Err()), p.said())
	}
	return p, nil
}

// read tells of the line that is waited for, or of the end without it, and reaps the process.
func (p *Process) read(out io.Reader, seeding chan<- bool) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "seeding") {
			seeding <- true
			break
		}
	}
	io.Copy(io.Discard, out)
	close(seeding)
	p.done <- p.cmd.Wait()
}

// wait waits for the end of the process.
func (p *Process) wait() error {
	err := <-p.done
	p.done <- err
	return err
}

// said is the end of what the seeder said on stderr.
func (p *Process) said() string {
	size, err := p.log.Seek(0, io.SeekEnd)
	if err != nil {
		return err.Error()
	}
	end, _ := io.ReadAll(io.NewSectionReader(p.log, max(0, size-2000), 2000))
	return string(end)
}

// Stop asks the seeder to end, and waits for it.
func (p *Process) Stop() error {
	defer p.log.Close()
	p.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(ending, func() { p.cmd.Process.Kill() })
	err := p.wait()
	var exit *exec.ExitError
	switch {
	case !kill.Stop():
		return fmt.Errorf("had to be killed\n%s", p.said())
	case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM:
		return nil
	case err != nil:
		return fmt.Errorf("%w\n%s", err, p.said())
	}
	return nil
}

// freePort is one that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", Host+":0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

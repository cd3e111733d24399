package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"
)

// process is a program that runs in a namespace.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	said  bytes.Buffer // on stderr; to be read when done is closed
	done  chan struct{}
	err   error
}

// start runs a program in a namespace, and hands each line of its stdout to heard, one
// after the other. It is killed when the context is done.
func (n *network) start(ctx context.Context, namespace string, heard func(line []byte), args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", namespace}, args...)...), done: make(chan struct{})}
	p.cmd.Stderr = &p.said
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	n.running = append(n.running, p)
	go func() {
		defer close(p.done)
		lines := bufio.NewScanner(stdout)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			heard(lines.Bytes())
		}
		if p.err = p.cmd.Wait(); p.err == nil {
			p.err = lines.Err()
		}
	}()
	return p, nil
}

// stop asks the program to end, and kills it when it takes too long.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		p.kill()
	}
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.done
}

// failure says why a program has ended, when it should not have.
func (p *process) failure() error {
	said := p.said.Bytes()
	return fmt.Errorf("%s ended: %v\n%s", p.cmd.Args[4], p.err, said[max(0, len(said)-2000):])
}

package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"commonseed/bench/internal/measure"
	"commonseed/bench/internal/rivals"
)

//go:embed leech.py
var leechScript string

// mostLeechers is bound by the addresses that leech.py gives them.
const mostLeechers = 254

// leechers are processes of others that wait for a word.
type leechers struct {
	cmd  *exec.Cmd
	word io.Writer
	says *bufio.Scanner
	log  bytes.Buffer
}

// start makes leechers that write into dir, and returns when they are ready.
func (b *bench) start(ctx context.Context, s *scene, addr, dir string) (*leechers, error) {
	encryption := "plain"
	if b.encrypted {
		encryption = "encrypted"
	}
	args := []string{"-W", "ignore", "-c", leechScript, strconv.Itoa(s.leechers), addr, encryption, dir}
	l := &leechers{cmd: exec.CommandContext(ctx, measure.SystemPython, append(args, s.torrents...)...)}
	l.cmd.Stderr = &l.log
	in, err := l.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	l.word, l.says = in, bufio.NewScanner(out)
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	if !l.says.Scan() {
		return nil, l.failed()
	}
	return l, nil
}

// failed is the error of leechers that have said nothing more.
func (l *leechers) failed() error {
	return fmt.Errorf("leechers ended early: %v\n%s", l.cmd.Wait(), l.log.String())
}

// download lets the leechers begin, and answers with the bytes that came when they have
// everything.
func (l *leechers) download() (int64, error) {
	if _, err := io.WriteString(l.word, "begin\n"); err != nil {
		return 0, err
	}
	if !l.says.Scan() {
		return 0, l.failed()
	}
	return strconv.ParseInt(strings.TrimSpace(l.says.Text()), 10, 64)
}

// leech measures the seeder while the leechers of a scene download from it.
func (b *bench) leech(ctx context.Context, s *scene, from *rivals.Process) (r result, err error) {
	dir := filepath.Join(b.memory, "leechers")
	defer os.RemoveAll(dir)
	l, err := b.start(ctx, s, from.Addr, dir)
	if err != nil {
		return r, err
	}
	before, err := from.CPU()
	if err != nil {
		return r, err
	}
	peak, began := from.Peak(), time.Now()
	r.bytes, err = l.download()
	r.took = time.Since(began)
	r.anonymous = peak()
	if err != nil {
		return r, err
	}
	after, err := from.CPU()
	if err != nil {
		return r, err
	}
	r.cpu = after - before
	if least := int64(s.leechers) * int64(s.files) * s.size; r.bytes < least {
		return r, fmt.Errorf("%d bytes came, not %d", r.bytes, least)
	}
	return r, l.cmd.Wait()
}

// Command track measures how many announces a second our tracker answers beside
// opentracker: over UDP, over HTTP with a connection for each announce as most clients
// do it, and over HTTP with connections that are kept, which opentracker does not do.
//
//	go run ./bench/track -announces 400000 -runs 5
//
// Everything is measured in one run, in turns, and each time by a new tracker, which is
// first told of all the peers. The load comes from this machine too and shares the
// processor with the tracker: what an announce costs of the processor's time is
// compared as well. The result is Markdown. Linux only.
//
//	main.go      flags
//	trackers.go  starts a tracker, and looks at what it uses
//	load.go      the peers, and what they say
//	udp.go       announces over UDP
//	http.go      announces over HTTP
//	table.go     the table
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"commonseed/bench/internal/measure"
)

func main() { measure.Main("track", run) }

func run(ctx context.Context) error {
	var l load
	flag.IntVar(&l.torrents, "torrents", 1000, "torrents")
	flag.IntVar(&l.peers, "peers", 50, "peers of each torrent")
	flag.IntVar(&l.announces, "announces", 400_000, "announces of a run over UDP; a quarter of them over HTTP")
	runs := flag.Int("runs", 5, "measurements of each")
	flag.Parse()
	if flag.NArg() > 0 || *runs < 1 || l.torrents < 1 || l.peers < 1 || l.peers > maxPeers || l.announces < 1000 {
		return errors.New("wants at least one run, one torrent, and 1000 announces; peers up to 10,000")
	}
	if missing := measure.Missing("opentracker"); len(missing) > 0 {
		return fmt.Errorf("%s: missing; run scripts/install-peers", strings.Join(missing, ", "))
	}
	b, err := prepare(ctx, l)
	if b != nil {
		defer os.RemoveAll(b.dir)
	}
	if err != nil {
		return err
	}
	rows := b.rows()
	tasks := make([]measure.Task, len(rows))
	for i, r := range rows {
		tasks[i] = r.task
	}
	series, err := measure.InTurns(ctx, tasks, *runs)
	if err != nil {
		return err
	}
	b.print(rows, series)
	return nil
}

// bench is where everything lies.
type bench struct {
	load
	dir     string
	program string // commonseed
}

// prepare builds our program and writes the list of what is tracked. What it returns
// is to be removed, with an error too.
func prepare(ctx context.Context, l load) (*bench, error) {
	dir, err := os.MkdirTemp("", "commonseed-bench-track-")
	if err != nil {
		return nil, err
	}
	b := &bench{load: l, dir: dir, program: filepath.Join(dir, "commonseed")}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.program, "./cmd/commonseed").CombinedOutput(); err != nil {
		return b, fmt.Errorf("go build: %w\n%s", err, out)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // opentracker becomes nobody
		return b, err
	}
	var list strings.Builder
	for i := range l.torrents {
		fmt.Fprintf(&list, "%X\n", l.infohash(i))
	}
	return b, os.WriteFile(b.list(), []byte(list.String()), 0o644)
}

func (b *bench) list() string { return filepath.Join(b.dir, "list") }

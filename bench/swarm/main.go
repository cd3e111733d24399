// Command swarm measures how well a seeder feeds a swarm: so many libtorrent leechers
// begin at the same moment, everybody's uplink is shaped, and what counts is when the
// median and the last of them are complete, against the least time that is possible.
//
//	go run ./bench/swarm
//	go run ./bench/swarm -size 64 -seeders commonseed,libtorrent-super
//	go run ./bench/swarm -leechers 100 -seeders commonseed
//	go run ./bench/swarm -seeders commonseed -kill-after-once
//	go run ./bench/swarm -seeders commonseed -trace swarm.jsonl -commonseed ./commonseed
//
// It runs as root on Linux: every node is a network namespace (network.go). All seeders
// seed one torrent, that of a release of commonseed, without its web seeds (the anacrolix
// Client alone seeds another one of the same files: seeders.go); they take turns in one
// run, each with new leechers, a new network and a new opentracker.
// The result is Markdown.
//
//	main.go       flags, and the turns
//	payload.go    the release that is seeded
//	network.go    namespaces with shaped uplinks
//	process.go    a program in a namespace, and the JSON lines it prints
//	seeders.go    who seeds
//	node.py       libtorrent: the leechers, and two of the seeders
//	anacrolix.go  the anacrolix Client as a seeder
//	nginx.go      the single server, HTTP alone
//	swarm.go      one seeder with its leechers, from beginning to end
//	progress.go   who has what since when, by their own word
//	samples.go    what left each node, and what the processors did
//	table.go      the tables
//
// The machine has to have time left (the last columns of the table): else it is the
// machine that is measured. -dir /dev/shm spares it the disk; half the -rate nearly half of
// the packets.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"commonseed/bench/internal/measure"
)

func main() { measure.Main("swarm", run) }

// bench is what all turns have in common.
type bench struct {
	dir      string
	program  string // commonseed
	release  release
	leechers int
	rate     float64 // of every uplink, bits per second
	few      int     // leechers that the single server is measured with
	kill     bool
	trace    *os.File // may be nil
}

func run(ctx context.Context) error {
	b := &bench{}
	flag.IntVar(&b.leechers, "leechers", 60, "peers that begin with nothing")
	flag.BoolVar(&b.kill, "kill-after-once", false, "kill the seeder when every piece is out once")
	flag.IntVar(&b.few, "nginx-leechers", 4, "how many peers nginx is measured with; the time of all is computed from it")
	flag.StringVar(&b.program, "commonseed", "", "the program to measure (default: built from this tree)")
	rate := flag.Float64("rate", 8, "every uplink in Mbit/s")
	size := flag.Int64("size", 16, "payload in MiB")
	piece := flag.Int64("piece", 64, "piece length in KiB")
	runs := flag.Int("runs", 1, "turns of each seeder")
	dir := flag.String("dir", "", "where all of it happens (default: TMPDIR)")
	trace := flag.String("trace", "", "write JSON lines of all that happens into this file, and print how the uplinks were used; takes the machine some of its time")
	names := flag.String("seeders", strings.Join(allNames(), ","), "who seeds")
	root := flag.String("anacrolix", "", "seed the payload in this folder with the anacrolix Client (used by the benchmark itself)")
	flag.Parse()
	if *root != "" {
		return anacrolix(ctx, flag.Arg(0), *root)
	}
	chosen, err := choose(*names)
	if err != nil {
		return err
	}
	if flag.NArg() > 0 || *runs < 1 || *size < 1 || b.few < 1 || b.leechers < 1 || b.leechers > mostNodes || *rate <= 0 {
		return fmt.Errorf("wants at least one run, one MiB and one leecher, and %d leechers at most", mostNodes)
	}
	if err := able(chosen); err != nil {
		return err
	}
	b.rate, b.few = *rate*1e6, min(b.few, b.leechers)
	if *trace != "" {
		if b.trace, err = os.Create(*trace); err != nil {
			return err
		}
		defer b.trace.Close()
	}
	if b.dir, err = os.MkdirTemp(*dir, "commonseed-bench-swarm-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return err
	}
	if err := b.prepare(ctx, *size<<20, *piece<<10); err != nil {
		return err
	}
	head := measure.Head("swarm")
	results, err := b.turns(ctx, chosen, *runs)
	if err != nil {
		return err
	}
	b.print(head, chosen, results)
	return nil
}

// able says what is missing to measure at all.
func able(chosen []seeder) error {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		return errors.New("makes network namespaces, which takes Linux and root")
	}
	needs := []string{"ip", "tc", "curl", "opentracker", "python3-libtorrent"}
	if slices.ContainsFunc(chosen, func(s seeder) bool { return s.command == nil }) {
		needs = append(needs, "nginx")
	}
	if missing := measure.Missing(needs...); len(missing) > 0 {
		return fmt.Errorf("%s: missing; run scripts/install-peers", strings.Join(missing, ", "))
	}
	return nil
}

// turns measures all seeders so many times, each turn beginning with another one.
func (b *bench) turns(ctx context.Context, chosen []seeder, runs int) ([][]*result, error) {
	results := make([][]*result, len(chosen))
	for turn := range runs {
		for i := range chosen {
			at := (i + turn) % len(chosen)
			s := chosen[at]
			fmt.Fprintf(os.Stderr, "%s run %d of %d: %s\n", time.Now().Format(time.TimeOnly), turn+1, runs, s.name)
			measured := b.swarm
			if s.command == nil {
				measured = b.nginx
			}
			r, err := measured(ctx, s)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			b.tell(r)
			results[at] = append(results[at], r)
		}
	}
	return results, nil
}

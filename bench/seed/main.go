// Command seed compares what it costs to upload: commonseed, libtorrent and the Client of
// anacrolix/torrent seed the same torrents, each in turn within one run, to clients of
// libtorrent on the same machine.
//
//	go run ./bench/seed [-size 2GiB] [-files 2] [-leechers 1,50] [-runs 3] [-seeders ...] [-encrypted] [-alone]
//
// The payload lies in TMPDIR (-dir says where else) in a warm page cache, and what the
// leechers write in memory. Every seeder has checked everything before the clock starts; it
// ends when the last leecher has everything, and bytes are counted there. Many leechers get
// shorter files, so that the same bytes are sent to one or to many; they know the seeder
// alone. Seeders have heard of another complete copy, unless -alone: with none, ours gives
// each piece to one leecher and waits for that one to pass it on, which these never do. The
// result is Markdown.
//
//	main.go   flags, and the turns
//	scene.go  what is seeded to how many
//	leech.go  the leechers; leech.py: libtorrent
//	table.go  the tables, and the marks
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"commonseed/bench/internal/measure"
	"commonseed/bench/internal/rivals"
)

func main() { measure.Main("seed", run) }

func run(ctx context.Context) error {
	size := measure.Size(2 << 30)
	flag.Var(&size, "size", "length of each file for one leecher, in bytes or with KiB, MiB, GiB; for n leechers it is divided by n")
	files := flag.Int("files", 2, "files, each a torrent of its own")
	leechers := flag.String("leechers", "1,50", "how many leechers there are, one measurement after the other")
	runs := flag.Int("runs", 3, "runs of each seeder")
	names := flag.String("seeders", rivals.All, "who is compared")
	encrypted := flag.Bool("encrypted", false, "leechers take nothing but RC4")
	alone := flag.Bool("alone", false, "no other complete copy is known: ours super-seeds")
	dir := flag.String("dir", "", "where the payload goes (default: TMPDIR)")
	memory := flag.String("memory", "/dev/shm", "where the leechers write; takes as much as is sent in a run")
	flag.Parse()
	counts, err := numbers(*leechers)
	if err != nil || flag.NArg() > 0 || *runs < 1 || *files < 1 {
		return errors.Join(errors.New("wants at least one run, one file and one leecher"), err)
	}
	if len(measure.Missing("python3-libtorrent")) > 0 {
		return errors.New("python3-libtorrent: missing; run scripts/install-peers")
	}
	b := bench{runs: *runs, encrypted: *encrypted, alone: *alone}
	defer b.remove()
	if err := b.prepare(ctx, *dir, *memory, *names, int64(size), *files, counts); err != nil {
		return err
	}
	return b.run(ctx)
}

// numbers reads "1,50".
func numbers(list string) (out []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostLeechers {
			return nil, fmt.Errorf("not a number of leechers from 1 to %d: %q", mostLeechers, text)
		}
		out = append(out, n)
	}
	return out, nil
}

// bench is everything that is measured.
type bench struct {
	dir, memory string // of this bench alone
	runs        int
	encrypted   bool
	alone       bool
	seeders     []rivals.Seeder
	scenes      []*scene
}

func (b *bench) prepare(ctx context.Context, dir, memory, names string, size int64, files int, leechers []int) (err error) {
	if b.dir, err = os.MkdirTemp(dir, "commonseed-bench-seed-"); err != nil {
		return err
	}
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return err
	}
	if b.memory, err = os.MkdirTemp(memory, "commonseed-bench-seed-"); err != nil {
		return err
	}
	if b.seeders, err = rivals.Build(ctx, b.dir, names); err != nil {
		return err
	}
	for _, n := range leechers {
		s, err := b.makeScene(ctx, n, size/int64(n), files)
		if err != nil {
			return err
		}
		b.scenes = append(b.scenes, s)
	}
	return exec.CommandContext(ctx, "sync").Run() // nobody pays for what is still to be written
}

func (b *bench) remove() {
	for _, dir := range []string{b.dir, b.memory} {
		if dir != "" {
			os.RemoveAll(dir)
		}
	}
}

// run measures all seeders in turns, each turn beginning with another one. A turn
// before them does not count: in it, everybody checks and remembers what is to be.
func (b *bench) run(ctx context.Context) error {
	fmt.Println(measure.Head("seed"))
	for _, s := range b.scenes {
		all := make([][]result, len(b.seeders))
		for turn := range b.runs + 1 {
			fmt.Fprintf(os.Stderr, "%v: run %d of %d\n", s, turn, b.runs)
			for i := range b.seeders {
				k := (i + turn) % len(b.seeders)
				r, err := b.measure(ctx, s, b.seeders[k])
				if err != nil {
					return fmt.Errorf("%s: %w", b.seeders[k].Name, err)
				}
				if turn > 0 {
					all[k] = append(all[k], r)
				}
			}
		}
		b.print(s, all)
	}
	return nil
}

// Command stamp compares what it takes to put a licence into files: one large film,
// and a thousand small files, with us, with cp (which puts nothing in), with
// exiftool, ffmpeg, mkvpropedit and mutagen.
//
//	go run ./bench/stamp -size 2048 -runs 5
//
// Everything is measured in one run, in turns, each program as a whole process that
// writes its results into a directory of its own; sources are in a warm page cache
// and nobody waits for the disk. The result is a Markdown table for each case.
//
//	main.go     flags, measuring, the tables
//	cases.go    what is stamped, and by whom
//	sources.go  the small files, made with ffmpeg; bench/internal/films makes the films
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"commonseed/bench/internal/measure"
)

func main() { measure.Main("stamp", run) }

func run(ctx context.Context) error {
	size := flag.Int("size", 2048, "size of a film in MiB")
	count := flag.Int("files", 1000, "number of small files")
	runs := flag.Int("runs", 5, "measurements of each program")
	flag.Parse()
	if *runs < 1 || *count < 1 || *size < 32 {
		return errors.New("wants at least one run, one file and 32 MiB")
	}
	for _, name := range []string{"ffmpeg", "exiftool", "mkvpropedit", "mkvmerge"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("%s is missing: run scripts/install-peers", name)
		}
	}
	dir, err := os.MkdirTemp("", "commonseed-bench-stamp-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, program: filepath.Join(dir, "commonseed"), runs: *runs}
	if err := command(ctx, "", "go", "build", "-o", b.program, "./cmd/commonseed"); err != nil {
		return err
	}
	fmt.Printf("%s, load %s, `go run ./bench/stamp %s`\n", time.Now().UTC().Format(time.DateOnly), load(), strings.Join(os.Args[1:], " "))
	for _, c := range b.cases(*size, *count) {
		if err := b.measure(ctx, c); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// bench is where everything lies.
type bench struct {
	dir     string
	program string // commonseed
	runs    int
}

// measure makes the sources of a case, times everybody, and prints a table.
func (b *bench) measure(ctx context.Context, c benchCase) error {
	src := filepath.Join(b.dir, "src")
	if err := os.MkdirAll(src, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(src)
	if err := c.make(ctx, src); err != nil {
		return err
	}
	times := make([][]time.Duration, len(c.rivals))
	for turn := range b.runs {
		fmt.Fprintf(os.Stderr, "%s: run %d of %d\n", c.name, turn+1, b.runs)
		for i := range c.rivals {
			r := (i + turn) % len(c.rivals)
			took, err := b.once(ctx, c.rivals[r], src)
			if err != nil {
				return err
			}
			times[r] = append(times[r], took)
		}
	}
	c.print(times)
	return nil
}

// once times a rival, which finds an empty directory to write to.
func (b *bench) once(ctx context.Context, r rival, src string) (time.Duration, error) {
	out := filepath.Join(b.dir, "out")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return 0, err
	}
	defer os.RemoveAll(out)
	start := time.Now()
	err := command(ctx, src, r.run[0], expand(r.run[1:], out)...)
	return time.Since(start), err
}

func expand(args []string, out string) []string {
	args = slices.Clone(args)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "{out}", out)
	}
	return args
}

// command runs a program in a directory.
func command(ctx context.Context, dir, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%.2000s", program, err, out)
	}
	return nil
}

func (c benchCase) print(times [][]time.Duration) {
	fmt.Printf("\n%s, median of %d\n\n| program | s | least | most | ours is faster by |\n| --- | --- | --- | --- | --- |\n", c.name, len(times[0]))
	var ours time.Duration
	for i, r := range c.rivals {
		slices.Sort(times[i])
		if r.ours {
			ours = median(times[i])
		}
	}
	for i, r := range c.rivals {
		fmt.Printf("| %s | %.3f | %.3f | %.3f | × %.2f |\n", r.name, median(times[i]).Seconds(), times[i][0].Seconds(),
			times[i][len(times[i])-1].Seconds(), median(times[i]).Seconds()/ours.Seconds())
	}
}

func median(sorted []time.Duration) time.Duration {
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// load is the machine's average load of the last minute.
func load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(data))[0]
}

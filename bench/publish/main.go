// Command publish measures publishing from end to end: a film becomes a stamped copy,
// a torrent, feeds and pages by us; and a tagged copy and a torrent by a script of
// exiftool or ffmpeg, and libtorrent; beside cp alone and the speed at which this
// machine can hash.
//
//	go run ./bench/publish -size 2048 -runs 5
//	go run ./bench/publish -dir /dev/shm
//
// Everything is measured in one run, in turns, each program as a whole process that
// finds an empty directory; the film is in a warm page cache. Before each, all that
// others have written is deleted or on the disk already, and nobody's time holds that.
// We sync what we publish to the disk and nobody else does, so cp is measured with a
// sync too. The result is Markdown.
//
//	main.go    flags
//	rivals.go  what is measured
//	table.go   the table, and the marks
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

	"commonseed/bench/internal/films"
	"commonseed/bench/internal/measure"
)

func main() { measure.Main("publish", run) }

func run(ctx context.Context) error {
	size := flag.Int("size", 2048, "size of the film in MiB")
	runs := flag.Int("runs", 5, "measurements of each program")
	dir := flag.String("dir", "", "where all of it happens (default: TMPDIR)")
	flag.Parse()
	if flag.NArg() > 0 || *runs < 1 || *size < 32 {
		return errors.New("wants at least one run and 32 MiB")
	}
	if missing := measure.Missing("ffmpeg", "exiftool", "python3-libtorrent"); len(missing) > 0 {
		return fmt.Errorf("%s: missing; run scripts/install-peers", strings.Join(missing, ", "))
	}
	b, err := prepare(ctx, *dir, *size)
	if b != nil {
		defer os.RemoveAll(b.dir)
	}
	if err != nil {
		return err
	}
	rivals := b.rivals()
	tasks := make([]measure.Task, len(rivals))
	for i, r := range rivals {
		tasks[i] = r.task
	}
	series, err := measure.InTurns(ctx, tasks, *runs)
	if err != nil {
		return err
	}
	b.print(rivals, series)
	return nil
}

// bench is where everything lies.
type bench struct {
	dir     string
	program string // commonseed
	film    string
	size    int64 // bytes of the film
}

// prepare builds our program and makes the film. What it returns is to be removed,
// with an error too.
func prepare(ctx context.Context, dir string, mebibytes int) (*bench, error) {
	dir, err := os.MkdirTemp(dir, "commonseed-bench-publish-")
	if err != nil {
		return nil, err
	}
	b := &bench{dir: dir}
	if b.dir, err = filepath.Abs(dir); err != nil {
		return b, err
	}
	b.program, b.film = filepath.Join(b.dir, "commonseed"), filepath.Join(b.dir, "film.mp4")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.program, "./cmd/commonseed").CombinedOutput(); err != nil {
		return b, fmt.Errorf("go build: %w\n%s", err, out)
	}
	if err := films.Make(ctx, b.dir, filepath.Base(b.film), mebibytes); err != nil {
		return b, err
	}
	info, err := os.Stat(b.film)
	if err != nil {
		return b, err
	}
	b.size = info.Size()
	return b, exec.CommandContext(ctx, "cat", b.film).Run() // into the page cache
}

// Command build compares how fast torrents are built: hybrid, v1 and v2, by us, by
// libtorrent, by mktorrent, by transmission-create, by mkbrr if it is installed and by
// stand-ins for it, against the speed at which this machine can hash at all.
//
//	go run ./bench/build -size 2GiB -runs 5
//	go run ./bench/build -files 100000 -file-size 10000
//
// Everything is measured in one run, in turns, each builder as a whole process over
// the same files in a warm page cache. The result is a Markdown table. Files lie in
// TMPDIR; -dir says where else.
//
//	main.go      flags
//	payload.go   what torrents are made of
//	builders.go  who makes them; python.go: libtorrent
//	ours.go      our builder, as a process of its own
//	standin.go   what mkbrr does to hash, written here; feed.go: how it reads files
//	check.go     whether a builder made what it was asked for
//	table.go     the table
package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"

	"commonseed/bench/internal/measure"
)

func main() { measure.Main("build", run) }

func run(ctx context.Context) error {
	size, fileSize := measure.Size(1<<30), measure.Size(0)
	flag.Var(&size, "size", "payload, in bytes or with KiB, MiB, GiB")
	flag.Var(&fileSize, "file-size", "length of each file; in place of -size")
	files := flag.Int("files", 1, "number of files the payload is cut into")
	runs := flag.Int("runs", 5, "measurements of each builder")
	dir := flag.String("dir", "", "where the payload goes (default: TMPDIR)")
	var p process
	flag.StringVar(&p.root, "only", "", "build one torrent of this folder and print nothing (used by the benchmark itself, as are the flags below)")
	flag.StringVar(&p.mode, "mode", "hybrid", "kind of the torrent: hybrid, v1 or v2")
	flag.StringVar(&p.out, "out", "", "the torrent")
	flag.StringVar(&p.standin, "standin", "", "build it, of v1, by a stand-in: read or map")
	flag.Int64Var(&p.pieceLength, "piece-length", 0, "that of a stand-in's torrent")
	flag.Parse()
	if p.root != "" {
		return p.run(ctx)
	}
	if fileSize > 0 {
		size = fileSize * measure.Size(*files)
	}
	if flag.NArg() > 0 || *runs < 1 || *files < 1 || size < measure.Size(*files) {
		return errors.New("wants at least one run, one file and one byte a file")
	}
	return bench(ctx, *dir, int64(size), *files, *runs)
}

// bench makes a payload, measures and prints.
func bench(ctx context.Context, dir string, size int64, files, runs int) error {
	dir, err := os.MkdirTemp(dir, "commonseed-bench-build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	p, err := makePayload(ctx, dir, size, files)
	if err != nil {
		return err
	}
	builders, err := allBuilders(p)
	if err != nil {
		return err
	}
	tasks := make([]measure.Task, len(builders))
	for i, b := range builders {
		tasks[i] = b.task
	}
	series, err := measure.InTurns(ctx, tasks, runs)
	if err != nil {
		return err
	}
	printTable(p, builders, series)
	return nil
}

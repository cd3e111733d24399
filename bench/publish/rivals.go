package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"commonseed/bench/internal/films"
	"commonseed/bench/internal/limits"
	"commonseed/bench/internal/measure"
	"commonseed/publish/torrentfile"
)

// rival is a row of the table.
type rival struct {
	id   id
	task measure.Task
}

type id int

const (
	ours id = iota
	exiftool
	ffmpeg
	cp
	cpSync
	standardLimit
	pairsLimit
)

// libtorrentScript makes a hybrid torrent of a folder, as its documentation does.
const libtorrentScript = `
import os, sys
import libtorrent as lt
storage = lt.file_storage()
lt.add_files(storage, sys.argv[1])
creator = lt.create_torrent(storage)
lt.set_piece_hashes(creator, os.path.dirname(sys.argv[1]))
open(sys.argv[1] + ".torrent", "wb").write(lt.bencode(creator.generate()))
`

// The scripts that a user would write. Arguments: the film, the empty directory, python
// and libtorrentScript.
const (
	toRelease  = `mkdir "$2/release" && `
	andTorrent = ` && "$3" -W ignore -c "$4" "$2/release"`

	exiftoolScript = toRelease + `cp "$1" "$2/release/film.mp4" && exiftool -q -overwrite_original -api LargeFileSupport=1` +
		films.ExiftoolTags + `"$2/release/film.mp4"` + andTorrent
	ffmpegScript = toRelease + `ffmpeg -v error -i "$1" -map 0 -c copy -metadata license=` + films.Licence +
		` -metadata 'copyright=` + films.Rights + `' "$2/release/film.mp4"` + andTorrent
	cpScript     = `cp "$1" "$2/film.mp4"`
	cpSyncScript = cpScript + ` && sync "$2/film.mp4"`
)

func (b *bench) rivals() []rival {
	script := func(i id, name, text string) rival {
		return b.started(i, name, "/bin/sh", "-c", text, "sh", b.film, b.out(), measure.SystemPython, libtorrentScript)
	}
	lengths := []int64{b.size}
	limit := limits.New(limits.Memory(b.size), lengths, torrentfile.ChoosePieceLength(lengths), torrentfile.Hybrid)
	return []rival{
		b.started(ours, "commonseed publish", b.program, "publish", b.film, "--license", "cc-by-4.0", "--creator", "Ana",
			"--channel", filepath.Join(b.out(), "channel"), "--no-seed"),
		script(exiftool, "cp, exiftool, libtorrent", exiftoolScript),
		script(ffmpeg, "ffmpeg -c copy, libtorrent", ffmpegScript),
		script(cp, "cp", cpScript),
		script(cpSync, "cp and sync of the file", cpSyncScript),
		{standardLimit, measure.Task{Name: limits.Standard, Run: rested(limit.Standard)}},
		{pairsLimit, measure.Task{Name: limits.Pairs, Run: rested(limit.Pairs)}},
	}
}

// out is where everybody writes.
func (b *bench) out() string { return filepath.Join(b.dir, "out") }

// started measures a program that finds an empty directory.
func (b *bench) started(i id, name, program string, args ...string) rival {
	return rival{i, measure.Task{Name: name, Run: func(ctx context.Context) (measure.Usage, error) {
		if err := os.Mkdir(b.out(), 0o755); err != nil {
			return measure.Usage{}, err
		}
		defer os.RemoveAll(b.out())
		return rested(func(ctx context.Context) (measure.Usage, error) { return measure.Run(ctx, b.dir, program, args...) })(ctx)
	}}}
}

// rested runs a task when the disk has come to rest: nobody pays for what another one
// has left to write.
func rested(run func(context.Context) (measure.Usage, error)) func(context.Context) (measure.Usage, error) {
	return func(ctx context.Context) (measure.Usage, error) {
		if err := exec.CommandContext(ctx, "sync").Run(); err != nil {
			return measure.Usage{}, err
		}
		return run(ctx)
	}
}

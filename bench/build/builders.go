package main

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"math/bits"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	"commonseed/publish/torrentfile"
)

// builder is one row of the table.
type builder struct {
	name  string
	kind  string // "hybrid" or "v1"
	limit bool   // hashes only: what the others of its kind are measured against
	ours  bool
	build func(ctx context.Context) error
}

// systemPython is Debian's, where python3-libtorrent lives.
const systemPython = "/usr/bin/python3"

const libtorrentScript = `
import os, sys
import libtorrent as lt
payload, out, piece = sys.argv[1], sys.argv[2], int(sys.argv[3])
storage = lt.file_storage()
lt.add_files(storage, payload)
creator = lt.create_torrent(storage, piece, int(sys.argv[4]))
lt.set_piece_hashes(creator, os.path.dirname(payload))
open(out, "wb").write(lt.bencode(creator.generate()))
`

const libtorrentV1Only = "64" // create_torrent.v1_only

func allBuilders(p payload) []builder {
	self, _ := os.Executable()
	out := filepath.Join(filepath.Dir(p.root), "out.torrent")
	piece := strconv.FormatInt(p.pieceLength, 10)
	cores := strconv.Itoa(runtime.GOMAXPROCS(0))
	list := []builder{
		{name: "hash limit, " + cores + " cores", kind: "hybrid", limit: true, build: func(ctx context.Context) error { return hashOnly(ctx, p, true) }},
		{name: "hash limit, " + cores + " cores", kind: "v1", limit: true, build: func(ctx context.Context) error { return hashOnly(ctx, p, false) }},
		{name: "commonseed", kind: "hybrid", ours: true, build: command(out, self, "-only", p.root)},
	}
	if havePython() {
		list = append(list,
			builder{name: "libtorrent (python3-libtorrent)", kind: "hybrid", build: command(out, systemPython, "-W", "ignore", "-c", libtorrentScript, p.root, out, piece, "0")},
			builder{name: "libtorrent (python3-libtorrent)", kind: "v1", build: command(out, systemPython, "-W", "ignore", "-c", libtorrentScript, p.root, out, piece, libtorrentV1Only)})
	}
	if have("mktorrent") {
		power := strconv.Itoa(bits.TrailingZeros64(uint64(p.pieceLength)))
		list = append(list, builder{name: "mktorrent -t " + cores, kind: "v1", build: command(out, "mktorrent", "-t", cores, "-l", power, "-a", "http://tracker.example/announce", "-o", out, p.root)})
	}
	if have("transmission-create") {
		kib := strconv.FormatInt(p.pieceLength>>10, 10)
		list = append(list, builder{name: "transmission-create", kind: "v1", build: command(out, "transmission-create", "-s", kib, "-o", out, p.root)})
	}
	return list
}

func have(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

func havePython() bool { return exec.Command(systemPython, "-c", "import libtorrent").Run() == nil }

func missing() []string {
	var names []string
	if !havePython() {
		names = append(names, "python3-libtorrent")
	}
	for _, name := range []string{"mktorrent", "transmission-create"} {
		if !have(name) {
			names = append(names, name)
		}
	}
	return names
}

// command runs a builder as a process of its own. An older result is removed
// first: some builders refuse to overwrite.
func command(out, program string, args ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := os.Remove(out); err != nil && !os.IsNotExist(err) {
			return err
		}
		text, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, text)
		}
		return nil
	}
}

// buildOurs is what the benchmark starts as our builder.
func buildOurs(ctx context.Context, root string) error {
	t, err := torrentfile.Build(ctx, root, torrentfile.Options{Name: filepath.Base(root)})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(filepath.Dir(root), "out.torrent"), t.Marshal(), 0o644)
}

// hashOnly hashes as many bytes as the payload has, from memory, on all cores:
// SHA-1 of each piece and, for a hybrid, SHA-256 of each block of 16 KiB.
func hashOnly(ctx context.Context, p payload, hybrid bool) error {
	pieces := (p.size + p.pieceLength - 1) / p.pieceLength
	inMemory := int64(len(p.memory)) / p.pieceLength
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < pieces && ctx.Err() == nil; i = next.Add(1) - 1 {
				length := min(p.pieceLength, p.size-i*p.pieceLength)
				from := i % inMemory * p.pieceLength
				hashPiece(p.memory[from:from+length], hybrid)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

func hashPiece(piece []byte, hybrid bool) {
	const block = 16 << 10
	whole := sha1.New()
	for len(piece) > 0 {
		part := piece[:min(len(piece), block)]
		whole.Write(part)
		if hybrid {
			sha256.Sum256(part)
		}
		piece = piece[len(part):]
	}
	whole.Sum(nil)
}

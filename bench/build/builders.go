package main

import (
	"context"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"commonseed/bench/internal/limits"
	"commonseed/bench/internal/measure"
	"commonseed/publish/torrentfile"
)

var modes = []torrentfile.Mode{torrentfile.Hybrid, torrentfile.V1, torrentfile.V2}

// modeNames are those of the flag and of the table.
var modeNames = map[torrentfile.Mode]string{torrentfile.Hybrid: "hybrid", torrentfile.V1: "v1", torrentfile.V2: "v2"}

// builder is one row of the table.
type builder struct {
	task measure.Task
	mode torrentfile.Mode
	role role
}

// role is what the other rows of a mode are compared with.
type role int

const (
	other role = iota
	standardLimit
	pairsLimit
	ours
)

// strangers are the programs that we are compared with.
var strangers = []string{"python3-libtorrent", "mktorrent", "transmission-create", "mkbrr"}

// mktorrentLeast is the shortest piece that mktorrent makes.
const mktorrentLeast = 32 << 10

func allBuilders(p payload) ([]builder, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	w := workshop{p: p, self: self, out: filepath.Join(filepath.Dir(p.root), "out.torrent")}
	w.limits()
	for _, mode := range modes {
		w.process("commonseed", mode, ours, self, "-only", p.root, "-mode", modeNames[mode], "-out", w.out)
	}
	absent := measure.Missing(strangers...)
	if !slices.Contains(absent, "python3-libtorrent") {
		w.libtorrent()
	}
	w.v1(absent)
	return w.list, nil
}

// workshop gathers builders.
type workshop struct {
	p         payload
	self, out string
	list      []builder
}

func (w *workshop) limits() {
	memory := limits.Memory(w.p.size)
	for _, mode := range modes {
		l := limits.New(memory, w.p.lengths, w.p.pieceLength(mode), mode)
		w.list = append(w.list, builder{measure.Task{Name: limits.Standard, Run: l.Standard}, mode, standardLimit},
			builder{measure.Task{Name: limits.Pairs, Run: l.Pairs}, mode, pairsLimit})
	}
}

// v1 adds those that know nothing else.
func (w *workshop) v1(absent []string) {
	pieceLength := w.p.pieceLength(torrentfile.V1)
	bytes, kib := strconv.FormatInt(pieceLength, 10), strconv.FormatInt(pieceLength>>10, 10)
	power := strconv.Itoa(bits.TrailingZeros64(uint64(pieceLength)))
	cores := strconv.Itoa(runtime.GOMAXPROCS(0))
	if !slices.Contains(absent, "mktorrent") && pieceLength >= mktorrentLeast {
		w.process("mktorrent -t "+cores, torrentfile.V1, other, "mktorrent", "-t", cores, "-l", power, "-a", "http://tracker.example/announce", "-o", w.out, w.p.root)
	}
	if !slices.Contains(absent, "transmission-create") {
		w.process("transmission-create", torrentfile.V1, other, "transmission-create", "-s", kib, "-o", w.out, w.p.root)
	}
	if !slices.Contains(absent, "mkbrr") {
		w.process("mkbrr", torrentfile.V1, other, "mkbrr", "create", w.p.root, "-l", power, "--workers", cores,
			"--private=false", "--no-date", "--no-creator", "-q", "-o", w.out)
	}
	for _, way := range standins {
		w.process(way.title(w.p.lengths), torrentfile.V1, other, w.self, "-only", w.p.root, "-mode", "v1", "-out", w.out,
			"-standin", way.name, "-piece-length", bytes)
	}
}

// process adds a builder that is a process of its own. An older result is removed
// first: some builders refuse to overwrite. Its first result is checked.
func (w *workshop) process(name string, mode torrentfile.Mode, r role, program string, args ...string) {
	checked := false
	run := func(ctx context.Context) (measure.Usage, error) {
		if err := os.Remove(w.out); err != nil && !os.IsNotExist(err) {
			return measure.Usage{}, err
		}
		used, err := measure.Run(ctx, "", program, args...)
		if err == nil && !checked {
			checked, err = true, check(w.out, w.p, mode)
		}
		return used, err
	}
	w.list = append(w.list, builder{measure.Task{Name: name, Run: run}, mode, r})
}

// modeOf reads the flag.
func modeOf(name string) (torrentfile.Mode, error) {
	for _, mode := range modes {
		if strings.EqualFold(modeNames[mode], name) {
			return mode, nil
		}
	}
	return 0, fmt.Errorf("no kind of torrent: %q", name)
}

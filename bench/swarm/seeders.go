package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"commonseed/bench/internal/measure"
)

//go:embed node.py
var nodeScript []byte

// seeder is a row of the table. Its program prints a JSON line with "uploaded" when it
// ends.
type seeder struct {
	name string
	// command is nil for nginx, which is no BitTorrent client.
	command func(b *bench) ([]string, error)
	// v1 says that the swarm has a torrent of v1. The anacrolix Client cannot seed a hybrid
	// of several files to libtorrent: it hangs up on whom asks for a pad.
	v1 bool
}

var seeders = []seeder{
	{name: "commonseed", command: func(b *bench) ([]string, error) {
		return []string{b.program, "seed", b.release.channel, "--json", "--http", ":7447", "--peer-port", "7448"}, nil
	}},
	{name: "libtorrent", command: func(b *bench) ([]string, error) {
		return b.libtorrent("seed", b.release.hybrid, b.release.root), nil
	}},
	{name: "libtorrent-super", command: func(b *bench) ([]string, error) {
		return b.libtorrent("super", b.release.hybrid, b.release.root), nil
	}},
	{name: "anacrolix", v1: true, command: func(b *bench) ([]string, error) {
		self, err := os.Executable()
		return []string{self, "-anacrolix", b.release.root, b.release.v1.file}, err
	}},
	{name: "nginx"},
}

// torrent is what the leechers of a seeder are given.
func (s seeder) torrent(b *bench) torrent {
	if s.v1 {
		return b.release.v1
	}
	return b.release.hybrid
}

// libtorrent is the command of a node.
func (b *bench) libtorrent(role string, t torrent, dir string) []string {
	args := []string{measure.SystemPython, "-W", "ignore", filepath.Join(b.dir, "node.py"), role, t.file, dir}
	if b.trace != nil {
		args = append(args, "slots")
	}
	return args
}

func allNames() (names []string) {
	for _, s := range seeders {
		names = append(names, s.name)
	}
	return names
}

// choose reads a list of names.
func choose(list string) (chosen []seeder, err error) {
	for _, name := range strings.Split(list, ",") {
		at := slices.Index(allNames(), name)
		if at < 0 {
			return nil, fmt.Errorf("no seeder %q: there are %s", name, strings.Join(allNames(), ", "))
		}
		chosen = append(chosen, seeders[at])
	}
	return chosen, nil
}

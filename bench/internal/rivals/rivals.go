// Package rivals starts seeders, each as a process of its own over the same channel on
// disk, and looks at what they cost: ours, and those that people use today.
//
//	rivals.go       Seeder and Build: who there is
//	process.go      Process: a seeder that runs, and its end
//	proc.go         its processor time and memory, as Linux counts them
//	handshake.go    Up: whether a stranger is answered; Accompany
//	libtorrent.py   seeds a channel with libtorrent
//	anacrolixseed/  the same with the Client of anacrolix/torrent
//
// Every seeder listens on loopback, for TCP alone, and knows no DHT, no local discovery and
// no port mapping. All of them take for granted what they have checked before.
package rivals

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"commonseed/bench/internal/measure"
)

//go:embed libtorrent.py
var libtorrentScript string

// Host is where all seeders listen for peers.
const Host = "127.0.0.1"

// Seeder is a program that seeds.
type Seeder struct {
	Name    string
	command func(channel string, port int) []string
}

// Names of all seeders, ours first.
const (
	Commonseed = "commonseed"
	Libtorrent = "libtorrent"
	Anacrolix  = "anacrolix"
)

// All names the seeders as a flag has them.
var All = strings.Join([]string{Commonseed, Libtorrent, Anacrolix}, ",")

// Build makes ready the seeders that a flag names, in dir.
func Build(ctx context.Context, dir, names string) ([]Seeder, error) {
	build := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator),
		"commonseed/cmd/commonseed", "commonseed/bench/internal/rivals/anacrolixseed")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	var seeders []Seeder
	for name := range strings.SplitSeq(names, ",") {
		s := Seeder{Name: name}
		switch name {
		case Commonseed:
			s.command = func(channel string, port int) []string {
				return []string{Program(dir), "seed", channel, "--http", Host + ":0", "--peer-port", strconv.Itoa(port)}
			}
		case Libtorrent:
			if len(measure.Missing("python3-libtorrent")) > 0 {
				return nil, fmt.Errorf("python3-libtorrent: missing; run scripts/install-peers")
			}
			s.command = func(channel string, port int) []string {
				return []string{measure.SystemPython, "-W", "ignore", "-c", libtorrentScript, public(channel), strconv.Itoa(port)}
			}
		case Anacrolix:
			s.command = func(channel string, port int) []string {
				return []string{filepath.Join(dir, "anacrolixseed"), public(channel), strconv.Itoa(port)}
			}
		default:
			return nil, fmt.Errorf("no seeder %q: there are %s", name, All)
		}
		seeders = append(seeders, s)
	}
	return seeders, nil
}

// Program is commonseed, as Build made it in dir.
func Program(dir string) string { return filepath.Join(dir, "commonseed") }

func public(channel string) string { return filepath.Join(channel, "public") }

// MakeChannel writes the commonseed.toml of a channel for seeders that are compared: it
// announces to these trackers alone, and its addresses stay the same with every start.
func MakeChannel(channel string, trackers ...string) error {
	if err := os.MkdirAll(channel, 0o755); err != nil {
		return err
	}
	quoted := make([]string, len(trackers))
	for i, t := range trackers {
		quoted[i] = strconv.Quote(t)
	}
	return os.WriteFile(filepath.Join(channel, "commonseed.toml"), fmt.Appendf(nil,
		"[channel]\ntitle = \"Bench\"\nbase_url = %q\n\n[seed]\nown_tracker = false\ndht = false\ntrackers = [%s]\n",
		Base, strings.Join(quoted, ", ")), 0o644)
}

// Base is the address in the torrents of such a channel.
const Base = "http://127.0.0.1:7447/"

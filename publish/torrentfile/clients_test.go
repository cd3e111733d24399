package torrentfile

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"commonseed/internal/peers"
	"commonseed/internal/peers/clients"
)

// clientTrees are what the clients check: each program is slow to start.
var clientTrees = []treeCase{
	{name: "folder", pieceLength: 16 * kib, files: tree{"a/x": 70_000, "a-b": 32 * kib, "b": 5, "c": 0, "Größe/日本": 300_001}},
	{name: "file", pieceLength: 32 * kib, files: tree{"song.flac": 2_000_001}, single: true},
	{name: "files around pads", pieceLength: 64 * kib, files: tree{"1": 1, "2": 64 * kib, "3": 64*kib + 1, "4": 64*kib - 1, "5/6": 200_000}},
}

// harmed is the file of a client's tree that is damaged, and where.
func (c *treeCase) harmed() (path string, at int64) {
	for name, size := range c.files {
		if path == "" || size > c.files[path] {
			path = name
		}
	}
	return path, int64(c.files[path] / 2)
}

// download is a torrent with a payload that a client looks at.
type download struct {
	name    string
	torrent string // path
	parent  string // the folder with the payload
	hash    string // the first 40 digits of the v2 infohash or, without v2, the v1 infohash
	damaged bool   // a byte is not what it should be
}

// downloads are the client trees in these modes, each whole and damaged. Clients that do
// not know pads (BEP 47) want them on disk.
func downloads(t *testing.T, pads bool, modes ...Mode) (all []download) {
	t.Helper()
	for _, c := range clientTrees {
		for _, mode := range modes {
			for _, damaged := range []bool{false, true} {
				all = append(all, newDownload(t, c, mode, pads, damaged))
			}
		}
	}
	return all
}

func newDownload(t *testing.T, c treeCase, mode Mode, pads, damaged bool) download {
	t.Helper()
	root := c.plant(t)
	// A source of its own gives each an infohash of its own.
	tor := build(t, root, Options{Mode: mode, PieceLength: c.pieceLength, Source: fmt.Sprint("damaged: ", damaged)})
	d := download{name: fmt.Sprintf("%s %s, damaged: %v", c.name, modeNames[mode], damaged), parent: filepath.Dir(root),
		torrent: filepath.Join(t.TempDir(), "t.torrent"), hash: tor.InfohashV1(), damaged: damaged}
	if v2 := tor.InfohashV2(); v2 != "" {
		d.hash = v2[:40]
	}
	must(t, os.WriteFile(d.torrent, tor.Marshal(), 0o644))
	if pads && mode == Hybrid && !c.single {
		must(t, os.MkdirAll(filepath.Join(root, padFolder), 0o755))
		for i := range tor.info.layout.entries {
			if n := tor.info.layout.padAfter(i); n > 0 {
				must(t, os.WriteFile(filepath.Join(root, padFolder, fmt.Sprint(n)), make([]byte, n), 0o644))
			}
		}
	}
	if path, at := c.harmed(); damaged {
		flip(t, c.at(root, path), at)
	}
	return d
}

func TestAria2ChecksOurs(t *testing.T) {
	peers.Need(t, "aria2c")
	t.Parallel()
	for _, d := range downloads(t, true, V1, Hybrid) {
		t.Run(d.name, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), "aria2c", "--no-conf", "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false",
				"--enable-peer-exchange=false", "--interface=127.0.0.1", "--seed-time=0", "--check-integrity=true", "--hash-check-only=true",
				"--listen-port="+fmt.Sprint(peers.FreePort(t)), "-d", d.parent, d.torrent).CombinedOutput()
			var exit *exec.ExitError
			if d.damaged && (!errors.As(err, &exit) || exit.ExitCode() != 1) || !d.damaged && err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestTransmissionChecksOurs(t *testing.T) {
	program := clients.Transmission(t)
	t.Parallel()
	undecided := downloads(t, true, V1, Hybrid)
	// It says nothing before it ends, and does not end by itself.
	for patience := 3 * time.Second; len(undecided) > 0; patience *= 2 {
		if patience > time.Minute {
			t.Fatalf("Transmission does not check %+v", undecided)
		}
		undecided = slices.DeleteFunc(undecided, transmissions(t, program, patience, undecided))
	}
}

// transmissions runs one for each torrent, for a while, and tells which have come to a
// judgement.
func transmissions(t *testing.T, program string, patience time.Duration, all []download) func(download) bool {
	t.Helper()
	said := map[string]*peers.Process{}
	for _, d := range all {
		config := t.TempDir()
		clients.TransmissionSettings(t, config, "127.0.0.1", "::1")
		said[d.name] = peers.Start(t, config, nil, program, "-M", "-g", config, "-w", d.parent, "-p", fmt.Sprint(peers.FreePort(t)), "-v", d.torrent)
	}
	time.Sleep(patience)
	var ended sync.WaitGroup
	for _, p := range said {
		ended.Go(func() { p.End(syscall.SIGINT) })
	}
	ended.Wait()
	return func(d download) bool {
		whole := strings.Contains(said[d.name].Out.String(), "\rSeeding")
		if whole && d.damaged {
			t.Errorf("%s: taken for whole", d.name)
		}
		return whole || d.damaged && partly(said[d.name].Out.String())
	}
}

// partly says whether Transmission found a part of the payload.
func partly(said string) bool {
	_, rest, _ := strings.Cut(said, "Progress: ")
	percent, _, _ := strings.Cut(rest, "%")
	number, err := strconv.ParseFloat(percent, 64)
	return err == nil && number > 0 && number < 100
}

func TestQBittorrentChecksOurs(t *testing.T) {
	t.Parallel()
	q := clients.StartQBittorrent(t, netip.MustParseAddr("127.0.0.1"), clients.Any)
	all := downloads(t, false, V1, Hybrid, V2)
	for _, d := range all {
		q.Add(t, d.torrent, d.parent)
	}
	found := map[string]clients.QBittorrentTorrent{}
	peers.Eventually(t, 30*time.Second, "qBittorrent checks all", func() bool {
		for _, s := range q.Torrents(t) {
			if s.State == "stalledUP" || s.State == "stalledDL" {
				found[s.Hash] = s
			}
		}
		return len(found) == len(all)
	})
	for _, d := range all {
		switch got := found[d.hash]; {
		case !d.damaged && (got.Progress != 1 || got.State != "stalledUP"),
			d.damaged && (got.Progress == 0 || got.Progress == 1 || got.State != "stalledDL"):
			t.Errorf("%s: %+v", d.name, got)
		}
	}
}

package torrentfile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"commonseed/internal/peers"
)

func TestLibtorrentSwapsOurV2Torrents(t *testing.T) {
	python := peers.NeedPython(t, "libtorrent")
	t.Parallel()
	cases := []treeCase{
		{name: "folder", pieceLength: 16 * kib, files: tree{"a/x": 500_000, "a-b": 32 * kib, "b": 5, "c": 0, "日本/z": 3_000_000}},
		{name: "file", pieceLength: 32 * kib, files: tree{"song.flac": 2_000_000}, single: true},
		{name: "files shorter than a piece", pieceLength: 256 * kib, files: tree{"a": 17_000, "b": 200_000, "c": 1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root, out := c.plant(t), t.TempDir()
			tor := build(t, root, Options{Mode: V2, PieceLength: c.pieceLength})
			must(t, os.WriteFile(out+"/t.torrent", tor.Marshal(), 0o644))
			said := peers.Run(t, python, "-W", "ignore", "testdata/swap.py", out+"/t.torrent", tor.Magnet(), filepath.Dir(root), out)
			swapped(t, c, root, out, said)
		})
	}
}

func swapped(t *testing.T, c treeCase, root, out, said string) {
	t.Helper()
	var answers []struct {
		Seeded, Complete bool
		Downloaded       int64
		Error            string
	}
	must(t, json.Unmarshal([]byte(said), &answers))
	for i, name := range []string{"torrent", "magnet"} {
		if got := answers[i]; !got.Seeded || !got.Complete || got.Downloaded < c.files.length() {
			t.Errorf("from the %s: %+v", name, got)
		}
		arrived := filepath.Join(out, name, filepath.Base(root))
		for path, size := range c.files {
			if got, err := os.ReadFile(c.at(arrived, path)); err != nil || string(got) != string(content(path, size)) {
				t.Errorf("from the %s: %s: %d bytes, %v", name, path, len(got), err)
			}
		}
	}
}

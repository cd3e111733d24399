package torrentfile

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anacrolix/torrent/bencode"
	"github.com/anacrolix/torrent/merkle"
	"github.com/anacrolix/torrent/metainfo"

	"commonseed/internal/peers"
)

// checkForeign parses somebody else's torrent, verifies the payload against it,
// and sees that a changed byte is found.
func checkForeign(t *testing.T, torrent, payload, changed string) *Torrent {
	t.Helper()
	data, err := os.ReadFile(torrent)
	must(t, err)
	tor, err := Parse(data)
	must(t, err)
	if string(tor.Marshal()) != string(data) {
		t.Error("Marshal gives other bytes")
	}
	var last int64
	must(t, Verify(context.Background(), tor, payload, func(done int64) { last = done }))
	if last != tor.Length() {
		t.Errorf("checked %d bytes of %d", last, tor.Length())
	}
	flip(t, changed, 33_000)
	defer flip(t, changed, 33_000)
	if Verify(context.Background(), tor, payload, nil) == nil {
		t.Error("a changed byte was not found")
	}
	return tor
}

func TestParseAndVerifyTorrentsOfLibtorrent(t *testing.T) {
	python := peers.NeedPython(t, "libtorrent")
	root := plantTree(t, "payload", tree{"a/x": 50_000, "a-b": 32 * kib, "b": 5, "c": 0, "z": 100_000})
	for _, payload := range []string{root, filepath.Join(root, "z")} {
		out := t.TempDir()
		for line := range strings.Lines(peers.Run(t, python, "-W", "ignore", "testdata/foreign.py", payload, out)) {
			var kind, v1, v2 string
			if _, err := fmt.Sscan(line, &kind, &v1, &v2); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			t.Run(filepath.Base(payload)+" "+kind, func(t *testing.T) {
				tor := checkForeign(t, filepath.Join(out, kind+".torrent"), payload, filepath.Join(root, "z"))
				if got := tor.InfohashV1(); got != strings.Trim(v1, "0") && got != v1 {
					t.Errorf("v1 infohash %q, libtorrent says %s", got, v1)
				}
				if got := tor.InfohashV2(); got != strings.Trim(v2, "0") && got != v2 {
					t.Errorf("v2 infohash %q, libtorrent says %s", got, v2)
				}
				if tor.SingleFile() != (payload != root) {
					t.Errorf("SingleFile() is %v", tor.SingleFile())
				}
				if got := tor.WebSeeds(); len(got) != 1 || got[0] != "http://seed.example/" {
					t.Errorf("web seeds %q", got)
				}
			})
		}
	}
}

func TestParseAndVerifyTorrentsOfMktorrent(t *testing.T) {
	peers.Need(t, "mktorrent")
	root := plantTree(t, "payload", tree{"a/x": 50_000, "b": 5, "z": 100_000})
	for _, payload := range []string{root, filepath.Join(root, "z")} {
		torrent := filepath.Join(t.TempDir(), "t.torrent")
		peers.Run(t, "mktorrent", "-l", "15", "-a", "http://t.example/announce", "-o", torrent, payload)
		tor := checkForeign(t, torrent, payload, filepath.Join(root, "z"))
		if tor.InfohashV2() != "" || tor.Trackers()[0][0] != "http://t.example/announce" {
			t.Errorf("v2 %q, trackers %q", tor.InfohashV2(), tor.Trackers())
		}
	}
}

func TestParseAndVerifyTorrentsOfTransmission(t *testing.T) {
	peers.Need(t, "transmission-create")
	root := plantTree(t, "payload", tree{"a/x": 50_000, "b": 5, "z": 100_000})
	torrent := filepath.Join(t.TempDir(), "t.torrent")
	peers.Run(t, "transmission-create", "-o", torrent, root)
	checkForeign(t, torrent, root, filepath.Join(root, "z"))
}

func TestTransmissionShowsOurs(t *testing.T) {
	peers.Need(t, "transmission-show")
	root := plantTree(t, "Río", tree{"song.flac": 300_000, "notes/LICENSE.txt": 900})
	tor := build(t, root, Options{Announcement: Announcement{Trackers: [][]string{{"http://t.example/announce"}}, Comment: "free to share"}, CreatedBy: "commonseed"})
	v1 := tor
	if version := peers.Run(t, "transmission-show", "--version"); strings.Contains(version, "show 2.") || strings.Contains(version, "show 3.") {
		// Before 4.0 it refuses every hybrid torrent, because of the empty keys in
		// the file tree. The v1 half must please it all the same.
		v1 = withoutTree(t, tor)
	}
	path := root + ".torrent"
	must(t, os.WriteFile(path, v1.Marshal(), 0o644))
	out := peers.Run(t, "transmission-show", path)
	for _, want := range []string{"Name: Río", "Hash: " + v1.InfohashV1(), "http://t.example/announce", "free to share", "Río/song.flac (300.0 kB)", "Río/notes/LICENSE.txt", "Created by: commonseed"} {
		if !strings.Contains(out, want) {
			t.Errorf("transmission-show does not say %q:\n%s", want, out)
		}
	}
}

// withoutTree is the v1 half of a hybrid torrent.
func withoutTree(t *testing.T, tor *Torrent) *Torrent {
	t.Helper()
	var outer map[string]any
	must(t, bencode.Unmarshal(tor.Marshal(), &outer))
	delete(outer, "piece layers")
	delete(outer["info"].(map[string]any), "file tree")
	delete(outer["info"].(map[string]any), "meta version")
	v1, err := Parse(bencode.MustMarshal(outer))
	must(t, err)
	return v1
}

func TestAnacrolixLoadsOurs(t *testing.T) {
	for _, c := range treeCases {
		root := c.plant(t)
		for mode, name := range modeNames {
			t.Run(c.name+" "+name, func(t *testing.T) {
				anacrolixLoads(t, c, root, build(t, root, Options{Mode: mode, PieceLength: c.pieceLength}))
			})
		}
	}
}

func anacrolixLoads(t *testing.T, c treeCase, root string, tor *Torrent) {
	meta, err := metainfo.Load(bytes.NewReader(tor.Marshal()))
	must(t, err)
	info, err := meta.UnmarshalInfo()
	must(t, err)
	if tor.info.v2 {
		must(t, info.FileTree.Validate())
		must(t, metainfo.ValidatePieceLayers(meta.PieceLayers, &info.FileTree, info.PieceLength))
		checkRoots(t, c, root, &info)
	}
	if tor.info.v1 && meta.HashInfoBytes().HexString() != tor.InfohashV1() {
		t.Errorf("v1 infohash %s, not %s", meta.HashInfoBytes().HexString(), tor.InfohashV1())
	}
	if tor.info.v1 && tor.info.v2 && info.NumPieces() != len(info.Pieces)/20 {
		t.Errorf("%d v2 pieces, %d v1 pieces", info.NumPieces(), len(info.Pieces)/20)
	}
	if tor.info.v1 {
		checkPieces(t, c, root, info)
	}
	if info.TotalLength()-padLength(&info) != tor.Length() {
		t.Errorf("counts %d bytes, %d of them pads; want %d", info.TotalLength(), padLength(&info), tor.Length())
	}
	magnet, err := metainfo.ParseMagnetV2Uri(tor.Magnet())
	must(t, err)
	if v1 := magnet.InfoHash.UnwrapOrZeroValue(); tor.info.v1 && v1.HexString() != tor.InfohashV1() {
		t.Errorf("reads %+v out of %s", magnet, tor.Magnet())
	}
	if v2 := magnet.V2InfoHash.UnwrapOrZeroValue(); tor.info.v2 && v2.HexString() != tor.InfohashV2() {
		t.Errorf("reads %+v out of %s", magnet, tor.Magnet())
	}
}

// checkPieces hashes the pieces of v1 with another implementation, before and after a
// byte is changed.
func checkPieces(t *testing.T, c treeCase, root string, info metainfo.Info) {
	t.Helper()
	ours := string(info.Pieces)
	open := func(f metainfo.FileInfo) (io.ReadCloser, error) {
		if strings.Contains(f.Attr, "p") {
			return io.NopCloser(bytes.NewReader(make([]byte, f.Length))), nil
		}
		return os.Open(c.at(root, strings.Join(f.Path, "/")))
	}
	info.FileTree, info.MetaVersion = metainfo.FileTree{}, 0 // the v1 part alone
	must(t, info.GeneratePieces(open))
	if string(info.Pieces) != ours {
		t.Error("the pieces of v1 have other hashes")
	}
	path, at := c.harmed()
	flip(t, c.at(root, path), at)
	defer flip(t, c.at(root, path), at)
	must(t, info.GeneratePieces(open))
	if string(info.Pieces) == ours {
		t.Error("a changed byte does not change the pieces of v1")
	}
}

// padLength is what of the v1 files are pads.
func padLength(info *metainfo.Info) (n int64) {
	if info.HasV2() {
		return 0 // it counts by the file tree
	}
	for _, f := range info.Files {
		if strings.Contains(f.Attr, "p") {
			n += f.Length
		}
	}
	return n
}

// checkRoots hashes each file with another implementation of BEP 52.
func checkRoots(t *testing.T, c treeCase, root string, info *metainfo.Info) {
	t.Helper()
	found := 0
	info.FileTree.Walk(nil, func(path []string, node *metainfo.FileTree) {
		if node.IsDir() {
			return
		}
		found++
		data, err := os.ReadFile(c.at(root, strings.Join(path, "/")))
		must(t, err)
		want := ""
		if len(data) > 0 {
			h := merkle.NewHash()
			h.Write(data)
			want = string(h.Sum(nil))
		}
		if node.File.PiecesRoot != want || node.File.Length != int64(len(data)) {
			t.Errorf("%q: root %x, length %d; want %x, %d", path, node.File.PiecesRoot, node.File.Length, want, len(data))
		}
	})
	if found != len(c.files) {
		t.Errorf("%d files, want %d", found, len(c.files))
	}
}

package torrentfile

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"commonseed/internal/peers"
)

func TestLibtorrentBuildsTheSameOf100000Files(t *testing.T) {
	largeOnly(t)
	t.Parallel()
	c := treeCase{pieceLength: 16 * kib, files: tree{"250": 3_000_000}} // a file among folders
	for i := range 100_000 {
		c.files[fmt.Sprintf("%03d/note-%d.txt", i/500, i)] = i % 300
	}
	tor, jc := submit(t, c, plantLinks(t, c.files), Options{PieceLength: c.pieceLength})
	jc.Recheck = false // it takes minutes
	sameAsLibtorrent(t, tor, judge(t, []judgeCase{jc})[0])
	parsed, err := Parse(tor.Marshal())
	must(t, err)
	if n := len(parsed.Files()); n != len(c.files) {
		t.Errorf("%d files", n)
	}
}

// plantLinks makes a tree of hard links, one file for each size: that is quicker.
func plantLinks(t *testing.T, files tree) string {
	t.Helper()
	dir := t.TempDir()
	root, first := filepath.Join(dir, "payload"), map[int]string{}
	for path, size := range files {
		full := filepath.Join(root, path)
		must(t, os.MkdirAll(filepath.Dir(full), 0o755))
		if first[size] == "" {
			first[size] = full
			must(t, os.WriteFile(full, content(path, size), 0o644))
			continue
		}
		must(t, os.Link(first[size], full))
	}
	return root
}

// A file beyond 4 GiB: no number in it fits 32 bits.
func TestLibtorrentBuildsTheSameOfAFileOf5GB(t *testing.T) {
	largeOnly(t)
	t.Parallel()
	const size = 5_000_000_017
	root := filepath.Join(t.TempDir(), "large.iso")
	sparse(t, root, size, 0, size/2, 1<<32-1000, size-5000)
	c := treeCase{single: true, files: tree{"large.iso": size}}
	tor, jc := submit(t, c, root, Options{PieceLength: 4 << 20})
	jc.Recheck = false // it is built, which is the same work
	sameAsLibtorrent(t, tor, judge(t, []judgeCase{jc})[0])
}

func largeOnly(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("large")
	}
	peers.NeedPython(t, "libtorrent")
}

// sparse makes a file of zeros, with 5000 other bytes at each of these offsets.
func sparse(t testing.TB, path string, size int64, data ...int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	for _, off := range data {
		if _, err := f.WriteAt(content(fmt.Sprint(off), 5000), off); err != nil {
			t.Fatal(err)
		}
	}
}

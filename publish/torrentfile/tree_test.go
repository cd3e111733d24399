package torrentfile

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const kib = 1 << 10

// tree is a payload: path to size.
type tree map[string]int

// plantTree writes a tree into a new folder called name. Equal paths and sizes
// give equal bytes.
func plantTree(t testing.TB, name string, files tree) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, size := range files {
		full := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, content(path, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func content(path string, size int) []byte {
	var seed [32]byte
	copy(seed[:], path)
	data := make([]byte, size)
	rand.NewChaCha8(seed).Read(data)
	return data
}

// paths are in torrent order.
func (f tree) paths() []string {
	return slices.SortedFunc(maps.Keys(f), comparePaths)
}

func (f tree) length() (sum int64) {
	for _, size := range f {
		sum += int64(size)
	}
	return sum
}

// manyFiles has sizes on both sides of every border of a 16 KiB piece.
func manyFiles(n int) tree {
	files := tree{}
	sizes := []int{0, 1, 100, 16*kib - 1, 16 * kib, 16*kib + 1, 40 * kib}
	for i := range n {
		files[fmt.Sprintf("%02d/%03d", i%7, i)] = sizes[i%len(sizes)]
	}
	return files
}

type treeCase struct {
	name        string
	pieceLength int64
	files       tree
	executable  []string // paths
	single      bool     // the payload is the only file, without a folder around it
}

// plant writes the payload and gives its path, of a folder or of a file.
func (c *treeCase) plant(t testing.TB) string {
	t.Helper()
	root := plantTree(t, "payload", c.files)
	for _, path := range c.executable {
		if err := os.Chmod(filepath.Join(root, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if c.single {
		root = filepath.Join(root, c.files.paths()[0])
	}
	return root
}

// flat says that the payload is a folder of one file, right in it. As a v2 torrent
// that is no other than the file alone: libtorrent, and what stands on it, stores it
// without a folder, under the name in the tree.
func (c *treeCase) flat() bool {
	return !c.single && len(c.files) == 1 && !strings.Contains(c.files.paths()[0], "/")
}

// at is the path of a file of the payload, which lies at root.
func (c *treeCase) at(root, path string) string {
	if c.single {
		return root
	}
	return filepath.Join(root, path)
}

var treeCases = []treeCase{
	{name: "one byte", pieceLength: 16 * kib, files: tree{"a": 1}},
	{name: "single file of one block", pieceLength: 16 * kib, files: tree{"a": 16 * kib}},
	{name: "single file, block less one", pieceLength: 16 * kib, files: tree{"a": 16*kib - 1}},
	{name: "single file, block and one", pieceLength: 16 * kib, files: tree{"a": 16*kib + 1}},
	{name: "single file of one piece", pieceLength: 64 * kib, files: tree{"a": 64 * kib}},
	{name: "single file, piece less one", pieceLength: 64 * kib, files: tree{"a": 64*kib - 1}},
	{name: "single file, piece and one", pieceLength: 64 * kib, files: tree{"a": 64*kib + 1}},
	{name: "single file in a folder", pieceLength: 16 * kib, files: tree{"d/a": 50_000}},
	{name: "single file, five pieces", pieceLength: 32 * kib, files: tree{"a": 5 * 32 * kib}},
	{name: "single file, large pieces", pieceLength: 1024 * kib, files: tree{"a": 3_000_001}},
	{name: "single file, seven blocks in a piece of 16", pieceLength: 256 * kib, files: tree{"a": 7 * 16 * kib}},
	{name: "two files", pieceLength: 16 * kib, files: tree{"a": 20_000, "b": 30_000}},
	{name: "two files that need no pad", pieceLength: 16 * kib, files: tree{"a": 16 * kib, "b": 32 * kib}},
	{name: "last file ends on a piece", pieceLength: 16 * kib, files: tree{"a": 20_000, "b": 16 * kib}},
	{name: "first file ends on a piece", pieceLength: 16 * kib, files: tree{"a": 16 * kib, "b": 20_000}},
	{name: "empty file first", pieceLength: 16 * kib, files: tree{"a": 0, "b": 20_000}},
	{name: "empty file last", pieceLength: 16 * kib, files: tree{"a": 20_000, "b": 0}},
	{name: "empty file between", pieceLength: 16 * kib, files: tree{"a": 20_000, "b": 0, "c": 20_000}},
	{name: "empty files everywhere", pieceLength: 32 * kib, files: tree{"a": 0, "b": 0, "c": 1, "d": 0, "e": 0, "f": 70_000, "g": 0}},
	{name: "an empty file and a file of one piece", pieceLength: 16 * kib, files: tree{"a": 0, "b": 16 * kib}},
	{name: "many small files", pieceLength: 16 * kib, files: manyFiles(100)},
	{name: "many small files, larger pieces", pieceLength: 128 * kib, files: manyFiles(60)},
	{name: "a folder beside a longer name", pieceLength: 16 * kib, files: tree{"a/x": 17_000, "a-b": 18_000, "a.txt": 19_000, "a b": 1}},
	{name: "byte order", pieceLength: 16 * kib, files: tree{"Y": 1, "a": 2, "_": 3, "é": 4, "z": 5, "10": 6, "9": 7, "~": 8, "\U0001F3B5": 9, "\uffee": 10}},
	{name: "unicode names", pieceLength: 64 * kib, files: tree{"Größe/日本語.flac": 100_000, "Größe/Ελληνικά.txt": 5, "naïve café.mp3": 70_000}},
	{name: "deep", pieceLength: 16 * kib, files: tree{"1/2/3/4/5/6/7/8/9/10/a": 20_000, "1/2/3/b": 1, "1/2/3/4/c": 0}},
	{name: "two equal files", pieceLength: 16 * kib, files: tree{"a/same": 100_000, "b/same": 100_000}},
	{name: "a name like the torrent's", pieceLength: 16 * kib, files: tree{"payload": 20_000}},
	{name: "names a dot away from dots", pieceLength: 16 * kib, files: tree{"...": 1, ".hidden": 2, "..a": 3}},
	{name: "pieces of 512 KiB", pieceLength: 512 * kib, files: tree{"a": 1_300_000, "b": 512 * kib, "c": 512*kib - 1, "d": 3}},
	{name: "pieces of 1 MiB", pieceLength: 1024 * kib, files: tree{"a": 1024*kib + 1, "b": 5, "c": 1024 * kib}},
	{name: "small files around a large one", pieceLength: 32 * kib, files: tree{"0": 1, "1": 2, "2": 32*kib - 1, "5": 3_300_000, "7": 32*kib + 1, "8": 1, "9": 5}},
	{name: "files shorter than a block in pieces of 16 blocks", pieceLength: 256 * kib, files: tree{"a": 1, "b": 16*kib - 1, "c": 2, "d": 16*kib + 1, "e": 300_000}},
	{name: "one byte over every block of a piece", pieceLength: 64 * kib, files: tree{"a": 16*kib + 1, "b": 32*kib + 1, "c": 48*kib + 1, "d": 64*kib + 1, "e": 64*kib - 1}},
	{name: "names inside each other", pieceLength: 16 * kib, files: tree{"a": 1, "aa": 2, "aaa/a": 3, "aaa/aa": 4, "aaa.a": 5, "aaa-a": 6, "aaaa": 20_000}},
	{name: "folders that close at once", pieceLength: 16 * kib, files: tree{"a/b/c/d": 1, "a/b/e": 2, "a/f": 17_000, "a-/b": 3, "a.b/c": 4, "g/h/i/j": 5, "k": 6}},
	{name: "executable files", pieceLength: 16 * kib, files: tree{"bin/run": 20_000, "bin/stop": 0, "doc": 16 * kib}, executable: []string{"bin/run", "bin/stop"}},
	{name: "only executable files", pieceLength: 32 * kib, files: tree{"run": 70_000, "stop": 1}, executable: []string{"run", "stop"}},
	{name: "folder with one file", pieceLength: 64 * kib, files: tree{"song.flac": 200_000}},
	{name: "folder with one executable file", pieceLength: 16 * kib, files: tree{"run": 20_000}, executable: []string{"run"}},
	{name: "one file and an empty one", pieceLength: 16 * kib, files: tree{"a": 20_000, "z": 0}},
	{name: "a file of one byte", pieceLength: 16 * kib, files: tree{"song": 1}, single: true},
	{name: "a file of one block", pieceLength: 16 * kib, files: tree{"song": 16 * kib}, single: true},
	{name: "a file of one piece", pieceLength: 128 * kib, files: tree{"song": 128 * kib}, single: true},
	{name: "a file, piece less one", pieceLength: 128 * kib, files: tree{"song": 128*kib - 1}, single: true},
	{name: "a file, piece and one", pieceLength: 128 * kib, files: tree{"song": 128*kib + 1}, single: true},
	{name: "a file of many pieces", pieceLength: 16 * kib, files: tree{"Größe 日本語.flac": 3_000_001}, single: true},
	{name: "an executable file", pieceLength: 32 * kib, files: tree{"run": 100_000}, executable: []string{"run"}, single: true},
	{name: "a file shorter than a large piece", pieceLength: 8 << 20, files: tree{"song": 3 << 20}, single: true},
	{name: "pieces of 2 MiB", pieceLength: 2 << 20, files: tree{"a": 2<<20 + 1, "b": 5, "c": 2 << 20}},
	{name: "pieces of 4 MiB", pieceLength: 4 << 20, files: tree{"a": 4<<20 - 1, "b": 0, "c": 9<<20 + 7}},
	{name: "pieces of 8 MiB", pieceLength: 8 << 20, files: tree{"a": 8<<20 + 16*kib + 1, "b": 1}},
	{name: "pieces of 16 MiB", pieceLength: 16 << 20, files: tree{"a": 16<<20 + 1, "b": 16 * kib, "c": 16<<20 - 1}},
}

// randomCases are the same in every run. Every tenth has pieces of 512 KiB or more.
func randomCases(n int) []treeCase {
	rng := rand.New(rand.NewPCG(52, 47))
	var cases []treeCase
	for i := range n {
		cases = append(cases, randomCase(rng, i))
	}
	return cases
}

func randomCase(rng *rand.Rand, i int) treeCase {
	c := treeCase{name: fmt.Sprintf("random %d", i), pieceLength: int64(16*kib) << rng.IntN(5), files: tree{"always": 1 + rng.IntN(99_999)}}
	most, small := 12, int(c.pieceLength)
	if i%10 == 9 {
		c.pieceLength = 512 * kib << rng.IntN(6)
		most, small = 3, min(int(c.pieceLength), 4<<20)
	}
	for range rng.IntN(most) {
		path := ""
		for range rng.IntN(3) {
			path += string(rune('a'+rng.IntN(3))) + "/"
		}
		path += fmt.Sprintf("%c-%d", 'a'+rng.IntN(26), rng.IntN(1000))
		c.files[path] = randomSize(rng, small)
		if rng.IntN(6) == 0 {
			c.executable = append(c.executable, path)
		}
	}
	if len(c.files) == 1 && rng.IntN(2) == 0 {
		c.single = true
	}
	return c
}

func randomSize(rng *rand.Rand, pieceLength int) int {
	switch rng.IntN(4) {
	case 0:
		return rng.IntN(3)
	case 1:
		return rng.IntN(4*16*kib) + 1
	case 2:
		return (1+rng.IntN(3))*pieceLength + rng.IntN(3) - 1
	}
	return rng.IntN(200_000)
}

package torrentfile

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
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

func (f tree) paths() []string {
	var paths []string
	for path := range f {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	return paths
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
}

var treeCases = []treeCase{
	{"one byte", 16 * kib, tree{"a": 1}},
	{"single file of one block", 16 * kib, tree{"a": 16 * kib}},
	{"single file, block less one", 16 * kib, tree{"a": 16*kib - 1}},
	{"single file, block and one", 16 * kib, tree{"a": 16*kib + 1}},
	{"single file of one piece", 64 * kib, tree{"a": 64 * kib}},
	{"single file, piece less one", 64 * kib, tree{"a": 64*kib - 1}},
	{"single file, piece and one", 64 * kib, tree{"a": 64*kib + 1}},
	{"single file in a folder", 16 * kib, tree{"d/a": 50_000}},
	{"single file, five pieces", 32 * kib, tree{"a": 5 * 32 * kib}},
	{"single file, large pieces", 1024 * kib, tree{"a": 3_000_001}},
	{"single file, seven blocks in a piece of 16", 256 * kib, tree{"a": 7 * 16 * kib}},
	{"two files", 16 * kib, tree{"a": 20_000, "b": 30_000}},
	{"two files that need no pad", 16 * kib, tree{"a": 16 * kib, "b": 32 * kib}},
	{"last file ends on a piece", 16 * kib, tree{"a": 20_000, "b": 16 * kib}},
	{"first file ends on a piece", 16 * kib, tree{"a": 16 * kib, "b": 20_000}},
	{"empty file first", 16 * kib, tree{"a": 0, "b": 20_000}},
	{"empty file last", 16 * kib, tree{"a": 20_000, "b": 0}},
	{"empty file between", 16 * kib, tree{"a": 20_000, "b": 0, "c": 20_000}},
	{"empty files everywhere", 32 * kib, tree{"a": 0, "b": 0, "c": 1, "d": 0, "e": 0, "f": 70_000, "g": 0}},
	{"an empty file and a file of one piece", 16 * kib, tree{"a": 0, "b": 16 * kib}},
	{"many small files", 16 * kib, manyFiles(100)},
	{"many small files, larger pieces", 128 * kib, manyFiles(60)},
	{"a folder beside a longer name", 16 * kib, tree{"a/x": 17_000, "a-b": 18_000, "a.txt": 19_000, "a b": 1}},
	{"byte order", 16 * kib, tree{"Y": 1, "a": 2, "_": 3, "é": 4, "z": 5, "10": 6, "9": 7, "~": 8, "\U0001F3B5": 9, "\uffee": 10}},
	{"unicode names", 64 * kib, tree{"Größe/日本語.flac": 100_000, "Größe/Ελληνικά.txt": 5, "naïve café.mp3": 70_000}},
	{"deep", 16 * kib, tree{"1/2/3/4/5/6/7/8/9/10/a": 20_000, "1/2/3/b": 1, "1/2/3/4/c": 0}},
	{"two equal files", 16 * kib, tree{"a/same": 100_000, "b/same": 100_000}},
	{"a name like the torrent's", 16 * kib, tree{"payload": 20_000}},
	{"names a dot away from dots", 16 * kib, tree{"...": 1, ".hidden": 2, "..a": 3}},
	{"pieces of 512 KiB", 512 * kib, tree{"a": 1_300_000, "b": 512 * kib, "c": 512*kib - 1, "d": 3}},
	{"pieces of 1 MiB", 1024 * kib, tree{"a": 1024*kib + 1, "b": 5, "c": 1024 * kib}},
}

// randomCases are the same in every run.
func randomCases(n int) []treeCase {
	rng := rand.New(rand.NewPCG(52, 47))
	var cases []treeCase
	for i := range n {
		pieceLength := int64(16*kib) << rng.IntN(5)
		files := tree{"always": 1 + rng.IntN(99_999)}
		for range rng.IntN(12) {
			path := ""
			for range rng.IntN(3) {
				path += string(rune('a'+rng.IntN(3))) + "/"
			}
			path += fmt.Sprintf("%c-%d", 'a'+rng.IntN(26), rng.IntN(1000))
			files[path] = randomSize(rng, int(pieceLength))
		}
		cases = append(cases, treeCase{fmt.Sprintf("random %d", i), pieceLength, files})
	}
	return cases
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

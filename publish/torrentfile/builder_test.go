package torrentfile

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestBuilderMakesWhatBuildMakesInAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range append(slices.Clone(treeCases), randomCases(40)...) {
		if len(c.files) < 2 || len(c.executable) > 0 || c.pieceLength > 1<<20 {
			continue
		}
		root := c.plant(t)
		for mode, name := range modeNames {
			t.Run(c.name+" "+name, func(t *testing.T) {
				o := Options{Mode: mode, PieceLength: c.pieceLength}
				want := build(t, root, o).Marshal()
				b := newBuilder(t, o)
				all := trials(t, c.files)
				addInParts(t, rng, b, slices.Clone(all))
				got, err := b.Torrent()
				must(t, err)
				if string(got.Marshal()) != string(want) {
					t.Error("another torrent")
				}
				for _, c := range all {
					c.check(t, content(c.path, int(c.length)))
				}
			})
		}
	}
}

// addInParts adds contents in random order, in random groups if the mode lets it.
func addInParts(t *testing.T, rng *rand.Rand, b *Builder, all []*trial) {
	t.Helper()
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for len(all) > 0 {
		n := 1 + rng.IntN(len(all))
		if b.o.Mode == V1 {
			n = len(all)
		}
		must(t, addAll(t.Context(), b, all[:n], nil))
		all = all[n:]
		_, _ = b.Torrent() // a look at what there is so far changes nothing
	}
}

func TestBuilderTellsTheSumOfEachFile(t *testing.T) {
	files := tree{"empty": 0, "empty too": 0}
	for i, size := range []int{1, 2, 63, 64, 65, 16*kib - 1, 16 * kib, 16*kib + 1, 32 * kib, 64*kib - 1, 64 * kib, 64*kib + 1,
		1<<20 - 1, 1 << 20, 1<<20 + 1, runSize - 1, runSize, runSize + 1, 3*runSize + 12_345, 9<<20 + 1} {
		files[fmt.Sprintf("%02d", i)] = size
		files[fmt.Sprintf("small/%02d", i)] = i
	}
	want := map[string][32]byte{}
	for path, size := range files {
		want[path] = sha256.Sum256(content(path, size))
	}
	root := plantTree(t, "payload", files)
	for _, o := range []Options{{PieceLength: 16 * kib}, {Mode: V2, PieceLength: 64 * kib}, {PieceLength: 2 << 20}, {PieceLength: 8 << 20}} {
		torrent := build(t, root, o).Marshal()
		t.Run(fmt.Sprintf("%s, pieces of %d", modeNames[o.Mode], o.PieceLength), func(t *testing.T) {
			onCores(t, func(t *testing.T) { sumsOf(t, files, want, o, torrent) })
		})
	}
}

func sumsOf(t *testing.T, files tree, want map[string][32]byte, o Options, torrent []byte) {
	all := trials(t, files)
	var mu sync.Mutex
	got := map[string][32]byte{}
	calls := 0
	var done []int64
	o.Progress = func(n int64) { done = append(done, n) }
	b := newBuilder(t, o)
	must(t, addAll(t.Context(), b, all, func(i int) func([32]byte) {
		if i%5 == 4 {
			return nil // not everybody wants one
		}
		return func(sum [32]byte) {
			mu.Lock()
			defer mu.Unlock()
			calls++
			got[all[i].path] = sum
		}
	}))
	for i, c := range all {
		c.check(t, content(c.path, int(c.length)))
		if sum, told := got[c.path]; told != (i%5 != 4) || told && sum != want[c.path] {
			t.Errorf("%s: %x, want %x", c.path, sum, want[c.path])
		}
	}
	if calls != len(got) {
		t.Errorf("%d calls for %d sums", calls, len(got))
	}
	if !slices.IsSorted(done) || done[len(done)-1] != files.length() {
		t.Errorf("progress %d, want %d at the end", done, files.length())
	}
	tor, err := b.Torrent()
	must(t, err)
	if string(tor.Marshal()) != string(torrent) {
		t.Error("another torrent than without sums")
	}
}

// The hash of a whole file and those of its pieces may be only so far apart: in files
// longer than that, one waits for the other.
func TestSumsOfFilesLongerThanTheLag(t *testing.T) {
	if testing.Short() {
		t.Skip("large")
	}
	dir := t.TempDir()
	sizes := map[string]int64{"a": 3*maxLag + 12_345, "b": 100, "c": maxLag + runSize + 1}
	want := map[string][32]byte{}
	for path, size := range sizes {
		sparse(t, dir+"/"+path, size, 0, size/2)
		f, err := os.Open(dir + "/" + path)
		must(t, err)
		h := sha256.New()
		_, err = io.Copy(h, f)
		must(t, err)
		f.Close()
		want[path] = [32]byte(h.Sum(nil))
	}
	tor := build(t, dir, Options{Name: "x", PieceLength: 64 * kib})
	onCores(t, func(t *testing.T) {
		var mu sync.Mutex
		got := map[string][32]byte{}
		r, err := tor.Check(t.Context(), dir, CheckOptions{Sum: func(path string, sum [32]byte) {
			mu.Lock()
			defer mu.Unlock()
			got[path] = sum
		}})
		must(t, err)
		if !r.OK() || !maps.Equal(got, want) {
			t.Errorf("%+v, sums %x, want %x", r, got, want)
		}
	})
}

// faults makes some of the calls to contents fail, each with an error of its own.
type faults struct {
	rng   *rand.Rand
	one   int // in so many calls fails
	mu    sync.Mutex
	fired []error
}

func (f *faults) fail(what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rng.IntN(f.one) > 0 {
		return nil
	}
	err := errors.New(what)
	f.fired = append(f.fired, err)
	return err
}

func TestBuilderGivesBackErrorsAndClosesWhatItOpened(t *testing.T) {
	files := tree{"a": 2_500_000, "b": 1, "c": 0, "d": 300_000, "e/f": 1<<20 + 1, "e/g": 0, "h": 16 * kib, "i": 5_000_000}
	all := trials(t, files) // their bytes are made once
	for round := range 300 {
		f := &faults{rng: rand.New(rand.NewPCG(uint64(round), 7)), one: []int{3, 10, 30, 100, 300}[round%5]}
		o := Options{Mode: []Mode{Hybrid, V2, V1}[round%3], PieceLength: 16 * kib << (round % 7)}
		var sum func(int) func([32]byte)
		if o.Mode != V1 && round%2 == 0 {
			sum = func(int) func([32]byte) { return func([32]byte) {} }
		}
		err := faultyRound(t, all, f, o, sum)
		if len(f.fired) > 0 != (err != nil) || err != nil && !slices.Contains(f.fired, err) {
			t.Fatalf("round %d: %v; failed: %v", round, err, f.fired)
		}
		if t.Failed() {
			t.Fatalf("round %d, failed: %v", round, f.fired)
		}
	}
}

func faultyRound(t *testing.T, all []*trial, f *faults, o Options, sum func(int) func([32]byte)) error {
	t.Helper()
	var fresh []*trial
	for _, c := range all {
		fresh = append(fresh, &trial{ReaderAt: c.ReaderAt, path: c.path, length: c.length, file: c.file, shift: c.shift, fails: f.fail})
	}
	err := addAll(t.Context(), newBuilder(t, o), fresh, sum)
	for _, c := range fresh {
		c.checkClosed(t)
		if err == nil && c.opened != 1 {
			t.Errorf("%s: opened %d times", c.path, c.opened)
		}
	}
	return err
}

func TestBuilderClosesWhatItOpenedWhenCancelled(t *testing.T) {
	files := tree{"a": 9_500_000, "b": 1, "c": 0, "d": 300_000, "e": 5_000_000}
	all := trials(t, files)
	for round := range 30 {
		ctx, cancel := context.WithCancelCause(t.Context())
		enough := errors.New("enough")
		left := round
		o := Options{PieceLength: 32 * kib, Progress: func(int64) {
			if left--; left < 0 {
				cancel(enough)
			}
		}}
		var fresh []*trial
		for _, c := range all {
			fresh = append(fresh, &trial{ReaderAt: c.ReaderAt, path: c.path, length: c.length, file: c.file, shift: c.shift})
		}
		var sum func(int) func([32]byte)
		if round%2 == 0 {
			sum = func(int) func([32]byte) { return func([32]byte) {} }
		}
		if err := addAll(ctx, newBuilder(t, o), fresh, sum); left < 0 && !errors.Is(err, enough) || left >= 0 && err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		for _, c := range fresh {
			c.checkClosed(t)
		}
		cancel(nil)
	}
}

// A content that is shorter than it says is an error, never a wrong hash.
func TestBuilderRefusesAContentThatEndsEarly(t *testing.T) {
	for _, size := range []int{100, 70_000, 3_000_000} {
		data := content("x", size)
		for name, c := range map[string]*trial{"read": inMemory("x", data), "mapped": onFile(t, "x", data)} {
			t.Run(fmt.Sprintf("%s, %d bytes", name, size), func(t *testing.T) {
				c.length += 5000 // a mapped page goes on behind the end of the file with zeros
				if c.file != nil {
					c.ReaderAt = io.NewSectionReader(c.file, c.shift, c.length)
				}
				err := addAll(t.Context(), newBuilder(t, Options{PieceLength: 16 * kib}), []*trial{c, inMemory("y", data)}, nil)
				if err == nil || !strings.Contains(err.Error(), "x: became shorter") {
					t.Fatalf("got %v", err)
				}
				c.checkClosed(t)
			})
		}
	}
}

// What the system will not map is read, and what it will map is not, whatever else it
// refused.
func TestARefusalToMapIsOfThatFileAlone(t *testing.T) {
	pipe, other, err := os.Pipe() // cannot be mapped
	must(t, err)
	defer other.Close()
	defer pipe.Close()
	data := content("x", 3_000_000)
	refused, mapped := inMemory("a", data), onFile(t, "b", data)
	refused.file = pipe
	var mu sync.Mutex
	reads := map[string]int{}
	count := func(what string) error {
		mu.Lock()
		defer mu.Unlock()
		reads[what]++
		return nil
	}
	refused.fails, mapped.fails = count, count
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // in order
	b := newBuilder(t, Options{PieceLength: 1 << 20})
	must(t, addAll(t.Context(), b, []*trial{refused, mapped}, nil))
	tor, err := b.Torrent()
	must(t, err)
	if tor.info.roots[0] != tor.info.roots[1] {
		t.Error("the same bytes have two roots")
	}
	// The last bytes of a file, less than a block, may be read.
	if reads["read a"] == 0 || reads["read b"] > 1 {
		t.Errorf("reads: %v", reads)
	}
}

// copying is a content that is copied while it is hashed.
type copying struct {
	Content
	to *os.File
}

func (c *copying) Keep(p []byte, off int64) error {
	_, err := c.to.WriteAt(p, off)
	return err
}

// Keep may be shown bytes that the file has lost since they were mapped. The system then
// refuses to write them, with an error that is about neither file: the content has to
// find out, as that of publish does.
func TestAFileThatShrinksWhileItIsCopiedIsAnError(t *testing.T) {
	root := plantTree(t, "payload", tree{"a": 3 * runSize, "b": 1})
	found, err := list(t.Context(), root, FollowLinks)
	must(t, err)
	to, err := os.Create(t.TempDir() + "/copy")
	must(t, err)
	defer to.Close()
	sources := []Source{
		{Path: "a", Length: 3 * runSize, Open: func() (Content, error) {
			c, err := found.open(0)
			return &copying{c, to}, err
		}},
		{Path: "b", Length: 1, Open: func() (Content, error) { return found.open(1) }},
	}
	o := Options{PieceLength: 1 << 20, Progress: func(int64) { must(t, os.Truncate(root+"/a", 100)) }}
	err = newBuilder(t, o).Add(t.Context(), sources)
	if !errors.Is(err, syscall.EFAULT) && (err == nil || !strings.Contains(err.Error(), root+"/a: became shorter")) {
		t.Errorf("got %v", err)
	}
}

func TestBuilderRefuses(t *testing.T) {
	file := func(path string, length int64) Source {
		return Source{Path: path, Length: length, Open: func() (Content, error) { return inMemory(path, content(path, int(length))), nil }}
	}
	cases := []struct {
		name string
		mode Mode
		adds [][]Source
		want string
	}{
		{"a path twice", Hybrid, [][]Source{{file("a", 5)}, {file("a", 5)}}, "twice"},
		{"a file and a folder", Hybrid, [][]Source{{file("a", 5)}, {file("a/b", 5)}}, "both a file and a folder"},
		{"a way out", Hybrid, [][]Source{{file("../a", 5), file("b", 1)}}, "another folder"},
		{"an absolute path", Hybrid, [][]Source{{file("/a", 5), file("b", 1)}}, "empty name"},
		{"a pad folder", Hybrid, [][]Source{{file(".pad/5", 5), file("b", 1)}}, "padding"},
		{"one file", Hybrid, [][]Source{{file("a", 5)}}, "two files"},
		{"no file", Hybrid, nil, "two files"},
		{"empty files", V2, [][]Source{{file("a", 0), file("b", 0)}}, "empty files only"},
		{"a negative length", V2, [][]Source{{{Path: "a", Length: -1}, file("b", 0)}}, "length -1"},
		{"a link with a length", V2, [][]Source{{{Path: "a", Length: 1, Link: "b"}, file("b", 1)}}, "no length"},
		{"a second Add for v1", V1, [][]Source{{file("a", 5)}, {file("b", 5)}}, "one Add"},
		{"a sum for v1", V1, [][]Source{{{Path: "a", Sum: func([32]byte) {}}, file("b", 5)}}, "no sums"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(t, Options{Mode: c.mode, PieceLength: 16 * kib})
			var err error
			for _, sources := range c.adds {
				if err == nil {
					err = b.Add(t.Context(), sources)
				}
			}
			if err == nil {
				_, err = b.Torrent()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

package torrentfile

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// reference says what Check should find out, the slow way: it compares the bytes on disk
// with the bytes that the torrent was made of, piece by piece.
type reference struct {
	c     treeCase
	mode  Mode
	root  string
	paths []string
	at    []int64 // where each file begins, pads counted
	want  map[string][]byte
	disk  map[string][]byte // nil for a missing file
}

func newReference(t *testing.T, c treeCase, mode Mode, root string) *reference {
	t.Helper()
	r := &reference{c: c, mode: mode, root: root, paths: c.files.paths(), want: map[string][]byte{}, disk: map[string][]byte{}}
	var end int64
	for _, path := range r.paths {
		r.at = append(r.at, end)
		end += int64(c.files[path])
		if mode != V1 {
			end = (end + c.pieceLength - 1) / c.pieceLength * c.pieceLength
		}
		r.want[path] = content(path, c.files[path])
		r.disk[path] = slices.Clone(r.want[path])
	}
	return r
}

// right says whether each byte of a piece is on disk and what it should be.
func (r *reference) right(piece int64) bool {
	from, to := piece*r.c.pieceLength, (piece+1)*r.c.pieceLength
	for i, path := range r.paths {
		want, disk := r.want[path], r.disk[path]
		first, last := max(from-r.at[i], 0), min(to-r.at[i], int64(len(want)))
		if first < last && (int64(len(disk)) < last || !bytes.Equal(disk[first:last], want[first:last])) {
			return false
		}
	}
	return true
}

// report is the report on one file, its fault aside.
func (r *reference) report(i int) FileReport {
	size := int64(len(r.want[r.paths[i]]))
	f := FileReport{Path: r.paths[i]}
	for off := int64(0); off < size; {
		piece := (r.at[i] + off) / r.c.pieceLength
		end := min((piece+1)*r.c.pieceLength-r.at[i], size)
		if n := len(f.Bad); r.right(piece) {
			f.Have += end - off
		} else if n > 0 && f.Bad[n-1].Off+f.Bad[n-1].Len == off {
			f.Bad[n-1].Len += end - off
		} else {
			f.Bad = append(f.Bad, Range{off, end - off})
		}
		off = end
	}
	return f
}

// faulty says what words Fault should hold: "" for no fault, "?" for any.
func (r *reference) faulty(f FileReport) string {
	disk, want := r.disk[f.Path], r.want[f.Path]
	switch {
	case disk == nil:
		return "is missing"
	case len(disk) < len(want):
		return "is shorter"
	case len(disk) > len(want):
		return "is longer"
	case len(f.Bad) > 0 && r.mode != V1:
		return "are not what the torrent says"
	case len(f.Bad) > 0: // its own bytes, or those of a neighbour
		return "?"
	}
	return ""
}

// check compares a report, of these files or of all, with what it should be.
func (r *reference) check(t *testing.T, got *Report, files []string) {
	t.Helper()
	var want []FileReport
	for i, path := range r.paths {
		if files == nil || slices.Contains(files, path) {
			want = append(want, r.report(i))
		}
	}
	if len(got.Files) != len(want) {
		t.Fatalf("%d reports, want %d", len(got.Files), len(want))
	}
	ok := true
	for i, f := range got.Files {
		fault, words := f.Fault, r.faulty(want[i])
		if (fault == "") != (words == "") || words != "?" && !strings.Contains(fault, words) {
			t.Errorf("%s: fault %q, want %q", f.Path, fault, words)
		}
		ok = ok && words == ""
		if f.Fault = ""; !reflect.DeepEqual(f, want[i]) {
			t.Errorf("%s of %d bytes: %+v, want %+v", f.Path, len(r.want[f.Path]), f, want[i])
		}
	}
	if got.OK() != ok || (got.Err() == nil) != ok {
		t.Errorf("OK is %v, Err %v; want %v", got.OK(), got.Err(), ok)
	}
}

// harm does something to a file, on disk and in the reference.
func (r *reference) harm(t *testing.T, rng *rand.Rand, path string) {
	t.Helper()
	data := r.disk[path]
	n := len(data)
	switch rng.IntN(8) {
	case 0:
		if !r.c.single { // a missing root cannot be checked
			must(t, os.Remove(r.c.at(r.root, path)))
			r.disk[path] = nil
			return
		}
	case 1, 2:
		data = data[:rng.IntN(n+1)]
	case 3:
		data = append(data, make([]byte, 1+rng.IntN(100_000))...)
	case 4, 5:
		if n > 0 {
			from := rng.IntN(n)
			for i := range data[from:min(n, from+1+rng.IntN(40_000))] {
				data[from+i] ^= 0xa5
			}
		}
	case 6:
		if n > 0 {
			data[rng.IntN(n)] ^= 1
		}
	}
	must(t, os.WriteFile(r.c.at(r.root, path), data, 0o644))
	r.disk[path] = data
}

func TestCheckTellsWhatIsThereAndRight(t *testing.T) {
	rounds := 100
	rng := rand.New(rand.NewPCG(6, 6))
	all := append(slices.DeleteFunc(slices.Clone(treeCases), func(c treeCase) bool { return c.files.length() > 5<<20 }), randomCases(60)...)
	for round := range rounds {
		c := all[rng.IntN(len(all))]
		mode := Mode(round % 3)
		t.Run(fmt.Sprintf("%d %s %s", round, modeNames[mode], c.name), func(t *testing.T) {
			root := c.plant(t)
			tor := build(t, root, Options{Mode: mode, PieceLength: c.pieceLength})
			r := newReference(t, c, mode, root)
			for _, path := range r.paths {
				if rng.IntN(3) == 0 {
					r.harm(t, rng, path)
				}
			}
			got, err := tor.Check(t.Context(), root, CheckOptions{})
			must(t, err)
			r.check(t, got, nil)
			r.checkSome(t, rng, tor)
		})
	}
}

// checkSome checks some of the files, whatever is on disk of the others.
func (r *reference) checkSome(t *testing.T, rng *rand.Rand, tor *Torrent) {
	t.Helper()
	some := []string{r.paths[rng.IntN(len(r.paths))]}
	for _, path := range r.paths {
		if rng.IntN(4) == 0 && path != some[0] {
			some = append(some, path)
		}
	}
	var mu sync.Mutex
	sums := map[string][32]byte{}
	o := CheckOptions{Files: some}
	if r.mode != V1 {
		o.Sum = func(path string, sum [32]byte) {
			mu.Lock()
			defer mu.Unlock()
			if _, twice := sums[path]; twice {
				t.Errorf("%s: two sums", path)
			}
			sums[path] = sum
		}
	}
	named := some
	if tor.SingleFile() {
		named = nil
	}
	o.Files = named
	got, err := tor.Check(t.Context(), r.root, o)
	must(t, err)
	r.check(t, got, some)
	if r.mode != V1 {
		r.checkSums(t, some, sums)
	}
}

// checkSums wants the sum of every file that has its length, right or not.
func (r *reference) checkSums(t *testing.T, some []string, sums map[string][32]byte) {
	t.Helper()
	wanted := 0
	for _, path := range some {
		if disk := r.disk[path]; disk != nil && len(disk) == len(r.want[path]) {
			wanted++
			name := path
			if r.c.single {
				name = filepath.Base(r.root)
			}
			if sums[name] != sha256.Sum256(disk) {
				t.Errorf("%s: sum %x", path, sums[name])
			}
		}
	}
	if len(sums) != wanted {
		t.Errorf("%d sums, want %d", len(sums), wanted)
	}
}

// neighbours is a tree whose files share pieces in v1.
var neighbours = tree{"a": 20_000, "b": 20_000, "c": 0, "d": 100, "e": 3_000_000}

func TestCheckOfSomeFilesReadsTheirNeighboursInV1(t *testing.T) {
	root := plantTree(t, "payload", neighbours)
	tor := build(t, root, Options{Mode: V1, PieceLength: 16 * kib})
	for _, path := range neighbours.paths() {
		got, err := tor.Check(t.Context(), root, CheckOptions{Files: []string{path}})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		want := []FileReport{{Path: path, Have: int64(neighbours[path])}}
		if !reflect.DeepEqual(got.Files, want) || !got.OK() {
			t.Errorf("%+v, want %+v", got.Files, want)
		}
	}
}

// Root may read everything, so the test runs itself again as somebody else.
func TestCheckOfSomeFilesReadsNoOthers(t *testing.T) {
	if os.Geteuid() == 0 {
		asNobody(t)
		return
	}
	root := plantTree(t, "payload", neighbours)
	for _, mode := range []Mode{Hybrid, V2} {
		tor := build(t, root, Options{Mode: mode, PieceLength: 16 * kib})
		for _, path := range neighbours.paths() {
			must(t, os.Chmod(root+"/"+path, 0))
		}
		if _, err := tor.Check(t.Context(), root, CheckOptions{}); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Fatalf("the files can be read: %v", err)
		}
		for _, path := range neighbours.paths() {
			must(t, os.Chmod(root+"/"+path, 0o400))
			var read int64
			got, err := tor.Check(t.Context(), root, CheckOptions{Files: []string{path}, Progress: func(done int64) { read = done }})
			must(t, err)
			if want := int64(neighbours[path]); !got.OK() || got.Files[0].Have != want || read != want {
				t.Errorf("%s: %+v, %d bytes read", path, got.Files, read)
			}
			must(t, os.Chmod(root+"/"+path, 0))
		}
		for _, path := range neighbours.paths() {
			must(t, os.Chmod(root+"/"+path, 0o600))
		}
	}
}

const nobody = "COMMONSEED_TEST_NOBODY"

// asNobody runs this test again as a user without rights.
func asNobody(t *testing.T) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = os.TempDir()
	cmd.Env = append(os.Environ(), nobody+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestCheckRefusesAFileThatIsNotInTheTorrent(t *testing.T) {
	root := plantTree(t, "payload", neighbours)
	tor := build(t, root, Options{})
	if _, err := tor.Check(t.Context(), root, CheckOptions{Files: []string{"a", "nothing"}}); err == nil || !strings.Contains(err.Error(), "nothing: is not part") {
		t.Errorf("got %v", err)
	}
	v1 := build(t, root, Options{Mode: V1})
	if _, err := v1.Check(t.Context(), root, CheckOptions{Sum: func(string, [32]byte) {}}); err == nil {
		t.Error("sums of a v1 torrent")
	}
}

// A system lets a program have so many files open, and a partial download can have more:
// each file that is half there is closed when what there is of it was looked at.
func TestCheckOfManyShortFilesDoesNotKeepThemOpen(t *testing.T) {
	files := tree{}
	for i := range 400 {
		files[fmt.Sprint(i)] = 20_000
	}
	root := plantTree(t, "payload", files)
	for mode, name := range modeNames {
		t.Run(name, func(t *testing.T) {
			tor := build(t, root, Options{Mode: mode, PieceLength: 16 * kib})
			for path := range files {
				must(t, os.Truncate(root+"/"+path, 19_000))
			}
			defer func() {
				for path, size := range files {
					must(t, os.WriteFile(root+"/"+path, content(path, size), 0o644))
				}
			}()
			open := 0
			got, err := tor.Check(t.Context(), root, CheckOptions{Progress: func(int64) {
				fds, _ := os.ReadDir("/proc/self/fd")
				open = max(open, len(fds))
			}})
			must(t, err)
			if open > 100 {
				t.Errorf("%d files open at once", open)
			}
			if len(got.Files) != len(files) || got.OK() {
				t.Error("not a report of short files")
			}
		})
	}
}

func TestCheckSaysWhenAllIsOfAnotherKind(t *testing.T) {
	folder := plantTree(t, "payload", tree{"a": 20_000, "b": 5})
	cases := map[string]struct{ of, root, want string }{
		"a folder for a file": {folder + "/a", folder, "a: is a folder on disk"},
		"a file for a folder": {folder, folder + "/a", "payload: is a file on disk"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := Verify(t.Context(), build(t, c.of, Options{}), c.root, nil)
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestCheckRefusesATorrentWithoutItsLayers(t *testing.T) {
	root := plantTree(t, "payload", tree{"a": 50_000, "b": 5})
	tor, err := ParseMetadata(build(t, root, Options{PieceLength: 16 * kib}).InfoBytes)
	must(t, err)
	if _, err := tor.Check(t.Context(), root, CheckOptions{}); err == nil || !strings.Contains(err.Error(), "piece layers") {
		t.Errorf("got %v", err)
	}
}

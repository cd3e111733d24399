package torrentfile

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// mishaps are what can happen to a file while it is read.
var mishaps = []struct {
	name string
	do   func(path string) error
}{
	{"shrinks to nothing", func(path string) error { return os.Truncate(path, 0) }},
	{"shrinks to the middle", func(path string) error { return os.Truncate(path, 5<<20) }},
	{"shrinks by a byte", func(path string) error { return shrink(path, 1) }},
	{"shrinks and grows again", func(path string) error {
		return errors.Join(os.Truncate(path, 100), os.Truncate(path, manyRuns))
	}},
	{"grows", func(path string) error { return os.Truncate(path, manyRuns+1) }},
	{"is written to", func(path string) error {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteAt([]byte("x"), manyRuns-1)
		}
		return errors.Join(err, f.Close())
	}},
	{"is replaced", func(path string) error {
		return errors.Join(os.WriteFile(path+".new", content("other", manyRuns), 0o644), os.Rename(path+".new", path))
	}},
	{"is replaced by a folder", func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o755)) }},
	{"is replaced by a named pipe", func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o644)) }},
	{"is replaced by a link to itself", func(path string) error { return errors.Join(os.Remove(path), os.Symlink(path, path)) }},
	{"vanishes", os.Remove},
	{"becomes unreadable", func(path string) error { return os.Chmod(path, 0) }},
}

// manyRuns is that of a file of several runs, each of which is mapped.
const manyRuns = 2*runSize + 12_345

func shrink(path string, n int64) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, st.Size()-n)
}

// Nothing that happens to a file may pass for its content, let alone end the program.
func TestAFileThatChangesWhileItIsReadIsNamed(t *testing.T) {
	// On one core the files are read in order: one under way can be changed, and one
	// that was not opened yet.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, path := range []string{"a", "z"} {
		for _, m := range mishaps {
			t.Run(map[string]string{"a": "read file ", "z": "next file "}[path]+m.name, func(t *testing.T) {
				namedWhenChanged(t, path, m.do)
			})
		}
	}
}

func namedWhenChanged(t *testing.T, path string, do func(string) error) {
	files := tree{"a": manyRuns, "z": manyRuns}
	for _, job := range changeJobs {
		root := plantTree(t, "payload", files)
		tor := build(t, root, Options{Mode: job.mode, PieceLength: 64 * kib})
		full, changed := filepath.Join(root, path), false
		err := job.run(t.Context(), root, tor, func(done int64) {
			// Late enough for a stretch of the file to be mapped.
			if !changed && done >= 3<<20 {
				changed = true
				must(t, do(full))
			}
		})
		if !changed {
			t.Error("nothing changed")
		}
		if err == nil || !strings.Contains(err.Error(), full) {
			t.Errorf("%s: got %v, want an error about %s", job.name, err, full)
		}
		if errors.As(err, new(*MismatchError)) {
			t.Errorf("%s: calls a file that changed damaged: %v", job.name, err)
		}
	}
}

// changeJobs are all ways to read a payload.
var changeJobs = []struct {
	name string
	mode Mode
	run  func(ctx context.Context, root string, tor *Torrent, progress func(int64)) error
}{
	{"build", Hybrid, buildJob(Hybrid)},
	{"build v1", V1, buildJob(V1)},
	{"build v2", V2, buildJob(V2)},
	{"check", Hybrid, func(ctx context.Context, root string, tor *Torrent, progress func(int64)) error {
		return Verify(ctx, tor, root, progress)
	}},
	{"check with sums", V2, func(ctx context.Context, root string, tor *Torrent, progress func(int64)) error {
		r, err := tor.Check(ctx, root, CheckOptions{Progress: progress, Sum: func(string, [32]byte) {}})
		if err != nil {
			return err
		}
		return r.Err()
	}},
	{"add with sums", Hybrid, func(ctx context.Context, root string, tor *Torrent, progress func(int64)) error {
		got, err := addWithSums(ctx, root, progress)
		if err == nil && got != tor.InfohashV2() {
			err = errors.New("another torrent")
		}
		return err
	}},
}

func buildJob(mode Mode) func(ctx context.Context, root string, tor *Torrent, progress func(int64)) error {
	return func(ctx context.Context, root string, tor *Torrent, progress func(int64)) error {
		got, err := Build(ctx, root, Options{Name: "payload", Mode: mode, PieceLength: 64 * kib, Progress: progress})
		if err == nil && string(got.Marshal()) != string(tor.Marshal()) {
			err = errors.New("another torrent")
		}
		return err
	}
}

// addWithSums builds what lies on disk with a Builder.
func addWithSums(ctx context.Context, root string, progress func(int64)) (string, error) {
	found, err := list(ctx, root, FollowLinks)
	if err != nil {
		return "", err
	}
	b, err := NewBuilder(Options{Name: "payload", PieceLength: 64 * kib, Progress: progress})
	if err != nil {
		return "", err
	}
	var sources []Source
	for i, e := range found.entries {
		sources = append(sources, Source{Path: e.path, Length: e.length, Open: func() (Content, error) { return found.open(i) }, Sum: func([32]byte) {}})
	}
	if err := b.Add(ctx, sources); err != nil {
		return "", err
	}
	tor, err := b.Torrent()
	if err != nil {
		return "", err
	}
	return tor.InfohashV2(), nil
}

// A file loses its end at any moment, also between the look at its length and the
// reading of memory that it is mapped to: the system then signals a bus error.
func TestAFileMayShrinkAtAnyMoment(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	files := tree{"a": 100_000, "m": 6 * manyRuns, "z": 5}
	data := content("m", files["m"])
	root := plantTree(t, "payload", files)
	path := filepath.Join(root, "m")
	failed := 0
	for round := range 50 {
		job := changeJobs[round%len(changeJobs)]
		must(t, os.WriteFile(path, data, 0o644))
		tor := build(t, root, Options{Mode: job.mode, PieceLength: 64 * kib})
		to, after := rng.Int64N(3)*rng.Int64N(2*manyRuns), time.Duration(rng.Int64N(int64(30*time.Millisecond)))
		var wg sync.WaitGroup
		wg.Go(func() {
			time.Sleep(after)
			must(t, os.Truncate(path, to))
		})
		err := job.run(t.Context(), root, tor, nil)
		wg.Wait()
		if err != nil {
			failed++
		}
		// A file that was short from the start is another payload: that is no error of
		// Build, but its torrent is another one, and a fault for Check.
		early := err != nil && (err.Error() == "another torrent" || errors.As(err, new(*MismatchError)))
		if err != nil && !early && !strings.Contains(err.Error(), path) && !strings.HasPrefix(err.Error(), "m: ") {
			t.Errorf("round %d, %s: %v", round, job.name, err)
		}
	}
	t.Logf("%d of 50 were caught by the change", failed)
}

// wait is how long a test waits at most for what should come at once: machines are busy.
const wait = 2 * time.Second

func TestCancellingEndsHashingAtOnce(t *testing.T) {
	const size = 20 << 30
	path := filepath.Join(t.TempDir(), "sparse")
	sparse(t, path, size)
	tor := zeroTorrent(size)
	found, err := list(t.Context(), path, FollowLinks)
	must(t, err)
	jobs := map[string]func(ctx context.Context, progress func(int64)) error{
		"Build": func(ctx context.Context, progress func(int64)) error {
			_, err := Build(ctx, path, Options{Name: "sparse", Progress: progress})
			return err
		},
		"Check": func(ctx context.Context, progress func(int64)) error {
			_, err := tor.Check(ctx, path, CheckOptions{Progress: progress})
			return err
		},
		"Check with sums": func(ctx context.Context, progress func(int64)) error {
			_, err := tor.Check(ctx, path, CheckOptions{Progress: progress, Sum: func(string, [32]byte) {}})
			return err
		},
		"Add": func(ctx context.Context, progress func(int64)) error {
			b := newBuilder(t, Options{PieceLength: 16 << 20, Progress: progress})
			return b.Add(ctx, []Source{{Path: "a", Length: size, Open: func() (Content, error) { return found.open(0) }, Sum: func([32]byte) {}}})
		},
	}
	for name, job := range jobs {
		t.Run(name, func(t *testing.T) {
			var took []time.Duration
			for range 5 {
				took = append(took, untilCancelled(t, job))
			}
			slices.Sort(took)
			t.Logf("%v in the median of %v", took[2], took)
			if took[2] > wait {
				t.Errorf("%v from the cancel to the end", took[2])
			}
		})
	}
}

// Cores that wait for each other are woken, whenever it happens.
func TestCancellingAtAnyMomentEndsHashing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sparse")
	sparse(t, path, 3*maxLag)
	tor := build(t, path, Options{Name: "sparse", PieceLength: 32 * kib})
	rng := rand.New(rand.NewPCG(5, 6))
	onCores(t, func(t *testing.T) {
		for range 15 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rng.Int64N(int64(80*time.Millisecond))))
			begun := time.Now()
			_, err := tor.Check(ctx, path, CheckOptions{Sum: func(string, [32]byte) {}})
			if err != nil && !errors.Is(err, context.DeadlineExceeded) || err != nil && time.Since(begun) > wait {
				t.Errorf("%v after %v", err, time.Since(begun))
			}
			cancel()
		}
	})
}

// untilCancelled is how long a job goes on when it was cancelled.
func untilCancelled(t *testing.T, job func(context.Context, func(int64)) error) time.Duration {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var at time.Time
	err := job(ctx, func(done int64) {
		if at.IsZero() && done > 50<<20 {
			at = time.Now()
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	return time.Since(at)
}

// zeroTorrent is of one file, with hashes that are wrong but as many as there should be.
func zeroTorrent(size int64) *Torrent {
	lay := aligned(16<<20, []entry{{path: "sparse", length: size}}, false)
	n := lay.numPieces()
	return &Torrent{info: info{name: "sparse", single: true, v1: true, v2: true, layout: lay, roots: make([]digest, 1),
		pieces: make([]byte, n*sha1Size), layers: map[digest][]byte{{}: make([]byte, n*sha256Size)}}}
}

// The cause of a cancelled context is told, not that it was cancelled.
func TestCancellingTellsTheCause(t *testing.T) {
	root := plantTree(t, "payload", tree{"a": 100_000, "b": 5})
	tor := build(t, root, Options{})
	cause := errors.New("the creator closed the window")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := Build(ctx, root, Options{Name: "payload"}); !errors.Is(err, cause) {
		t.Errorf("Build: %v", err)
	}
	if _, err := tor.Check(ctx, root, CheckOptions{}); !errors.Is(err, cause) {
		t.Errorf("Check: %v", err)
	}
	if err := addAll(ctx, newBuilder(t, Options{PieceLength: 16 * kib}), trials(t, tree{"a": 5, "b": 6}), nil); !errors.Is(err, cause) {
		t.Errorf("Add: %v", err)
	}
}

func TestCheckRefusesWhatIsNoFile(t *testing.T) {
	cases := map[string]func(path string) error{
		"a named pipe": func(path string) error { return syscall.Mkfifo(path, 0o644) },
		"a socket":     func(path string) error { return syscall.Mknod(path, syscall.S_IFSOCK|0o644, 0) },
		"a device":     func(path string) error { return syscall.Mknod(path, syscall.S_IFCHR|0o644, 1<<8|3) },
		"in a circle":  func(path string) error { return os.Symlink(filepath.Base(path), path) },
		"out of":       func(path string) error { return os.Symlink("/etc/passwd", path) },
		"out of ":      func(path string) error { return os.Symlink("..", path) },
	}
	for want, plant := range cases {
		t.Run(want, func(t *testing.T) {
			root := plantTree(t, "payload", tree{"a": 100, "b": 100})
			tor := build(t, root, Options{})
			must(t, os.Remove(root+"/b"))
			if err := plant(root + "/b"); errors.Is(err, syscall.EPERM) {
				t.Skip("only root can make one")
			}
			for _, links := range []Links{FollowLinks, KeepLinks} {
				_, err := Build(t.Context(), root, Options{Name: "payload", Links: links})
				if err == nil || !strings.Contains(err.Error(), root+"/b: is") || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
					t.Errorf("Build: %v", err)
				}
			}
			if _, err := tor.Check(t.Context(), root, CheckOptions{}); err == nil || !strings.Contains(err.Error(), root+"/b: is") {
				t.Errorf("Check: %v", err)
			}
		})
	}
}

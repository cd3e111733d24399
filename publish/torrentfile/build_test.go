package torrentfile

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var modeNames = map[Mode]string{Hybrid: "hybrid", V1: "v1", V2: "v2"}

// anyName overrules all doubts.
var anyName = []string{lintReserved, lintUnportable, lintCollision, lintLong, lintDenormal}

func build(t *testing.T, root string, o Options) *Torrent {
	t.Helper()
	if o.Name == "" {
		o.Name = filepath.Base(root)
	}
	o.Allow = anyName
	tor, err := Build(context.Background(), root, o)
	if err != nil {
		t.Fatal(err)
	}
	return tor
}

func TestBuildRefusesNamingTheFile(t *testing.T) {
	write := func(path string) func(root string) error {
		return func(root string) error {
			full := filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
				return err
			}
			return os.WriteFile(full, []byte("x"), 0o644)
		}
	}
	cases := []struct {
		name  string
		plant func(root string) error
		want  []string
	}{
		{"link in a circle", func(root string) error {
			return errors.Join(os.Symlink("b", filepath.Join(root, "a")), os.Symlink("a", filepath.Join(root, "b")))
		}, []string{"payload/a", "in a circle"}},
		{"link to a folder inside", func(root string) error {
			return errors.Join(os.MkdirAll(filepath.Join(root, "d/e"), 0o755), os.Symlink("..", filepath.Join(root, "d/e/up")))
		}, []string{"e/up", "to a folder"}},
		{"link to a device", func(root string) error { return os.Symlink("/dev/null", filepath.Join(root, "void")) }, []string{"void", "out of the folder"}},
		{"symbolic link to a folder", func(root string) error { return os.Symlink("..", filepath.Join(root, "up")) }, []string{"up", "out of the folder"}},
		{"dangling link", func(root string) error { return os.Symlink("nowhere", filepath.Join(root, "lost")) }, []string{"lost", "leads nowhere"}},
		{"named pipe", func(root string) error { return syscall.Mkfifo(filepath.Join(root, "pipe"), 0o644) }, []string{"pipe", "named pipe"}},
		{"socket", func(root string) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(root, "sock")})
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		}, []string{"sock", "a socket"}},
		{"pad folder", write(".pad/5"), []string{".pad/5", "BEP 47"}},
		{"upper and lower case", func(root string) error {
			return errors.Join(write("Cover.JPG")(root), write("cover.jpg")(root))
		}, []string{"cover.jpg", "upper and lower case"}},
		{"file and folder but for case", func(root string) error {
			return errors.Join(write("extra")(root), write("Extra/x")(root))
		}, []string{"extra", "upper and lower case"}},
		{"backslash", write(`a\b`), []string{`a\\b`, "backslash"}},
		{"control character", write("a\nb"), []string{`a\nb`, "control character"}},
		{"not UTF-8", write("caf\xe9"), []string{`caf\xe9`, "UTF-8"}},
		{"folder not UTF-8", write("caf\xe9/x"), []string{`caf\xe9`, "UTF-8"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			root := plantTree(t, "payload", tree{"song": 10})
			if err := c.plant(root); err != nil {
				t.Fatal(err)
			}
			_, err := Build(context.Background(), root, Options{Name: "payload"})
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestBuildRefusesRootsAndOptions(t *testing.T) {
	full := plantTree(t, "full", tree{"a": 10})
	cases := []struct {
		name, root string
		o          Options
		want       string
	}{
		{"a device", "/dev/null", Options{Name: "x"}, "/dev/null: is a device"},
		{"nothing", filepath.Join(full, "none"), Options{Name: "x"}, "none: no such file"},
		{"empty folder", plantTree(t, "hollow", nil), Options{Name: "x"}, "hollow: holds no files"},
		{"empty files", plantTree(t, "void", tree{"a": 0, "b": 0}), Options{Name: "x"}, "void: holds empty files only"},
		{"no name", full, Options{}, "empty name"},
		{"name with a slash", full, Options{Name: "a/b"}, "slash"},
		{"name that leads up", full, Options{Name: ".."}, "another folder"},
		{"piece too short", full, Options{Name: "x", PieceLength: 8 * kib}, "power of two"},
		{"piece too long", full, Options{Name: "x", PieceLength: 32 << 20}, "power of two"},
		{"odd piece", full, Options{Name: "x", PieceLength: 48 * kib}, "power of two"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Build(context.Background(), c.root, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestBuildFollowsALinkThatIsTheRoot(t *testing.T) {
	root := plantTree(t, "payload", tree{"a": 10})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(root, link); err != nil {
		t.Fatal(err)
	}
	if build(t, link, Options{Name: "x"}).InfohashV1() != build(t, root, Options{Name: "x"}).InfohashV1() {
		t.Error("other infohash through a link")
	}
}

func TestBuildRefusesAFileThatCannotBeRead(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	root := plantTree(t, "payload", tree{"a": 10, "secret": 10})
	if err := os.Chmod(filepath.Join(root, "secret"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(context.Background(), root, Options{Name: "x"}); !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "secret") {
		t.Fatalf("got %v", err)
	}
}

func TestBuildRefusesAFileThatChanges(t *testing.T) {
	// On one core the last file is read last, so it can be changed in good time.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	cases := []struct {
		name   string
		change func(path string) error
		want   string
	}{
		{"shrinks", func(path string) error { return os.Truncate(path, 5) }, "shorter"},
		{"grows", func(path string) error { return os.Truncate(path, 50_000) }, "from 40000 to 50000 bytes"},
		{"is written to", func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) }, "written to"},
		{"vanishes", os.Remove, "no such file"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			root := plantTree(t, "payload", tree{"a": 2 * runSize, "z": 40_000})
			last := filepath.Join(root, "z")
			changed := false
			o := Options{Name: "x", Progress: func(int64) {
				if !changed {
					changed = true
					if err := c.change(last); err != nil {
						t.Error(err)
					}
				}
			}}
			_, err := Build(context.Background(), root, o)
			if err == nil || !strings.Contains(err.Error(), last) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestBuildStopsWhenCancelled(t *testing.T) {
	root := plantTree(t, "payload", tree{"a": 20 * runSize})
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	_, err := Build(ctx, root, Options{Name: "x", Progress: func(int64) { calls++; cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if calls >= 20 {
		t.Error("read on to the end")
	}
	if _, err := Build(ctx, root, Options{Name: "x"}); !errors.Is(err, context.Canceled) {
		t.Fatalf("with a cancelled context: %v", err)
	}
}

func TestProgressRisesToTheLength(t *testing.T) {
	files := manyFiles(300)
	files["large"] = 3*runSize + 7
	root := plantTree(t, "payload", files)
	var last int64
	tor := build(t, root, Options{PieceLength: 32 * kib, Progress: func(done int64) {
		if done <= last {
			t.Errorf("%d after %d", done, last)
		}
		last = done
	}})
	if last != files.length() || tor.Length() != last {
		t.Errorf("last progress %d, Length %d, payload %d", last, tor.Length(), files.length())
	}
}

func TestBuildIsDeterministic(t *testing.T) {
	root := plantTree(t, "payload", manyFiles(50))
	o := Options{License: "https://creativecommons.org/licenses/by/4.0/", Announcement: Announcement{Trackers: [][]string{{"http://t.example/announce"}}}}
	if a, b := build(t, root, o).Marshal(), build(t, root, o).Marshal(); string(a) != string(b) {
		t.Error("two builds differ")
	}
}

func TestLicenseIsInsideInfo(t *testing.T) {
	root := plantTree(t, "payload", tree{"a": 100})
	const url = "https://creativecommons.org/licenses/by/4.0/"
	with, without := build(t, root, Options{License: url}), build(t, root, Options{})
	if with.License() != url || !strings.Contains(string(with.InfoBytes), "7:license44:"+url) {
		t.Errorf("License() %q in %q", with.License(), with.InfoBytes)
	}
	if without.License() != "" || strings.Contains(string(without.InfoBytes), "license") {
		t.Error("a licence that nobody gave")
	}
	if with.InfohashV1() == without.InfohashV1() || with.InfohashV2() == without.InfohashV2() {
		t.Error("the licence does not change the infohashes")
	}
}

func TestPieceLengthChosen(t *testing.T) {
	many := func(n int, length int64) []entry {
		files := make([]entry, n)
		for i := range files {
			files[i].length = length
		}
		return files
	}
	cases := []struct {
		name  string
		files []entry
		want  int64
	}{
		{"one byte", many(1, 1), 16 * kib},
		{"2000 pieces of 16 KiB", many(1, 2000*16*kib), 16 * kib},
		{"one byte more", many(1, 2000*16*kib+1), 32 * kib},
		{"1 GiB", many(1, 1<<30), 1 << 20},
		{"30 GiB", many(1, 30<<30), 16 << 20},
		{"1 TiB", many(1, 1<<40), 16 << 20},
		{"an album", many(12, 35_000_000), 256 * kib},
		{"5000 photos: pads count", many(5000, 5_200_000), 1 << 20},
		{"100,000 notes: pads count", many(100_000, 1000), 16 * kib},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := choosePieceLength(c.files, len(c.files) > 1); got != c.want {
				t.Fatalf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestParallelReturnsTheLowestError(t *testing.T) {
	for range 50 {
		err := parallel(context.Background(), 1000, 3, func() func(first, last int) error {
			return func(first, last int) error {
				for i := first; i < last; i++ {
					if i >= 500 {
						return fmt.Errorf("error at %d", i)
					}
				}
				return nil
			}
		})
		if err == nil || err.Error() != "error at 500" {
			t.Fatal(err)
		}
	}
}

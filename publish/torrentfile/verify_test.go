package torrentfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anacrolix/torrent/bencode"
)

// flip changes one byte of a file and nothing else about it but the time.
func flip(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b[:], at); err != nil {
		t.Fatal(err)
	}
}

func wantMismatch(t *testing.T, err error, path, why string) {
	t.Helper()
	var mismatch *MismatchError
	if !errors.As(err, &mismatch) {
		t.Fatalf("got %v, want a mismatch", err)
	}
	if mismatch.Path != path || !strings.Contains(mismatch.Why, why) {
		t.Errorf("got %q, %q; want %q, %q", mismatch.Path, mismatch.Why, path, why)
	}
}

func TestVerifyPayload(t *testing.T) {
	files := tree{"a/x": 50_000, "a-b": 16 * kib, "b": 5, "c": 0, "z": 100_000}
	cases := []struct {
		name      string
		harm      func(t *testing.T, root string)
		path, why string // path "": the payload still matches
	}{
		{"untouched", func(*testing.T, string) {}, "", ""},
		{"first byte", func(t *testing.T, root string) { flip(t, root+"/a/x", 0) }, "a/x", "bytes 0 to 16383"},
		{"last byte", func(t *testing.T, root string) { flip(t, root+"/a/x", 49_999) }, "a/x", "bytes 49152 to 49999"},
		{"one piece", func(t *testing.T, root string) { flip(t, root+"/a-b", 9) }, "a-b", "bytes 0 to 16383"},
		{"tiny file", func(t *testing.T, root string) { flip(t, root+"/b", 4) }, "b", "bytes 0 to 4"},
		{"first of two", func(t *testing.T, root string) { flip(t, root+"/z", 70_000); flip(t, root+"/b", 1) }, "b", "bytes 0 to 4"},
		{"missing", func(t *testing.T, root string) { must(t, os.Remove(root+"/b")) }, "b", "missing"},
		{"missing empty file", func(t *testing.T, root string) { must(t, os.Remove(root+"/c")) }, "c", "missing"},
		{"shorter", func(t *testing.T, root string) { must(t, os.Truncate(root+"/z", 99_999)) }, "z", "shorter"},
		{"longer", func(t *testing.T, root string) { must(t, os.Truncate(root+"/z", 100_001)) }, "z", "longer"},
		{"empty file filled", func(t *testing.T, root string) { must(t, os.WriteFile(root+"/c", []byte("x"), 0o644)) }, "c", "longer"},
		{"surplus", func(t *testing.T, root string) { must(t, os.WriteFile(root+"/new", nil, 0o644)) }, "new", "not part"},
		{"surplus folder", func(t *testing.T, root string) { must(t, os.Mkdir(root+"/new", 0o755)) }, "", ""},
		{"pads on disk", func(t *testing.T, root string) {
			must(t, os.Mkdir(root+"/.pad", 0o755))
			must(t, os.WriteFile(root+"/.pad/16379", make([]byte, 16379), 0o644))
		}, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			root := plantTree(t, "payload", files)
			tor := build(t, root, Options{PieceLength: 16 * kib})
			c.harm(t, root)
			var last int64
			err := Verify(context.Background(), tor, root, func(done int64) { last = done })
			if c.path != "" {
				wantMismatch(t, err, c.path, c.why)
			} else if err != nil || last != tor.Length() {
				t.Fatalf("got %v after %d bytes of %d", err, last, tor.Length())
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestVerifyRefusesALinkInThePayload(t *testing.T) {
	root := plantTree(t, "payload", tree{"a": 100, "b": 100})
	tor := build(t, root, Options{})
	must(t, os.Rename(root+"/a", filepath.Join(filepath.Dir(root), "a")))
	must(t, os.Symlink("../a", root+"/a"))
	if err := Verify(context.Background(), tor, root, nil); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Fatalf("got %v", err)
	}
}

// A torrent whose two halves disagree matches no payload.
func TestVerifyChecksBothHalvesOfAHybrid(t *testing.T) {
	root := plantTree(t, "payload", tree{"a": 40_000, "b": 10})
	valid := build(t, root, Options{PieceLength: 16 * kib}).Marshal()
	cases := map[string]struct {
		forge     func(info map[string]any)
		path, why string
	}{
		"v1": {func(in map[string]any) {
			pieces := []byte(in["pieces"].(string))
			pieces[len(pieces)-1] ^= 1
			in["pieces"] = string(pieces)
		}, "b", "v1 hash"},
		"v2": {func(in map[string]any) { leaf(in, "b")["pieces root"] = strings.Repeat("x", 32) }, "b", "bytes 0 to 9"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var outer map[string]any
			must(t, bencode.Unmarshal(valid, &outer))
			c.forge(outer["info"].(map[string]any))
			tor, err := Parse(bencode.MustMarshal(outer))
			must(t, err)
			wantMismatch(t, Verify(context.Background(), tor, root, nil), c.path, c.why)
		})
	}
}

func TestVerifyStopsWhenCancelled(t *testing.T) {
	root := plantTree(t, "payload", tree{"a": 20 * runSize})
	tor := build(t, root, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	if err := Verify(ctx, tor, root, func(int64) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

package stamp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// source is a file of some bytes.
func source(t *testing.T, size int) (*os.File, []byte) {
	t.Helper()
	data := bytes.Repeat([]byte("0123456789abcdef!"), size/17+1)[:size]
	path := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, data
}

// TestCopyTo writes patches of large and of small pieces, from a file and from
// memory: always the bytes that reading them gives.
func TestCopyTo(t *testing.T) {
	file, data := source(t, 3<<20)
	small := Patch{}
	for i := range int64(5000) {
		small = small.keep(i*7, 3).add([]byte{byte(i)})
	}
	for name, p := range map[string]Patch{
		"large":  Patch{}.add([]byte("head")).keep(5, 2<<20).add(data[:copyBuffer+9]).keep(1<<20, 1<<20).add([]byte("tail")),
		"small":  small,
		"nobody": {},
	} {
		want, err := io.ReadAll(p.Reader(file))
		if err != nil {
			t.Fatal(err)
		}
		for kind, src := range map[string]io.ReaderAt{"file": file, "memory": bytes.NewReader(data)} {
			dst, err := os.Create(filepath.Join(t.TempDir(), "copy"))
			if err != nil {
				t.Fatal(err)
			}
			var told int64
			if err := p.CopyTo(context.Background(), dst, src, func(n int64) { told += n }); err != nil {
				t.Errorf("%s from %s: %v", name, kind, err)
			}
			got, err := os.ReadFile(dst.Name())
			if err != nil || !bytes.Equal(got, want) || told != int64(len(want)) {
				t.Errorf("%s from %s: %d bytes, told of %d, want %d, %v", name, kind, len(got), told, len(want), err)
			}
			dst.Close()
		}
	}
}

// TestCopyToStops: a source that is shorter than it was, and a context that is done.
func TestCopyToStops(t *testing.T) {
	file, _ := source(t, 1<<20)
	dst, err := os.Create(filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	nobody := func(int64) {}
	for _, p := range []Patch{Patch{}.keep(0, 2<<20), Patch{}.keep(1<<20-5, 10)} {
		if err := p.CopyTo(context.Background(), dst, file, nobody); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("short source: %v", err)
		}
	}
	if err := (Patch{}.keep(0, 2)).CopyTo(context.Background(), dst, strings.NewReader("1"), nobody); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("short memory: %v", err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("enough")
	cancel(why)
	if err := (Patch{}.keep(0, 1<<20)).CopyTo(ctx, dst, file, nobody); !errors.Is(err, why) {
		t.Errorf("stopped: %v", err)
	}
}

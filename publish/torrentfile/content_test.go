package torrentfile

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// trial is a Content that watches how it is used, and fails where it is told to.
type trial struct {
	io.ReaderAt
	path   string
	length int64
	file   *os.File // that holds the bytes from shift on, nil: not to be mapped
	shift  int64
	fails  func(what string) error // may be nil

	mu     sync.Mutex
	kept   []byte
	shown  []Range // to Keep
	misuse []string
	opened int
	closed int
}

func (c *trial) source(sum func([32]byte)) Source {
	return Source{Path: c.path, Length: c.length, Sum: sum, Open: func() (Content, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if err := c.fail("open"); err != nil {
			return nil, err
		}
		c.opened++
		return c, nil
	}}
}

func (c *trial) fail(what string) error {
	if c.fails == nil {
		return nil
	}
	return c.fails(what + " " + c.path)
}

// used notes a use of the content when it is not open.
func (c *trial) used(what string) {
	if c.opened != 1 || c.closed != 0 {
		c.misuse = append(c.misuse, fmt.Sprintf("%s after %d Opens and %d Closes", what, c.opened, c.closed))
	}
}

func (c *trial) ReadAt(p []byte, off int64) (int, error) {
	c.mu.Lock()
	c.used("ReadAt")
	err := c.fail("read")
	c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return c.ReaderAt.ReadAt(p, off)
}

func (c *trial) Region(off int64) (fd uintptr, at, n int64) {
	if c.file == nil {
		return 0, 0, 0
	}
	return c.file.Fd(), c.shift + off, c.length - off
}

func (c *trial) Keep(p []byte, off int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used("Keep")
	if err := c.fail("keep"); err != nil {
		return err
	}
	if c.kept == nil {
		c.kept = make([]byte, c.length)
	}
	copy(c.kept[off:], p)
	c.shown = append(c.shown, Range{off, int64(len(p))})
	return nil
}

func (c *trial) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used("Close")
	c.closed++
	return c.fail("close")
}

// check wants the content to have been shown whole to Keep, and closed.
func (c *trial) check(t *testing.T, want []byte) {
	t.Helper()
	c.checkClosed(t)
	if c.opened != 1 {
		t.Errorf("%s: opened %d times", c.path, c.opened)
	}
	slices.SortFunc(c.shown, func(a, b Range) int { return cmp.Compare(a.Off, b.Off) })
	var end int64
	for _, r := range c.shown {
		if r.Off != end || r.Len <= 0 {
			t.Errorf("%s: %+v was shown to Keep after byte %d", c.path, r, end)
		}
		end = r.Off + r.Len
	}
	if end != c.length || !bytes.Equal(c.kept, want) {
		t.Errorf("%s: %d bytes of %d were shown to Keep, or others", c.path, end, c.length)
	}
}

func (c *trial) checkClosed(t *testing.T) {
	t.Helper()
	if c.closed != c.opened || len(c.misuse) > 0 {
		t.Errorf("%s: opened %d times, closed %d times; %q", c.path, c.opened, c.closed, c.misuse)
	}
}

// inMemory is a content that can only be read.
func inMemory(path string, data []byte) *trial {
	return &trial{ReaderAt: bytes.NewReader(data), path: path, length: int64(len(data))}
}

// onFile is a content that can be mapped. It lies in a file behind other bytes, not on
// a page of memory.
func onFile(t *testing.T, path string, data []byte) *trial {
	t.Helper()
	const shift = 5003
	f, err := os.Create(filepath.Join(t.TempDir(), "region"))
	must(t, err)
	t.Cleanup(func() { f.Close() })
	_, err = f.Write(append(make([]byte, shift), data...))
	must(t, err)
	return &trial{ReaderAt: io.NewSectionReader(f, shift, int64(len(data))), path: path, length: int64(len(data)), file: f, shift: shift}
}

// trials are the contents of a tree, each second one of them a file.
func trials(t *testing.T, files tree) (all []*trial) {
	t.Helper()
	for i, path := range files.paths() {
		data := content(path, files[path])
		if i%2 == 0 {
			all = append(all, onFile(t, path, data))
		} else {
			all = append(all, inMemory(path, data))
		}
	}
	return all
}

func newBuilder(t *testing.T, o Options) *Builder {
	t.Helper()
	o.Name, o.Allow = "payload", anyName
	b, err := NewBuilder(o)
	must(t, err)
	return b
}

// onCores runs a test with several numbers of cores.
func onCores(t *testing.T, test func(t *testing.T)) {
	for _, n := range []int{1, 2, 4, 8} {
		t.Run(fmt.Sprintf("%d cores", n), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
			test(t)
		})
	}
}

// addAll adds contents in one go.
func addAll(ctx context.Context, b *Builder, all []*trial, sum func(i int) func([32]byte)) error {
	sources := make([]Source, len(all))
	for i, c := range all {
		sources[i] = c.source(nil)
		if sum != nil {
			sources[i].Sum = sum(i)
		}
	}
	return b.Add(ctx, sources)
}

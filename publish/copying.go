package publish

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"commonseed/internal/filestate"
	"commonseed/license/stamp"
	"commonseed/publish/torrentfile"
)

// copying is a source on its way into the bundle: it is stamped, written and hashed
// in one go (torrentfile.Content).
type copying struct {
	file    *PlannedFile
	src     *os.File
	stamped *stamp.View
	small   *[inMemory]byte // all of a small source, nil for others
	dst     *os.File        // nil: linked
	shared  []stamp.Range   // of dst, which have the source's own blocks
	state   filestate.State // that src is to have at the end
	written atomic.Int64
}

// open begins to copy a file to target or, if it may be and can be, makes the two one.
// A source that is not as it was planned with is refused.
func (f *PlannedFile) open(target string, link bool) (_ torrentfile.Content, err error) {
	defer func() { err = f.fail(err) }()
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return nil, err
	}
	src, err := os.Open(f.Abs)
	if err != nil {
		return nil, err
	}
	c := &copying{file: f, src: src, state: f.state}
	if err := c.begin(target, link && f.unchanged()); err != nil {
		c.release()
		return nil, err
	}
	return c, nil
}

// fail says which file an error is about.
func (f *PlannedFile) fail(err error) error {
	if err == nil {
		return nil
	}
	if _, told := err.(*FileError); told {
		return err
	}
	return &FileError{Path: f.Path, Err: plainError(err)}
}

// unchanged says whether the payload has the source as it is.
func (f *PlannedFile) unchanged() bool { return f.Stamp == nil || f.Stamp.Sidecar != nil }

func (c *copying) begin(target string, link bool) error {
	content, patch := io.ReaderAt(c.src), stamp.Patch{{Range: stamp.Range{Len: c.state.Size}}}
	if !c.file.unchanged() {
		patch = c.file.Stamp.Patch
	}
	if err := c.asPlanned(); err != nil {
		return err
	}
	if c.state.Size <= inMemory {
		c.small = readBuffers.Get().(*[inMemory]byte)
		data := c.small[:c.state.Size]
		if _, err := c.src.ReadAt(data, 0); err != nil && err != io.EOF {
			return err
		}
		content = bytes.NewReader(data)
	}
	c.stamped = patch.ReaderAt(content)
	if link && c.link(target) {
		return nil
	}
	var err error
	if c.dst, err = os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644); err == nil {
		c.shared = shareBlocks(c.dst, c.src, patch)
	}
	return err
}

// link makes target another name of the source, where the system can. That is noted
// down as a change of the source, though none of its content.
func (c *copying) link(target string) bool {
	if os.Link(c.file.Abs, target) != nil {
		return false
	}
	if info, err := c.src.Stat(); err == nil {
		c.state.Ctime = filestate.Of(info).Ctime
	}
	return true
}

// asPlanned makes sure that the source, and what its name leads to, is what the plan was
// made with.
func (c *copying) asPlanned() error {
	open, err := c.src.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(c.file.Abs)
	if err != nil || filestate.Of(open) != c.state || filestate.Of(named) != c.state {
		return ErrChanged
	}
	return nil
}

func (c *copying) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.stamped.ReadAt(p, off)
	if err == io.ErrUnexpectedEOF || err == io.EOF && n < len(p) {
		err = ErrChanged
	}
	return n, c.file.fail(err)
}

func (c *copying) Region(off int64) (fd uintptr, at, n int64) {
	if c.small != nil {
		return 0, 0, 0
	}
	at, n = c.stamped.Source(off)
	return c.src.Fd(), at, n
}

// Keep writes what is hashed.
func (c *copying) Keep(p []byte, off int64) error {
	if c.dst == nil || c.isShared(off, int64(len(p))) {
		return nil
	}
	if _, err := c.dst.WriteAt(p, off); err != nil {
		return c.file.fail(c.explain(err))
	}
	if n := c.written.Add(int64(len(p))); n%writeEarly < int64(len(p)) {
		startWriting(c.dst)
	}
	return nil
}

// explain tells a fault of the source, whose bytes are mapped, from one of the disk that
// is written to.
func (c *copying) explain(err error) error {
	switch {
	case !errors.Is(err, syscall.EFAULT):
		return err
	case c.asPlanned() != nil:
		return ErrChanged
	}
	return errors.New("cannot be read to its end: its disk reports an error")
}

// writeEarly is after how many bytes the disk is asked to begin with them: else all
// would have to be waited for at the end.
const writeEarly = 16 << 20

func (c *copying) isShared(off, n int64) bool {
	for _, r := range c.shared {
		if off >= r.Off && off+n <= r.Off+r.Len {
			return true
		}
	}
	return false
}

// Close refuses a source that changed meanwhile.
func (c *copying) Close() error {
	err := c.asPlanned()
	if c.dst != nil && err == nil {
		mode := os.FileMode(0o644) // whatever the umask: it is published
		if c.file.Executable {
			mode = 0o755
		}
		err = c.dst.Chmod(mode)
	}
	if released := c.release(); err == nil {
		err = released
	}
	return c.file.fail(err)
}

// release closes what is open.
func (c *copying) release() error {
	if c.small != nil {
		readBuffers.Put(c.small)
		c.small = nil
	}
	err := c.src.Close()
	if c.dst != nil {
		if closed := c.dst.Close(); err == nil {
			err = closed
		}
	}
	return err
}

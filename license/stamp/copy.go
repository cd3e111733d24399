package stamp

import (
	"context"
	"io"
	"os"
	"sync"
)

const (
	copyBuffer = 1 << 20
	copyKernel = 256 << 10 // ranges from this size on are copied without passing through us
	copyChunk  = 64 << 20  // between two looks at the context
)

// CopyTo writes the stamped file. Large ranges of a source that is an *os.File are
// copied by the system, which shares their blocks where the file system can. The
// source's own offset moves. Progress is told how many bytes each step wrote.
func (p Patch) CopyTo(ctx context.Context, dst *os.File, src io.ReaderAt, progress func(n int64)) error {
	buf := copyBuffers.Get().(*[copyBuffer]byte)
	defer copyBuffers.Put(buf)
	c := &copier{ctx: ctx, dst: dst, src: src, progress: progress, buf: buf[:0]}
	c.file, _ = src.(*os.File)
	for _, piece := range p {
		if err := c.piece(piece); err != nil {
			return err
		}
	}
	return c.flush()
}

// copyBuffers are used again: a thousand small files need two of them.
var copyBuffers = sync.Pool{New: func() any { return new([copyBuffer]byte) }}

// copier gathers small pieces, so that a million of them are not a million writes.
type copier struct {
	ctx      context.Context
	dst      *os.File
	src      io.ReaderAt
	file     *os.File // src, if it is one
	buf      []byte
	progress func(int64)
}

func (c *copier) piece(p Piece) error {
	if p.Data == nil && p.Len >= copyKernel && c.file != nil {
		return c.kernel(p.Range)
	}
	for done := int64(0); done < p.size(); {
		if len(c.buf) == cap(c.buf) {
			if err := c.flush(); err != nil {
				return err
			}
		}
		room := c.buf[len(c.buf):cap(c.buf)]
		part := p.cut(done, min(p.size()-done, int64(len(room))))
		n := copy(room, part.Data)
		if part.Data == nil {
			var err error
			if n, err = c.src.ReadAt(room[:part.Len], part.Off); int64(n) < part.Len {
				return shortRead(err)
			}
		}
		c.buf, done = c.buf[:len(c.buf)+n], done+int64(n)
	}
	return nil
}

func (c *copier) flush() error {
	if err := context.Cause(c.ctx); err != nil {
		return err
	}
	n, err := c.dst.Write(c.buf)
	c.progress(int64(n))
	c.buf = c.buf[:0]
	return err
}

// kernel copies a range of the source file.
func (c *copier) kernel(r Range) error {
	if err := c.flush(); err != nil {
		return err
	}
	if _, err := c.file.Seek(r.Off, io.SeekStart); err != nil {
		return err
	}
	for left := r.Len; left > 0; {
		if err := context.Cause(c.ctx); err != nil {
			return err
		}
		want := min(left, copyChunk)
		n, err := c.dst.ReadFrom(io.LimitReader(c.file, want))
		c.progress(n)
		if err != nil {
			return err
		}
		if n < want {
			return shortRead(io.EOF)
		}
		left -= n
	}
	return nil
}

// shortRead is the error of a source that ended before its size.
func shortRead(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// ChangesNothing says whether the patch gives its source again, which has so many
// bytes: the notice is in it already.
func (p Patch) ChangesNothing(src io.ReaderAt, size int64) bool {
	return samePatch(Patch{}.keep(0, size), p, src) == nil
}

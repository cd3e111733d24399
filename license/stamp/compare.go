package stamp

import (
	"bytes"
	"fmt"
	"io"
)

// differenceError says where two patches of one source part.
type differenceError struct {
	off, end int64 // where they differ; off is -1 if one is longer
	was, is  int64 // sizes
}

func (e *differenceError) Error() string {
	if e.off < 0 {
		return fmt.Sprintf("%d bytes become %d", e.was, e.is)
	}
	return fmt.Sprintf("bytes %d to %d change", e.off, e.end)
}

// samePatch shows that two patches of one source give the same bytes. Only what
// they do not take from the same place is read. What differs is a *differenceError.
func samePatch(a, b Patch, src io.ReaderAt) error {
	if a.Size() != b.Size() {
		return &differenceError{-1, 0, a.Size(), b.Size()}
	}
	x, y := cursor{patch: a}, cursor{patch: b}
	for off, size := int64(0), a.Size(); off < size; {
		n := min(x.left(), y.left())
		if err := samePiece(x.take(n), y.take(n), src, off); err != nil {
			return err
		}
		off += n
	}
	return nil
}

// cursor goes through a patch.
type cursor struct {
	patch Patch
	piece int
	done  int64 // of that piece
}

// left is how much is left of the piece the cursor is in, which is never nothing.
func (c *cursor) left() int64 {
	for c.done == c.patch[c.piece].size() {
		c.piece, c.done = c.piece+1, 0
	}
	return c.patch[c.piece].size() - c.done
}

func (c *cursor) take(n int64) Piece {
	c.done += n
	return c.patch[c.piece].cut(c.done-n, n)
}

// samePiece compares pieces of one length, which stand at off of the result.
func samePiece(a, b Piece, src io.ReaderAt, off int64) error {
	if a.Data == nil && b.Data == nil && a.Off == b.Off {
		return nil
	}
	const chunk = 256 << 10
	for done := int64(0); done < a.size(); done += chunk {
		n := min(chunk, a.size()-done)
		x, err := a.cut(done, n).bytes(src)
		if err != nil {
			return err
		}
		y, err := b.cut(done, n).bytes(src)
		if err != nil {
			return err
		}
		if !bytes.Equal(x, y) {
			return &differenceError{off: off + done, end: off + done + n}
		}
	}
	return nil
}

// cut is the part of a piece that begins off bytes into it.
func (p Piece) cut(off, length int64) Piece {
	if p.Data != nil {
		return Piece{Data: p.Data[off:][:length]}
	}
	return Piece{Range: Range{p.Off + off, length}}
}

func (p Piece) bytes(src io.ReaderAt) ([]byte, error) {
	if p.Data != nil {
		return p.Data, nil
	}
	return readAt(src, p.Off, int(p.Len))
}

// of takes the parts of the patched file that the pieces of q, which are ranges
// of it, name: a patch of the source again.
func (p Patch) of(q Patch) Patch {
	v := p.ReaderAt(nil)
	var parts Patch
	for _, want := range q {
		i := v.piece(want.Off)
		for off, left := want.Off, want.Len; left > 0; i++ {
			within := off - v.starts[i]
			n := min(left, p[i].size()-within)
			parts = append(parts, p[i].cut(within, n))
			off, left = off+n, left-n
		}
	}
	return parts
}

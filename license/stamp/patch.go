package stamp

import (
	"errors"
	"fmt"
	"io"
	"sort"
)

// Range is a run of bytes of the source file.
type Range struct{ Off, Len int64 }

// between lists what lies around some ranges, which are in file order.
func between(holes []Range, size int64) []Range {
	var ranges []Range
	var at int64
	for _, h := range holes {
		ranges = append(ranges, Range{at, h.Off - at})
		at = h.Off + h.Len
	}
	return append(ranges, Range{at, size - at})
}

// Piece is one part of a stamped file: new bytes if Data is not nil, else a
// Range of the source.
type Piece struct {
	Range
	Data []byte
}

// size answers how many bytes the piece gives.
func (p Piece) size() int64 {
	if p.Data != nil {
		return int64(len(p.Data))
	}
	return p.Len
}

// Patch describes a stamped file: its pieces, in order.
type Patch []Piece

// keep appends a range of the source; it joins the range before it if it can.
func (p Patch) keep(off, length int64) Patch {
	if length <= 0 {
		return p
	}
	if n := len(p); n > 0 && p[n-1].Data == nil && p[n-1].Off+p[n-1].Len == off {
		p[n-1].Len += length
		return p
	}
	return append(p, Piece{Range: Range{Off: off, Len: length}})
}

// add appends new bytes. They are not copied.
func (p Patch) add(data []byte) Patch {
	if len(data) == 0 {
		return p
	}
	return append(p, Piece{Data: data})
}

// Size is the length of the stamped file in bytes.
func (p Patch) Size() int64 {
	var n int64
	for _, piece := range p {
		n += piece.size()
	}
	return n
}

// check makes sure that every range lies inside a source of that size.
func (p Patch) check(size int64) error {
	for _, piece := range p {
		if piece.Data == nil && (piece.Off < 0 || piece.Len < 0 || piece.Off > size-piece.Len) {
			return fmt.Errorf("patch takes bytes %d+%d of a file of %d", piece.Off, piece.Len, size)
		}
	}
	return nil
}

// Reader gives the stamped file as a stream.
func (p Patch) Reader(src io.ReaderAt) io.Reader {
	return io.NewSectionReader(p.ReaderAt(src), 0, p.Size())
}

// ReaderAt gives random access to the stamped file. It is safe for concurrent
// use if src is.
func (p Patch) ReaderAt(src io.ReaderAt) *View {
	v := &View{src: src, patch: p, starts: make([]int64, len(p)+1)}
	for i, piece := range p {
		v.starts[i+1] = v.starts[i] + piece.size()
	}
	return v
}

// View is a Patch laid over its source; starts[i] is where piece i begins, and
// the last element is the size.
type View struct {
	src    io.ReaderAt
	patch  Patch
	starts []int64
}

// Source says where the bytes of the stamped file from off on lie in the source, and
// how many of them follow each other there: none if they are new.
func (v *View) Source(off int64) (at, n int64) {
	i := v.piece(off)
	if off < 0 || i == len(v.patch) || v.patch[i].Data != nil {
		return 0, 0
	}
	return v.patch[i].Off + off - v.starts[i], v.starts[i+1] - off
}

// piece is the index of the piece that holds the byte at off.
func (v *View) piece(off int64) int {
	return sort.Search(len(v.patch), func(i int) bool { return v.starts[i+1] > off })
}

func (v *View) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	end := v.starts[len(v.patch)]
	done := 0
	for i := v.piece(off); done < len(b) && i < len(v.patch); i++ {
		n, err := v.readPiece(b[done:], i, off+int64(done))
		done += n
		if err != nil {
			return done, err
		}
	}
	if done < len(b) || (len(b) == 0 && off >= end) {
		return done, io.EOF
	}
	return done, nil
}

// readPiece reads from piece i, beginning at offset off of the stamped file, as
// much as the piece and b hold.
func (v *View) readPiece(b []byte, i int, off int64) (int, error) {
	piece, within := v.patch[i], off-v.starts[i]
	if rest := v.starts[i+1] - off; int64(len(b)) > rest {
		b = b[:rest]
	}
	if piece.Data != nil {
		return copy(b, piece.Data[within:]), nil
	}
	n, err := v.src.ReadAt(b, piece.Off+within)
	if n == len(b) {
		return n, nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

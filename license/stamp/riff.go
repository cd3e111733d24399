package stamp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Files made of chunks: RIFF (Microsoft/IBM, Multimedia Programming Interface,
// 1991) and its older relative with big-endian numbers, EA IFF 85. WAV, AIFF and
// WebP are such files. A chunk is an id, a length, and as many bytes, padded to an
// even number; one chunk holds all others.

const (
	maxRIFFChunks = 1 << 16
	maxRIFFText   = 1 << 20 // bytes of a list of texts that is edited
	maxRIFFTag    = 4 << 20 // bytes of an ID3 tag inside a chunk
	maxRIFFSame   = 16      // chunks of metadata of a kind; one is normal
	riffOpenSize  = math.MaxUint32
)

// riffChunk is where a chunk lies.
type riffChunk struct {
	id       string
	off      int64 // of the id
	end      int64 // of the contents, which begin 8 bytes behind off
	next     int64 // where the next chunk begins: behind the pad byte
	listKind string
}

func (c riffChunk) body() Range { return Range{c.off + 8, c.end - c.off - 8} }

// riffFile is the outer chunk and what is in it.
type riffFile struct {
	format string
	src    io.ReaderAt
	size   int64
	order  binary.ByteOrder
	chunks []riffChunk
	end    int64 // of the outer chunk; other bytes may follow
}

// openRIFF lists the chunks of a file, reading their headers alone.
func openRIFF(format string, src io.ReaderAt, size int64, order binary.ByteOrder) (*riffFile, error) {
	f := &riffFile{format: format, src: src, size: size, order: order}
	head, err := readAt(src, 0, 12)
	if err != nil {
		return nil, err
	}
	length := int64(order.Uint32(head[4:]))
	if f.end = 8 + length; length == riffOpenSize || length == 0 {
		return f, &UnsupportedError{format, "its length was left open, as by a recording that was streamed; rewrite it with its length"}
	}
	if f.end > size {
		return nil, fmt.Errorf("%s of %d bytes, should be %d: %w", format, size, f.end, ErrTruncated)
	}
	for off := int64(12); off < f.end; {
		c, err := f.chunk(off)
		if err != nil {
			return nil, err
		}
		if len(f.chunks) == maxRIFFChunks {
			return nil, fmt.Errorf("%s with more than %d chunks: %w", format, maxRIFFChunks, ErrMalformed)
		}
		f.chunks, off = append(f.chunks, c), c.next
	}
	return f, nil
}

// chunk reads the header at off. The pad byte of the last chunk may be missing.
func (f *riffFile) chunk(off int64) (riffChunk, error) {
	if f.end-off < 8 {
		return riffChunk{}, fmt.Errorf("%s chunk at byte %d: %w", f.format, off, ErrMalformed)
	}
	head, err := readAt(f.src, off, int(min(12, f.end-off)))
	if err != nil {
		return riffChunk{}, err
	}
	length := int64(f.order.Uint32(head[4:]))
	c := riffChunk{id: string(head[:4]), off: off, end: off + 8 + length}
	if c.end > f.end {
		return c, fmt.Errorf("%s chunk %q of %d bytes at byte %d: %w", f.format, c.id, length, off, ErrTruncated)
	}
	c.next = min(c.end+length&1, f.end)
	if c.id == "LIST" && len(head) == 12 && length >= 4 {
		c.listKind = string(head[8:])
	}
	return c, nil
}

// read reads the contents of a chunk, which must not be longer than limit.
func (f *riffFile) read(c riffChunk, limit int64) ([]byte, error) {
	b := c.body()
	if b.Len > limit {
		return nil, &UnsupportedError{f.format, fmt.Sprintf("its %q chunk is larger than %d MiB", c.id, limit>>20)}
	}
	return readAt(f.src, b.Off, int(b.Len))
}

// find lists the chunks of some ids.
func (f *riffFile) find(ids ...string) []riffChunk {
	var found []riffChunk
	for _, c := range f.chunks {
		for _, id := range ids {
			if c.id == id {
				found = append(found, c)
			}
		}
	}
	return found
}

// few refuses a file with more chunks of metadata than anybody writes: each may
// have to be written anew.
func (f *riffFile) few(metadata func(riffChunk) bool) error {
	n := 0
	for _, c := range f.chunks {
		if metadata(c) {
			n++
		}
	}
	if n > maxRIFFSame {
		return malformed(fmt.Sprintf("%s with %d chunks of metadata", f.format, n))
	}
	return nil
}

// riffChange puts a new chunk in the place of another, or at the end.
type riffChange struct {
	old  *riffChunk // nil: at the end
	id   string
	data []byte
}

// patch makes the changes and mends the length of the outer chunk.
func (f *riffFile) patch(changes []riffChange, more ...splice) (Patch, error) {
	cuts := more
	unpadded := len(f.chunks) > 0 && f.chunks[len(f.chunks)-1].end&1 == 1 && f.end&1 == 1
	for _, c := range changes {
		cut := splice{f.end, f.end, f.newChunk(c.id, c.data)}
		if c.old != nil {
			cut.off, cut.end = c.old.off, c.old.next
			unpadded = unpadded && c.old.next != f.end
		}
		cuts = append(cuts, cut)
	}
	for i := range cuts {
		if unpadded && cuts[i].off == f.end { // the first that is appended
			cuts[i].data = append([]byte{0}, cuts[i].data...)
			break
		}
	}
	length := f.end - 8
	for _, c := range cuts {
		length += c.grows()
	}
	if length >= riffOpenSize {
		return nil, &UnsupportedError{f.format, "it would grow beyond 4 GiB, which its lengths cannot count"}
	}
	head := make([]byte, 4)
	f.order.PutUint32(head, uint32(length))
	return splicePatch(append(cuts, splice{4, 8, head}), f.size)
}

// newChunk is a whole chunk, padded.
func (f *riffFile) newChunk(id string, data []byte) []byte {
	b := make([]byte, 8, 9+len(data))
	copy(b, id)
	f.order.PutUint32(b[4:], uint32(len(data)))
	b = append(b, data...)
	if len(data)&1 == 1 {
		b = append(b, 0)
	}
	return b
}

// without is all of the file but the length of the outer chunk, pad bytes, of
// which the last may be missing, and the chunks that a stamp may change.
func (f *riffFile) without(changes func(riffChunk) bool) []Range {
	ranges := []Range{{0, 4}, {8, 4}}
	for _, c := range f.chunks {
		if !changes(c) {
			ranges = append(ranges, Range{c.off, c.end - c.off})
		}
	}
	return append(ranges, Range{f.end, f.size - f.end})
}

// readTag reads the ID3 tag that a chunk holds; an empty chunk holds none.
func (f *riffFile) readTag(c riffChunk) (*id3Tag, error) {
	b := c.body()
	if b.Len == 0 {
		return nil, nil
	}
	if b.Len > maxRIFFTag {
		return nil, &UnsupportedError{f.format, fmt.Sprintf("its ID3 tag is larger than %d MiB", maxRIFFTag>>20)}
	}
	tag, err := readID3(f.src, c.end, b.Off)
	if err == nil && tag == nil {
		err = fmt.Errorf("%s chunk %q without an ID3 tag: %w", f.format, c.id, ErrMalformed)
	}
	return tag, f.named(err)
}

// tagStatements lists what the ID3 tags in some chunks say.
func (f *riffFile) tagStatements(chunks []riffChunk) ([]Statement, error) {
	var st []Statement
	for _, c := range chunks {
		tag, err := f.readTag(c)
		if err != nil {
			return nil, err
		}
		if tag != nil {
			st = append(st, tag.statements()...)
		}
	}
	return st, nil
}

// named puts the format into an error of a part that other formats have too.
func (f *riffFile) named(err error) error {
	var unsupported *UnsupportedError
	if errors.As(err, &unsupported) {
		return &UnsupportedError{f.format, unsupported.Why}
	}
	return err
}

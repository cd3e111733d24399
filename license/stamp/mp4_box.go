package stamp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Bounds on what a file may make us hold.
const (
	maxMoof     = 16 << 20
	maxXMPBox   = maxXMP + 32
	maxTopBoxes = 1 << 18 // of which a fragmented film of a day has a quarter
	maxChildren = 1 << 16
)

// Extended types (ISO 14496-12 §4.2.2) of boxes we know.
const (
	uuidXMP  = "\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac" // XMP part 3 §1.2.7
	uuidC2PA = "\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81" // C2PA 2.1 §A.5
)

// box is where a box lies in the file (ISO 14496-12 §4.2).
type box struct {
	kind  string // type; for uuid boxes followed by the extended type
	off   int64  // where its header begins
	body  int64  // where its contents begin
	end   int64
	toEnd bool // its size field is 0: it runs to the end of the file
}

func isUUID(b box, id string) bool { return b.kind == "uuid"+id }

// parseBox reads a box header at off. Head holds what there is of it, at least 8
// bytes; limit is where the box around it, or the file, ends.
func parseBox(head []byte, off, limit int64, top bool) (box, error) {
	b := box{kind: string(head[4:8]), off: off, body: off + 8}
	size := uint64(binary.BigEndian.Uint32(head))
	switch {
	case size == 1 && len(head) < 16:
		return b, fmt.Errorf("box %q at byte %d: %w", b.kind, off, ErrTruncated)
	case size == 1:
		size, b.body = binary.BigEndian.Uint64(head[8:]), off+16
	case size == 0 && top:
		size, b.toEnd = uint64(limit-off), true
	}
	if b.kind == "uuid" {
		if int64(len(head)) < b.body-off+16 {
			return b, fmt.Errorf("uuid box at byte %d: %w", off, ErrTruncated)
		}
		b.kind += string(head[b.body-off:][:16])
		b.body += 16
	}
	if size < uint64(b.body-off) {
		return b, fmt.Errorf("box %q at byte %d of %d bytes: %w", b.kind[:4], off, size, ErrMalformed)
	}
	if size > uint64(limit-off) {
		err := ErrMalformed
		if top {
			err = ErrTruncated
		}
		return b, fmt.Errorf("box %q at byte %d needs %d bytes, there are %d: %w", b.kind[:4], off, size, limit-off, err)
	}
	b.end = off + int64(size)
	return b, nil
}

// scanTop lists the boxes of a file, reading their headers alone, and answers
// where the last one ends. Zeros may follow it.
func scanTop(src io.ReaderAt, size int64) (boxes []box, end int64, err error) {
	for end < size {
		head, err := readAt(src, end, int(min(32, size-end)))
		if err != nil {
			return nil, 0, err
		}
		if len(bytes.Trim(head[:min(8, len(head))], "\x00")) == 0 {
			return boxes, end, nil
		}
		if len(head) < 8 {
			return nil, 0, fmt.Errorf("box at byte %d: %w", end, ErrTruncated)
		}
		b, err := parseBox(head, end, size, true)
		if err != nil {
			return nil, 0, err
		}
		if len(boxes) == maxTopBoxes {
			return nil, 0, &UnsupportedError{"mp4", fmt.Sprintf("it has more than %d boxes", maxTopBoxes)}
		}
		boxes, end = append(boxes, b), b.end
	}
	return boxes, end, nil
}

// boxData is a box that still knows where in the file it lies. It is held in
// memory, from its header on, unless it is of the kinds that may be large: those
// are read as needed.
type boxData struct {
	box
	data []byte
	src  io.ReaderAt // if data is nil
}

// largeBoxes are the index of a film, down to its tables of samples: of ten hours
// they take tens of MiB.
var largeBoxes = map[string]bool{"moov": true, "trak": true, "mdia": true, "minf": true, "stbl": true,
	"stsz": true, "stz2": true, "stts": true, "ctts": true, "stss": true, "sdtp": true}

// loadBox reads a whole box; one larger than limit is refused.
func loadBox(src io.ReaderAt, b box, limit int64) (boxData, error) {
	if b.end-b.off > limit {
		return boxData{}, &UnsupportedError{"mp4", fmt.Sprintf("its %q box is larger than %d MiB", b.kind[:4], limit>>20)}
	}
	data, err := readAt(src, b.off, int(b.end-b.off))
	return boxData{b, data, nil}, err
}

// contents are the bytes behind the header; of a box that is not in memory, none.
func (b boxData) contents() []byte {
	if b.data == nil {
		return nil
	}
	return b.data[b.body-b.off:]
}

// sub is the box inside b that lies at those offsets of the file.
func (b boxData) sub(c box) (boxData, error) {
	switch {
	case b.data != nil:
		return boxData{c, b.data[c.off-b.off : c.end-b.off], nil}, nil
	case largeBoxes[c.kind]:
		return boxData{c, nil, b.src}, nil
	}
	return loadBox(b.src, c, maxMoof)
}

// head is what a header at off may take, 8 bytes at least.
func (b boxData) head(off int64) ([]byte, error) {
	n := min(32, b.end-off)
	if b.data == nil {
		return readAt(b.src, off, int(n))
	}
	return b.data[off-b.off:][:n], nil
}

// children lists the boxes inside a box, from the given number of bytes behind
// its header on. Up to 7 bytes, and zeros, may follow the last: QuickTime ends
// lists of user data with a zero.
func (b boxData) children(skip int64) ([]boxData, error) {
	var boxes []boxData
	for off := b.body + skip; b.end-off >= 8; {
		head, err := b.head(off)
		if err != nil {
			return nil, err
		}
		if binary.BigEndian.Uint64(head) == 0 {
			break
		}
		c, err := parseBox(head, off, b.end, false)
		if err != nil {
			return nil, err
		}
		if len(boxes) == maxChildren {
			return nil, fmt.Errorf("box %q with more than %d boxes inside: %w", b.kind[:4], maxChildren, ErrMalformed)
		}
		inside, err := b.sub(c)
		if err != nil {
			return nil, err
		}
		boxes, off = append(boxes, inside), c.end
	}
	return boxes, nil
}

// child finds the first box of a kind inside b.
func (b boxData) child(kind string) (boxData, bool, error) {
	boxes, err := b.children(0)
	if err != nil {
		return boxData{}, false, err
	}
	i := slices.IndexFunc(boxes, func(c boxData) bool { return c.kind == kind })
	if i < 0 {
		return boxData{}, false, nil
	}
	return boxes[i], true, nil
}

// path goes down from b along kinds such as "mdia/minf".
func (b boxData) path(kinds string) (boxData, bool, error) {
	for _, kind := range strings.Split(kinds, "/") {
		var ok bool
		var err error
		if b, ok, err = b.child(kind); err != nil || !ok {
			return boxData{}, false, err
		}
	}
	return b, true, nil
}

// full splits the contents of a full box (ISO 14496-12 §4.2.2).
func (b boxData) full() (version byte, flags uint32, rest []byte, err error) {
	c := b.contents()
	if len(c) < 4 {
		return 0, 0, nil, b.broken()
	}
	word := binary.BigEndian.Uint32(c)
	return byte(word >> 24), word & 0xffffff, c[4:], nil
}

func (b boxData) broken() error {
	return fmt.Errorf("box %q at byte %d: %w", b.kind[:4], b.off, ErrMalformed)
}

// newBox makes a small box of its parts.
func newBox(kind string, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return slices.Concat(binary.BigEndian.AppendUint32(nil, uint32(8+len(kind)-4+len(body))), []byte(kind), body)
}

// resize rewrites the size field of a box that becomes longer by delta bytes.
// One that ran to the end of the file gets its real size.
func resize(b box, delta int64) splice {
	size := b.end - b.off + delta
	header := b.body - b.off
	switch {
	case header == 16 || header == 32: // a 64-bit size follows the type
		return splice{b.off + 8, b.off + 16, binary.BigEndian.AppendUint64(nil, uint64(size))}
	case size > math.MaxUint32: // only a media box that ran to the end: see §4.2.2, largesize
		head := binary.BigEndian.AppendUint64(append([]byte{0, 0, 0, 1}, b.kind[:4]...), uint64(size)+8)
		return splice{b.off, b.off + 8, head}
	}
	return splice{b.off, b.off + 4, binary.BigEndian.AppendUint32(nil, uint32(size))}
}

package stamp

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
)

// EBML (RFC 8794), the binary markup that Matroska is written in: elements of an
// id, a size and contents, which may be elements again.

// ebmlElement is where an element lies.
type ebmlElement struct {
	id             uint32 // with its marker, as it stands in the file
	off, body, end int64
	unknown        bool // its size is unknown: it ends with whatever is around it
}

// ebmlHeadMax is the most bytes that a header takes: four of id, eight of size.
const ebmlHeadMax = 12

// parseEBML reads the header of the element at off. Head is what there is of it,
// limit where the element around it ends.
func parseEBML(head []byte, off, limit int64) (ebmlElement, error) {
	bad := fmt.Errorf("EBML element at byte %d: %w", off, ErrMalformed)
	if len(head) < 2 {
		return ebmlElement{}, bad
	}
	idLen := bits.LeadingZeros8(head[0]) + 1
	if idLen > 4 || idLen >= len(head) {
		return ebmlElement{}, bad
	}
	e := ebmlElement{off: off}
	for _, b := range head[:idLen] {
		e.id = e.id<<8 | uint32(b)
	}
	sizeLen := bits.LeadingZeros8(head[idLen]) + 1
	if sizeLen > 8 || idLen+sizeLen > len(head) {
		return ebmlElement{}, bad
	}
	size, all := uint64(head[idLen])&(0xff>>sizeLen), uint64(1)<<(7*sizeLen)-1
	for _, b := range head[idLen+1 : idLen+sizeLen] {
		size = size<<8 | uint64(b)
	}
	e.body = off + int64(idLen+sizeLen)
	if e.unknown = size == all; e.unknown {
		e.end = limit
		return e, nil
	}
	if size > uint64(limit-e.body) {
		return e, fmt.Errorf("EBML element %X at byte %d of %d bytes: %w", e.id, off, size, ErrTruncated)
	}
	e.end = e.body + int64(size)
	return e, nil
}

// readEBML reads the header of the element at off in a file.
func readEBML(src io.ReaderAt, off, limit int64) (ebmlElement, error) {
	head, err := readAt(src, off, int(min(ebmlHeadMax, limit-off)))
	if err != nil {
		return ebmlElement{}, err
	}
	return parseEBML(head, off, limit)
}

// ebmlData is an element held in memory, whose offsets count from raw, which holds
// it and perhaps more.
type ebmlData struct {
	ebmlElement
	raw []byte
}

func (e ebmlData) whole() []byte    { return e.raw[e.off:e.end] }
func (e ebmlData) contents() []byte { return e.raw[e.body:e.end] }

// uint reads an unsigned number (RFC 8794 §7.2).
func (e ebmlData) uint() uint64 {
	var v uint64
	for _, b := range e.contents() {
		v = v<<8 | uint64(b)
	}
	return v
}

// maxEBMLChildren bounds the elements in a master element held in memory.
const maxEBMLChildren = 1 << 16

// children lists the elements inside a master element.
func (e ebmlData) children() ([]ebmlData, error) {
	var list []ebmlData
	for off := e.body; off < e.end; {
		c, err := parseEBML(e.raw[off:min(off+ebmlHeadMax, e.end)], off, e.end)
		if err != nil || c.unknown || len(list) == maxEBMLChildren {
			return nil, fmt.Errorf("EBML element %X: %w", e.id, ErrMalformed)
		}
		list, off = append(list, ebmlData{c, e.raw}), c.end
	}
	return list, nil
}

// ebmlSize is a size in as few bytes as it needs.
func ebmlSize(n int64) []byte {
	width := 1
	for width < 8 && uint64(n) >= uint64(1)<<(7*width)-1 {
		width++
	}
	return ebmlSizeOf(n, width)
}

// ebmlSizeOf is a size in so many bytes, which it must fit.
func ebmlSizeOf(n int64, width int) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n)|uint64(1)<<(7*width))
	return b[8-width:]
}

func ebmlID(id uint32) []byte {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], id)
	return b[bits.LeadingZeros32(id)/8:]
}

// newEBML makes an element of its parts.
func newEBML(id uint32, parts ...[]byte) []byte {
	var n int64
	for _, p := range parts {
		n += int64(len(p))
	}
	b := append(ebmlID(id), ebmlSize(n)...)
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

const (
	ebmlVoid = 0xEC // RFC 8794 §11.3.2
	ebmlCRC  = 0xBF // RFC 8794 §11.3.1
)

// voidEBML is a Void element of so many bytes in all, at least two.
func voidEBML(size int64) []byte {
	b := make([]byte, size)
	b[0] = ebmlVoid
	if size-2 < 127 {
		b[1] = 0x80 | byte(size-2)
	} else {
		copy(b[1:], ebmlSizeOf(size-9, 8))
	}
	return b
}

// withCRC puts the checksum of its contents in front of them (RFC 8794 §11.3.1).
func withCRC(contents []byte) []byte {
	sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(contents))
	return append(newEBML(ebmlCRC, sum), contents...)
}

package stamp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"commonseed/license"
)

// tiffStamper stamps TIFF images (TIFF 6.0) with an XMP packet in tag 700 (XMP
// part 3 §1.1.7). Packet and first directory are written anew at the end of the
// file, and the header leads there; nothing else moves, so that offsets stay true
// which only their makers know, as in the raw images of cameras.
type tiffStamper struct{}

// Tags of a directory that matter here.
const (
	tiffDescription = 270
	tiffStrips      = 273
	tiffArtist      = 315
	tiffStripSizes  = 279
	tiffTiles       = 324
	tiffTileSizes   = 325
	tiffXMP         = 700
	tiffIPTC        = 33723
	tiffPhotoshop   = 34377
	tiffC2PA        = 52545 // C2PA 2.1 §A.3.7
)

const (
	tiffMaxPages  = 1 << 16
	tiffMaxFields = 200_000 // of all pages, which may lie in each other
	tiffMaxPieces = 1 << 19 // strips and tiles of all pages
	tiffMaxText   = 4 << 20 // bytes that are read of texts in all
)

func (tiffStamper) Format() string { return "tiff" }

func (tiffStamper) Places() []string { return xmpWritten }

// Sniff also knows BigTIFF, to refuse it.
func (tiffStamper) Sniff(head []byte) bool {
	for _, mark := range []string{"II*\x00", "MM\x00*", "II+\x00", "MM\x00+"} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return true
		}
	}
	return false
}

// tiffFile is a file and its pages.
type tiffFile struct {
	src   io.ReaderAt
	size  int64
	order binary.ByteOrder
	pages []tiffPage
	big   bool
}

// tiffPage is a directory: where it lies, its fields, and the offset behind them.
type tiffPage struct {
	off    int64
	fields []tiffValue
}

// end is where the directory ends, with the offset of the next.
func (p tiffPage) end() int64 { return p.off + 2 + int64(len(p.fields))*tiffEntrySize + 4 }

// tiffValue is a field and where its value lies.
type tiffValue struct {
	tag, kind uint16
	count     uint32
	raw       [tiffEntrySize]byte
	at        int64 // of the field
	Range           // of the value
}

func (tiffStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	head, err := readAt(src, 0, 8)
	if err != nil {
		return nil, err
	}
	f := &tiffFile{src: src, size: size, order: binary.LittleEndian}
	if head[0] == 'M' {
		f.order = binary.BigEndian
	}
	if f.big = f.order.Uint16(head[2:]) == 43; f.big {
		return f, nil
	}
	seen := map[int64]bool{}
	fields := 0
	for off := int64(f.order.Uint32(head[4:])); off != 0; {
		if seen[off] {
			return nil, fmt.Errorf("TIFF directory at byte %d comes up again: %w", off, ErrMalformed)
		}
		if len(f.pages) == tiffMaxPages || fields > tiffMaxFields {
			return nil, &UnsupportedError{"tiff", "it has too many pages, or fields"}
		}
		seen[off] = true
		page, next, err := f.page(off)
		if err != nil {
			return nil, err
		}
		f.pages, off = append(f.pages, page), next
		fields += len(page.fields)
	}
	if len(f.pages) == 0 {
		return nil, malformed("TIFF without a directory")
	}
	return f, nil
}

// page reads the directory at off (TIFF 6.0 §2).
func (f *tiffFile) page(off int64) (p tiffPage, next int64, err error) {
	p.off = off
	b, err := readAt(f.src, off, 2)
	if err != nil {
		return p, 0, fmt.Errorf("TIFF directory: %w", err)
	}
	n := int(f.order.Uint16(b))
	if b, err = readAt(f.src, off+2, n*tiffEntrySize+4); err != nil {
		return p, 0, fmt.Errorf("TIFF directory: %w", err)
	}
	for i := range n {
		v := tiffValue{raw: [tiffEntrySize]byte(b[i*tiffEntrySize:]), at: off + 2 + int64(i)*tiffEntrySize}
		v.tag, v.kind, v.count = f.order.Uint16(v.raw[0:]), f.order.Uint16(v.raw[2:]), f.order.Uint32(v.raw[4:])
		v.Len = tiffSizes[v.kind] * int64(v.count)
		if v.Off = v.at + 8; v.Len > 4 {
			v.Off = int64(f.order.Uint32(v.raw[8:]))
		}
		if v.Off > f.size-v.Len {
			return p, 0, fmt.Errorf("TIFF field %d, %d bytes at %d: %w", v.tag, v.Len, v.Off, ErrTruncated)
		}
		p.fields = append(p.fields, v)
	}
	return p, int64(f.order.Uint32(b[n*tiffEntrySize:])), nil
}

// field finds a field of a page.
func (p tiffPage) field(tag uint16) (tiffValue, bool) {
	i := slices.IndexFunc(p.fields, func(v tiffValue) bool { return v.tag == tag && v.Len > 0 })
	if i < 0 {
		return tiffValue{}, false
	}
	return p.fields[i], true
}

// value reads the value of a field, which is bounded.
func (f *tiffFile) value(v tiffValue) ([]byte, error) {
	if v.Len > tiffMaxText {
		return nil, &UnsupportedError{"tiff", fmt.Sprintf("its field %d is larger than %d MiB", v.tag, tiffMaxText>>20)}
	}
	return readAt(f.src, v.Off, int(v.Len))
}

// tiffSpeaks says whether a field may say something about rights.
func tiffSpeaks(tag uint16) bool {
	switch tag {
	case exifCopyright, tiffDescription, tiffArtist, tiffXMP, tiffIPTC, tiffPhotoshop:
		return true
	}
	return false
}

func (f *tiffFile) Statements() ([]Statement, error) {
	var st []Statement
	left := int64(tiffMaxText)
	for _, p := range f.pages {
		for _, v := range p.fields {
			if !tiffSpeaks(v.tag) {
				continue
			}
			if left -= v.Len; left < 0 {
				return nil, &UnsupportedError{"tiff", fmt.Sprintf("its texts are larger than %d MiB together", tiffMaxText>>20)}
			}
			b, err := f.value(v)
			if err != nil {
				return nil, err
			}
			st = append(st, tiffStatements(v.tag, b)...)
		}
	}
	return st, nil
}

func tiffStatements(tag uint16, b []byte) []Statement {
	switch tag {
	case tiffXMP:
		return xmpStatements(b)
	case tiffIPTC:
		return iimStatements(b)
	case tiffPhotoshop:
		return iptcStatements(b)
	}
	var st []Statement
	for _, text := range strings.Split(strings.ToValidUTF8(string(b[:min(len(b), maxText)]), "\ufffd"), "\x00") {
		switch tag {
		case exifCopyright:
			st = append(st, statements("EXIF Copyright", text)...)
		case tiffDescription:
			st = append(st, mentions("TIFF ImageDescription", text)...)
		case tiffArtist:
			st = append(st, mentions("TIFF Artist", text)...)
		}
	}
	return st
}

func (f *tiffFile) Patch(n license.Notice) (Patch, error) {
	if f.big {
		return nil, &UnsupportedError{"tiff", "it is a BigTIFF, for more than 4 GiB"}
	}
	essence, err := f.Essence()
	if err != nil {
		return nil, err
	}
	first := f.pages[0]
	if _, ok := first.field(tiffC2PA); ok {
		return nil, &UnsupportedError{"tiff", "it carries a content credential (C2PA), which a stamp would break"}
	}
	var old []byte
	packet, ok := first.field(tiffXMP)
	if ok {
		if old, err = f.value(packet); err != nil {
			return nil, err
		}
	}
	merged, err := xmpMerge(old, n)
	if err != nil {
		return nil, err
	}
	at := f.size // where packet and directory go
	if ok && f.endsWith(packet, first) {
		at = packet.Off
	}
	for _, r := range essence {
		own := r.Off >= first.off && r.Off+r.Len <= first.end()
		if r.Off < 8 && r.Off+r.Len > 4 || r.Off+r.Len > at && !own {
			return nil, malformed("TIFF whose image lies in its own metadata")
		}
	}
	from := at
	tail := make([]byte, at&1) // values and directories begin at even offsets
	at += at & 1
	tail = append(tail, merged...)
	tail = append(tail, make([]byte, len(merged)&1)...)
	dir := at + int64(len(merged)+len(merged)&1)
	if dir > math.MaxUint32-1<<20 {
		return nil, &UnsupportedError{"tiff", "it would grow beyond 4 GiB, which its offsets cannot count"}
	}
	tail = append(tail, f.directory(first, at, len(merged))...)
	return splicePatch([]splice{{4, 8, f.long(dir)}, {from, f.size, tail}}, f.size)
}

// endsWith says whether the file ends with a packet and, right behind it, the
// first directory: then both can be written anew in their place.
func (f *tiffFile) endsWith(packet tiffValue, first tiffPage) bool {
	return packet.Len > 4 && packet.Off&1 == 0 && packet.Off+packet.Len+packet.Len&1 == first.off && first.end() == f.size
}

// directory is the first directory with a packet of so many bytes at an offset.
func (f *tiffFile) directory(p tiffPage, at int64, length int) []byte {
	fields := slices.DeleteFunc(slices.Clone(p.fields), func(v tiffValue) bool { return v.tag == tiffXMP })
	xmp := tiffValue{tag: tiffXMP}
	f.order.PutUint16(xmp.raw[0:], tiffXMP)
	f.order.PutUint16(xmp.raw[2:], 1) // BYTE
	f.order.PutUint32(xmp.raw[4:], uint32(length))
	f.order.PutUint32(xmp.raw[8:], uint32(at))
	i := slices.IndexFunc(fields, func(v tiffValue) bool { return v.tag > tiffXMP })
	if i < 0 {
		i = len(fields)
	}
	fields = slices.Insert(fields, i, xmp)
	b := make([]byte, 2)
	f.order.PutUint16(b, uint16(len(fields)))
	for _, v := range fields {
		b = append(b, v.raw[:]...)
	}
	var next int64
	if len(f.pages) > 1 {
		next = f.pages[1].off
	}
	return append(b, f.long(next)...)
}

func (f *tiffFile) long(v int64) []byte {
	b := make([]byte, 4)
	f.order.PutUint32(b, uint32(v))
	return b
}

package stamp

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// TIFF 6.0 §2: what Exif, and the index of multi-picture files, are made of.

// Tags that are read.
const (
	exifCopyright = 0x8298 // Exif 2.32 §4.6.4 D
	mpfImages     = 0xB002 // CIPA DC-007 §5.2.3.3
)

const tiffEntrySize = 12

// tiffEntry is one field of a directory.
type tiffEntry struct {
	tag, kind uint16
	count     uint32
	off       int // where its value begins, inside the block
	size      int // of the value, in bytes
}

// tiffSizes are the bytes per value of each type.
var tiffSizes = map[uint16]int64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}

// tiffFirst reads the first directory of a TIFF block. Fields that do not lie
// inside the block are left out.
func tiffFirst(b []byte) (binary.ByteOrder, []tiffEntry) {
	if len(b) < 8 {
		return nil, nil
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return nil, nil
	}
	at := int64(order.Uint32(b[4:]))
	if at > int64(len(b))-2 {
		return order, nil
	}
	n := int(order.Uint16(b[at:]))
	var entries []tiffEntry
	for raw := b[at+2:]; n > 0 && len(raw) >= tiffEntrySize; n, raw = n-1, raw[tiffEntrySize:] {
		if e, ok := tiffField(order, raw, len(b)); ok {
			if e.off == 0 {
				e.off = len(b) - len(raw) + 8 // four bytes or less stand in the field itself
			}
			entries = append(entries, e)
		}
	}
	return order, entries
}

// tiffField reads one field of a block of that length.
func tiffField(order binary.ByteOrder, raw []byte, length int) (tiffEntry, bool) {
	e := tiffEntry{tag: order.Uint16(raw), kind: order.Uint16(raw[2:]), count: order.Uint32(raw[4:])}
	size := tiffSizes[e.kind] * int64(e.count)
	off := int64(order.Uint32(raw[8:]))
	if size <= 4 {
		e.size = int(size)
		return e, size > 0
	}
	e.off, e.size = int(off), int(min(size, int64(length)))
	return e, off > 0 && off <= int64(length)-size
}

// exifStatements reads the Copyright field of an Exif block. It may hold two
// texts, the photographer's and the editor's, each ended by a NUL.
func exifStatements(block []byte) []Statement {
	var st []Statement
	_, entries := tiffFirst(block)
	for _, e := range entries {
		if e.tag != exifCopyright {
			continue
		}
		for _, text := range bytes.Split(block[e.off:e.off+e.size], []byte{0}) {
			st = append(st, statements("EXIF Copyright", strings.ToValidUTF8(string(text), "\ufffd"))...)
		}
	}
	return st
}

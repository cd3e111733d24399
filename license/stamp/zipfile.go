package stamp

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
)

// ZIP archives (PKWARE APPNOTE 6.3), as far as it takes to put one file of an
// archive in the place of another without touching the rest.

const (
	zipMaxDir   = 8 << 20 // bytes of a directory
	zipEndLen   = 22
	zipDirLen   = 46
	zipLocalLen = 30
)

// zipEntry is a file of an archive.
type zipEntry struct {
	name         string
	dir          []byte // its entry of the directory, whole
	off, end     int64  // of its local header and all that belongs to it
	data         int64  // where its contents begin
	packed, size int64
	method       uint16
	flags        uint16
}

// zipFile is an archive.
type zipFile struct {
	src     io.ReaderAt
	size    int64
	entries []zipEntry // in the order of the directory
	dir     Range      // the directory
	end     []byte     // what follows it
}

// openZIP reads the directory of an archive.
func openZIP(format string, src io.ReaderAt, size int64) (*zipFile, error) {
	z := &zipFile{src: src, size: size}
	from := max(0, size-zipEndLen-math.MaxUint16)
	tail, err := readAt(src, from, int(size-from))
	if err != nil {
		return nil, err
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || len(tail)-at < zipEndLen || len(tail)-at != zipEndLen+int(binary.LittleEndian.Uint16(tail[at+20:])) {
		return nil, fmt.Errorf("%s without the directory of its files: %w", format, ErrTruncated)
	}
	z.end = tail[at:]
	le := binary.LittleEndian
	count := int(le.Uint16(z.end[10:]))
	z.dir = Range{int64(le.Uint32(z.end[16:])), int64(le.Uint32(z.end[12:]))}
	if count == math.MaxUint16 || z.dir.Off == math.MaxUint32 {
		return nil, &UnsupportedError{format, "it is a ZIP archive of more than 4 GiB or 65,535 files"}
	}
	if z.dir.Off+z.dir.Len != from+int64(at) || z.dir.Len > zipMaxDir {
		return nil, malformed("directory of the archive")
	}
	dir, err := readAt(src, z.dir.Off, int(z.dir.Len))
	if err != nil {
		return nil, err
	}
	for range count {
		n, err := z.entry(dir)
		if err != nil {
			return nil, err
		}
		dir = dir[n:]
	}
	if len(dir) > 0 {
		return nil, malformed("directory of the archive")
	}
	return z, z.extents()
}

// entry reads an entry of the directory (§4.3.12).
func (z *zipFile) entry(dir []byte) (int, error) {
	le := binary.LittleEndian
	if len(dir) < zipDirLen || string(dir[:4]) != "PK\x01\x02" {
		return 0, malformed("directory of the archive")
	}
	name := int(le.Uint16(dir[28:]))
	n := zipDirLen + name + int(le.Uint16(dir[30:])) + int(le.Uint16(dir[32:]))
	if n > len(dir) {
		return 0, malformed("directory of the archive")
	}
	e := zipEntry{name: string(dir[zipDirLen:][:name]), dir: dir[:n], off: int64(le.Uint32(dir[42:])), flags: le.Uint16(dir[8:]),
		method: le.Uint16(dir[10:]), packed: int64(le.Uint32(dir[20:])), size: int64(le.Uint32(dir[24:]))}
	head, err := readAt(z.src, e.off, zipLocalLen)
	if err != nil {
		return 0, err
	}
	e.data = e.off + zipLocalLen + int64(le.Uint16(head[26:])) + int64(le.Uint16(head[28:]))
	if string(head[:4]) != "PK\x03\x04" || e.data+e.packed > z.dir.Off {
		return 0, malformed(fmt.Sprintf("file %q of the archive", e.name))
	}
	z.entries = append(z.entries, e)
	return n, nil
}

// extents finds where each file ends: where the next one begins. Files that lie in
// each other are refused.
func (z *zipFile) extents() error {
	order := make([]int, len(z.entries))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(z.entries[a].off - z.entries[b].off) })
	for k, i := range order {
		e := &z.entries[i]
		e.end = z.dir.Off
		if k+1 < len(order) {
			e.end = z.entries[order[k+1]].off
		}
		if e.data+e.packed > e.end {
			return malformed(fmt.Sprintf("file %q of the archive", e.name))
		}
	}
	return nil
}

// find finds a file by its name.
func (z *zipFile) find(name string) *zipEntry {
	for i := range z.entries {
		if z.entries[i].name == name {
			return &z.entries[i]
		}
	}
	return nil
}

// read unpacks a file of at most limit bytes, and checks its sum.
func (z *zipFile) read(format string, e *zipEntry, limit int64) ([]byte, error) {
	if e.size > limit || e.packed > limit || e.flags&1 != 0 {
		return nil, &UnsupportedError{format, fmt.Sprintf("its %q is encrypted, or larger than %d MiB", e.name, limit>>20)}
	}
	data, err := readAt(z.src, e.data, int(e.packed))
	if err != nil {
		return nil, err
	}
	switch e.method {
	case 0:
	case 8:
		unpacked := make([]byte, e.size) // which is bounded
		if _, err := io.ReadFull(flate.NewReader(bytes.NewReader(data)), unpacked); err != nil {
			return nil, malformed(fmt.Sprintf("file %q of the archive", e.name))
		}
		data = unpacked
	default:
		return nil, &UnsupportedError{format, fmt.Sprintf("its %q is packed in a way of its own", e.name)}
	}
	if int64(len(data)) != e.size || crc32.ChecksumIEEE(data) != binary.LittleEndian.Uint32(e.dir[16:]) {
		return nil, malformed(fmt.Sprintf("file %q of the archive", e.name))
	}
	return data, nil
}

// replace puts contents in the place of some files, stored as they are, so that
// the result does not depend on a packer.
func (z *zipFile) replace(contents map[string][]byte) (Patch, error) {
	le := binary.LittleEndian
	var cuts []splice
	for i := range z.entries {
		e := &z.entries[i]
		if data, ok := contents[e.name]; ok {
			cuts = append(cuts, splice{e.off, e.end, append(e.local(data), data...)})
		}
	}
	m := newMover(cuts)
	var dir []byte
	for i := range z.entries {
		e := &z.entries[i]
		entry := bytes.Clone(e.dir)
		if data, ok := contents[e.name]; ok {
			le.PutUint16(entry[8:], e.flags&^8) // its sizes stand in the header
			le.PutUint16(entry[10:], 0)
			copy(entry[16:], sums(data))
		}
		off, ok := m.at(e.off)
		if !ok || off > math.MaxUint32 {
			return nil, malformed("files of the archive")
		}
		le.PutUint32(entry[42:], uint32(off))
		dir = append(dir, entry...)
	}
	at, ok := m.at(z.dir.Off)
	if !ok || at+int64(len(dir)) > math.MaxUint32 {
		return nil, malformed("directory of the archive")
	}
	end := bytes.Clone(z.end)
	le.PutUint32(end[16:], uint32(at))
	cuts = append(cuts, splice{z.dir.Off, z.size, append(dir, end...)})
	return splicePatch(cuts, z.size)
}

// sums are the checksum of stored contents, and their size twice.
func sums(data []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(data))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return binary.LittleEndian.AppendUint32(b, uint32(len(data)))
}

// local is a local header for stored contents (§4.3.7).
func (e *zipEntry) local(data []byte) []byte {
	le := binary.LittleEndian
	b := append([]byte("PK\x03\x04"), 20, 0)
	b = le.AppendUint16(b, e.flags&^8)
	b = le.AppendUint16(b, 0)
	b = append(b, e.dir[12:16]...) // its time
	b = append(b, sums(data)...)
	b = le.AppendUint16(b, uint16(len(e.name)))
	b = le.AppendUint16(b, 0)
	return append(b, e.name...)
}

package stamp

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"commonseed/license"
)

// pdfObject is an object of the update.
type pdfObject struct {
	num, gen int64
	off      int64
}

// update is what is appended: the packet, the catalog that leads to it, and a
// cross-reference section of the kind that the newest one is.
func (f *pdfFile) update(n license.Notice) ([]byte, error) {
	merged, err := xmpMerge(f.packet, n)
	if err != nil {
		return nil, err
	}
	size := f.trailer.int("Size")
	if size <= 0 || size > 1<<31 || f.size > 9_999_000_000 {
		return nil, &UnsupportedError{"pdf", "it has too many objects, or more than 10 GB"}
	}
	var b bytes.Buffer
	if last, err := readAt(f.src, f.size-1, 1); err != nil {
		return nil, err
	} else if last[0] != '\n' && last[0] != '\r' {
		b.WriteByte('\n')
	}
	b.WriteString(pdfHead(f.size))
	packet := pdfObject{num: f.metadata.num, gen: f.metadata.gen}
	if packet.num == 0 {
		packet.num = size
		size++
	}
	root := pdfObject{num: f.root.num, gen: f.root.gen}
	packet.off = f.size + int64(b.Len())
	fmt.Fprintf(&b, "%d %d obj\n<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream\nendobj\n", packet.num, packet.gen, len(merged), merged)
	root.off = f.size + int64(b.Len())
	fmt.Fprintf(&b, "%d %d obj\n%s\nendobj\n", root.num, root.gen, f.newCatalog(packet))
	objects := []pdfObject{packet, root}
	xref := f.size + int64(b.Len())
	if f.sections[0].stream {
		f.writeXrefStream(&b, append(objects, pdfObject{num: size, off: xref}), size+1)
	} else {
		f.writeXrefTable(&b, objects, size)
	}
	fmt.Fprintf(&b, "startxref\n%d\n%%%%EOF\n", xref)
	return b.Bytes(), nil
}

// newCatalog is the catalog with another packet.
func (f *pdfFile) newCatalog(packet pdfObject) []byte {
	c := f.catalog
	var out []byte
	at := c.start
	for _, e := range c.dict {
		if e.key == "Metadata" {
			out = append(out, c.raw[at:e.start]...)
			at = e.value.end
		}
	}
	out = append(out, c.raw[at:c.end-2]...)
	return fmt.Appendf(out, " /Metadata %d %d R >>", packet.num, packet.gen)
}

// trailerKeys are what a new trailer takes from the old one.
func (f *pdfFile) trailerKeys() []byte {
	var b []byte
	for _, e := range f.trailer.dict {
		switch e.key {
		case "Size", "Prev", "XRefStm", "Type", "W", "Index", "Filter", "DecodeParms", "Length", "DL":
			continue
		}
		b = append(b, ' ')
		b = append(b, f.trailer.raw[e.start:e.value.end]...)
	}
	return fmt.Appendf(b, " /Prev %d", f.sections[0].off)
}

func (f *pdfFile) writeXrefTable(b *bytes.Buffer, objects []pdfObject, size int64) {
	slices.SortFunc(objects, func(x, y pdfObject) int { return cmp.Compare(x.num, y.num) })
	b.WriteString("xref\n")
	for _, o := range objects {
		fmt.Fprintf(b, "%d 1\n%010d %05d n \n", o.num, o.off, o.gen)
	}
	fmt.Fprintf(b, "trailer\n<< /Size %d%s >>\n", size, f.trailerKeys())
}

// writeXrefStream writes rows of a type, an offset of five bytes and a generation
// of two. The stream is an object itself, the last.
func (f *pdfFile) writeXrefStream(b *bytes.Buffer, objects []pdfObject, size int64) {
	own := objects[len(objects)-1]
	slices.SortFunc(objects, func(x, y pdfObject) int { return cmp.Compare(x.num, y.num) })
	var rows, index []byte
	for _, o := range objects {
		index = fmt.Appendf(index, " %d 1", o.num)
		off := binary.BigEndian.AppendUint64(nil, uint64(o.off))
		rows = append(append(rows, 1), off[3:]...)
		rows = binary.BigEndian.AppendUint16(rows, uint16(o.gen))
	}
	fmt.Fprintf(b, "%d 0 obj\n<< /Type /XRef /Size %d /W [1 5 2] /Index [%s ] /Length %d%s >>\nstream\n%s\nendstream\nendobj\n",
		own.num, size, index, len(rows), f.trailerKeys(), rows)
}

package stamp

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"commonseed/license"
)

// pdfStamper stamps PDF files with an XMP packet, in an incremental update
// (ISO 32000-1 §7.5.6): everything that was there stays where it is, and a new
// catalog that leads to the packet is appended.
//
//	pdf.go         the file as a whole, the Stamper
//	pdf_update.go  what is appended
//	pdf_xref.go    where objects are, and reading them
//	pdf_stream.go  streams, and objects inside them
//	pdf_value.go   values
//
// An update of ours says of how many bytes the file was before, so that a later
// stamp replaces it and the same notice always gives the same file.
type pdfStamper struct{}

// pdfMaxInfo bounds how many entries of the Info dictionary are read.
const pdfMaxInfo = 256

func (pdfStamper) Format() string { return "pdf" }

func (pdfStamper) Places() []string { return xmpWritten }

func (pdfStamper) Sniff(head []byte) bool { return bytes.HasPrefix(head, []byte("%PDF-")) }

// pdfFile is a file, or what there was of it before our update.
type pdfFile struct {
	src      io.ReaderAt
	size     int64
	sections []*pdfSection
	trailer  pdfValue
	root     pdfValue // the reference to the catalog
	catalog  pdfValue
	metadata pdfValue // the reference to the packet, if there is one
	packet   []byte
	base     *pdfFile // the file before our update, nil if there is none
	locked   bool     // it is encrypted
	unread   int64    // how much may still be unpacked
	opened   pdfObjectStream
}

func (pdfStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	f, err := openPDF(src, size)
	if err != nil {
		return nil, err
	}
	if before := f.beforeOurs(); before > 0 {
		if f.base, err = openPDF(src, before); err != nil {
			return nil, err
		}
		pages, _ := f.catalog.get("Pages")
		were, _ := f.base.catalog.get("Pages")
		if !bytes.Equal(pages.text(), were.text()) {
			return nil, malformed("PDF whose update leads to other pages")
		}
	}
	return f, nil
}

func openPDF(src io.ReaderAt, size int64) (*pdfFile, error) {
	f := &pdfFile{src: src, size: size, unread: pdfMaxUnpacked}
	at, err := f.startXref()
	if err != nil {
		return nil, err
	}
	if err := f.readSections(at); err != nil {
		return nil, err
	}
	f.trailer = f.sections[0].trailer
	for _, s := range f.sections {
		if _, ok := s.trailer.get("Encrypt"); ok {
			f.locked = true
		}
	}
	var ok bool
	if f.root, ok = f.trailer.get("Root"); !ok || f.root.kind != 'r' {
		return nil, malformed("PDF without a catalog")
	}
	if f.locked {
		return f, nil
	}
	if f.catalog, _, err = f.resolve(f.root); err != nil {
		return nil, err
	}
	if pages, ok := f.catalog.get("Pages"); f.catalog.kind != 'd' || !ok || pages.kind != 'r' {
		return nil, malformed("PDF without pages")
	}
	return f, f.readPacket()
}

func (f *pdfFile) readPacket() error {
	ref, ok := f.catalog.get("Metadata")
	if !ok || ref.kind != 'r' {
		return nil
	}
	dict, end, err := f.resolve(ref)
	if err != nil || dict.kind != 'd' {
		return err
	}
	f.metadata = ref
	f.packet, err = f.stream(dict, end)
	return err
}

func (f *pdfFile) Statements() ([]Statement, error) {
	st := xmpStatements(f.packet)
	ref, ok := f.trailer.get("Info")
	if !ok || f.locked {
		return st, nil
	}
	info := ref
	if ref.kind == 'r' {
		var err error
		if info, _, err = f.resolve(ref); err != nil {
			return nil, err
		}
	}
	for _, e := range info.dict[:min(len(info.dict), pdfMaxInfo)] {
		value := e.value
		if value.kind == 'r' {
			var err error
			if value, _, err = f.resolve(value); err != nil {
				return nil, err
			}
		}
		place, text := "PDF Info "+shorten(oneLine(e.key)), pdfText(value)
		switch strings.ToLower(e.key) {
		case "copyright", "license", "licence", "rights":
			st = append(st, statements(place, text)...)
		default:
			st = append(st, mentions(place, text)...)
		}
	}
	return st, nil
}

// origin is the file without our update.
func (f *pdfFile) origin() *pdfFile {
	if f.base != nil {
		return f.base
	}
	return f
}

func (f *pdfFile) Patch(n license.Notice) (Patch, error) {
	o := f.origin()
	if o.locked {
		return nil, &UnsupportedError{"pdf", "it is encrypted"}
	}
	if err := o.safe(); err != nil {
		return nil, err
	}
	update, err := o.update(n)
	if err != nil {
		return nil, err
	}
	return Patch{}.keep(0, o.size).add(update), nil
}

// safe refuses what an update would break in silence: signatures, which cover the
// bytes of the file, and content credentials. Both have names that stand in the
// file as they are.
func (f *pdfFile) safe() error {
	if _, ok := f.catalog.get("Perms"); ok {
		return &UnsupportedError{"pdf", "it is certified, which a stamp would break"}
	}
	form, _ := f.catalog.get("AcroForm")
	if form.kind == 'r' {
		var err error
		if form, _, err = f.resolve(form); err != nil {
			return err
		}
	}
	if flags := form.int("SigFlags"); flags > 0 && flags&1 == 1 {
		return &UnsupportedError{"pdf", "it is signed, which a stamp would break"}
	}
	w := &window{src: f.src, size: f.size}
	const look, overlap = 256 << 10, 32
	for off := int64(0); off < f.size; off += look {
		b, err := w.at(off, int(min(look+overlap, f.size-off)))
		if err != nil {
			return err
		}
		switch {
		case bytes.Contains(b, []byte("/ByteRange")):
			return &UnsupportedError{"pdf", "it is signed, which a stamp would break"}
		case bytes.Contains(b, []byte("/C2PA_Manifest")):
			return &UnsupportedError{"pdf", "it carries a content credential (C2PA), which a stamp would break"}
		}
	}
	return nil
}

// Essence is the file as it was before our update.
func (f *pdfFile) Essence() ([]Range, error) { return []Range{{0, f.origin().size}}, nil }

// pdfMark begins our update; the size of the file before it follows.
const pdfMark = "%commonseed: the file before had "

// beforeOurs is the size of the file without our update, or 0: the newest section
// must lie in it, and lead to the one that was the newest before.
func (f *pdfFile) beforeOurs() int64 {
	s := f.sections[0]
	from := max(0, s.off-maxXMP-pdfMaxObject)
	prev := s.trailer.int("Prev")
	if prev <= 0 || prev >= s.off {
		return 0
	}
	from = max(from, prev)
	b, err := readAt(f.src, from, int(s.off-from))
	if err != nil {
		return 0
	}
	at := bytes.LastIndex(b, []byte(pdfMark))
	if at < 0 {
		return 0
	}
	rest, _, _ := bytes.Cut(b[at+len(pdfMark):], []byte(" bytes\n"))
	before, err := strconv.ParseInt(string(rest), 10, 64)
	if mark := from + int64(at); err != nil || before <= prev || before > mark || mark-before > 1 {
		return 0
	}
	return before
}

// pdfHead is the line that begins an update of a file of so many bytes.
func pdfHead(size int64) string { return fmt.Sprintf("%s%d bytes\n", pdfMark, size) }

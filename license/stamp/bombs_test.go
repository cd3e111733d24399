package stamp

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// packedText packs n times some text for a PDF.
func packedText(text string, n int) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	for range n {
		_, _ = z.Write([]byte(text))
	}
	_ = z.Close()
	return b.String()
}

// bombs are small files made to cost much: none of them is damaged at first sight.
func bombs(t testing.TB) map[string][]byte {
	le := binary.LittleEndian
	all := map[string][]byte{}

	// PDF: a chain of cross-reference streams that unpack to much.
	rows := packedText(strings.Repeat("\x00", 8), 1<<21)
	b := []byte("%PDF-1.5\n")
	prev := 0
	for i := range 40 {
		at := len(b)
		b = fmt.Appendf(b, "%d 0 obj\n<</Type/XRef/W[1 5 2]/Size 2097152/Filter/FlateDecode/Root 1 0 R/Length %d", i+1, len(rows))
		if prev > 0 {
			b = fmt.Appendf(b, "/Prev %d", prev)
		}
		b = fmt.Appendf(b, ">>stream\n%s\nendstream\nendobj\n", rows)
		prev = at
	}
	all["pdf sections"] = fmt.Appendf(b, "startxref\n%d\n%%%%EOF\n", prev)

	// PDF: an Info dictionary of texts that all lie in one large object stream.
	stream := packedText("5 0 (x)"+strings.Repeat(" ", 15<<20), 1)
	b = []byte("%PDF-1.5\n1 0 obj\n<</Pages 2 0 R>>\nendobj\n")
	info := len(b)
	b = append(b, "3 0 obj\n<<"...)
	for i := range 20_000 {
		b = fmt.Appendf(b, "/A%d 5 0 R", i)
	}
	b = append(b, ">>\nendobj\n"...)
	inner := len(b)
	b = fmt.Appendf(b, "4 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n%s\nendstream\nendobj\n", len(stream), stream)
	row := func(kind byte, at, index int) []byte {
		r := append([]byte{kind}, binary.BigEndian.AppendUint64(nil, uint64(at))[3:]...)
		return binary.BigEndian.AppendUint16(r, uint16(index))
	}
	xref := len(b)
	table := bytes.Join([][]byte{row(0, 0, 0), row(1, 9, 0), row(0, 0, 0), row(1, info, 0), row(1, inner, 0), row(2, 4, 0)}, nil)
	b = fmt.Appendf(b, "6 0 obj\n<</Type/XRef/W[1 5 2]/Size 6/Root 1 0 R/Info 3 0 R/Length %d>>stream\n%s\nendstream\nendobj\n", len(table), table)
	all["pdf info"] = fmt.Appendf(b, "startxref\n%d\n%%%%EOF\n", xref)

	// PDF: a packet that unpacks to much.
	packet := packedText(" ", 15<<20)
	all["pdf packet"] = pdfOf("", "<</Pages 2 0 R/Metadata 3 0 R>>", pdfPages,
		fmt.Sprintf("<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream", len(packet), packet))

	// TIFF: pages that share a long text, and pages that lie in each other.
	text := strings.Repeat("a", 100_000)
	b = append([]byte("II*\x00"), le.AppendUint32(nil, uint32(8+len(text)))...)
	b = append(b, text...)
	for i := range 5000 {
		b = le.AppendUint16(b, 1)
		b = le.AppendUint16(le.AppendUint16(b, tiffDescription), 2)
		b = le.AppendUint32(le.AppendUint32(b, uint32(len(text))), 8)
		next := uint32(0)
		if i < 4999 {
			next = uint32(len(b) + 4)
		}
		b = le.AppendUint32(b, next)
	}
	all["tiff texts"] = b

	const rdf = `<r:RDF xmlns:r="` + nsRDF + `"/>`
	webp := string(readSample(t, "image-extended.webp")[12:])
	all["webp packets"] = riffOf("WEBP", webp, strings.Repeat(chunkOf(le, "XMP ", rdf), 5000))
	filler := `<!--` + strings.Repeat("a", 4<<20-500) + `-->`
	all["webp packet"] = riffOf("WEBP", webp, chunkOf(le, "XMP ", `<r:RDF xmlns:r="`+nsRDF+`">`+filler+`</r:RDF>`))
	all["webp large packet"] = riffOf("WEBP", webp, chunkOf(le, "XMP ", `<r:RDF xmlns:r="`+nsRDF+`">`+strings.Repeat(filler, 3)+`</r:RDF>`))
	format, sound := chunkOf(le, "fmt ", strings.Repeat("\x01", 16)), chunkOf(le, "data", "sound")
	all["wav tags"] = riffOf("WAVE", format, sound, strings.Repeat(chunkOf(le, "id3 ", ""), 60_000))
	all["svg licences"] = []byte(`<svg xmlns:c="` + nsCC + `"><metadata>` + strings.Repeat("<c:license/>", 80_000) + `</metadata></svg>`)
	all["svg texts"] = []byte(`<svg xmlns:c="` + nsCC + `"><metadata>` + strings.Repeat("x<!---->", 120_000) + `</metadata></svg>`)
	all["html links"] = []byte("<!doctype html>" + strings.Repeat(`<link rel=license>`, 50_000))
	long := strings.Repeat(" ", epubMaxFile-1000)
	files := []string{"mimetype", "application/epub+zip", "META-INF/container.xml", ""}
	var roots string
	for i := range epubMaxPackages {
		roots += fmt.Sprintf(`<rootfile full-path="%d.opf" media-type="application/oebps-package+xml"/>`, i)
		files = append(files, fmt.Sprintf("%d.opf", i), `<package xmlns="`+nsOPF+`" version="3.0"><metadata>x</metadata>`+long+`</package>`)
	}
	files[3] = `<container xmlns="` + nsContainer + `">` + roots + `</container>`
	all["epub packages"] = zipped(t, files...)
	png := readSample(t, "image-plain.png")
	comment := pngChunk("zTXt", []byte("Comment\x00\x00"+packedText(strings.Repeat("a", 1<<20), 1)))
	xmp := pngChunk("iTXt", []byte(pngXMPKeyword+"\x01\x00\x00\x00"+packedText(" ", 15<<20)))
	texts := slices.Concat(bytes.Repeat(comment, 2000), bytes.Repeat(xmp, 10))
	all["png texts"] = append(append(bytes.Clone(png[:33]), texts...), png[33:]...)
	simple := newEBML(mkvSimpleTag, newEBML(mkvTagName, []byte("X")))
	mkv := readSample(t, "audio/sound.mka")
	f := openMKV(t, mkv)
	tag := newEBML(mkvTag, bytes.Repeat(simple, 60_000), newEBML(mkvSimpleTag, newEBML(mkvTagName, []byte("LICENSE"))))
	nested := newEBML(mkvSimpleTag, bytes.Repeat(simple, 60_000))
	body := append(bytes.Clone(mkv[f.segment.body:]), newEBML(mkvTags, newEBML(mkvTag, nested))...)
	all["mkv nested tags"] = append(append(bytes.Clone(mkv[:f.segment.off+4]), ebmlSizeOf(int64(len(body)), 8)...), body...)
	body = append(bytes.Clone(mkv[f.segment.body:]), newEBML(mkvTags, tag)...)
	all["mkv tags"] = append(append(bytes.Clone(mkv[:f.segment.off+4]), ebmlSizeOf(int64(len(body)), 8)...), body...)
	return all
}

// TestBombs: files of a MiB or so that are made to cost much are refused, or cost
// little: what is allocated in all stays in proportion.
func TestBombs(t *testing.T) {
	for name, data := range bombs(t) {
		t.Run(name, func(t *testing.T) {
			var err error
			spent := allocated(func() {
				_, err = Prepare(bytes.NewReader(data), int64(len(data)), fullNotice(byA), true)
			})
			t.Logf("%d KiB: allocated %d MiB: %.120v", len(data)>>10, spent>>20, err)
			if spent > 64<<20 {
				t.Errorf("%d bytes made us allocate %d MiB", len(data), spent>>20)
			}
		})
	}
}

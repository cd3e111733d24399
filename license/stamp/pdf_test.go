package stamp

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"commonseed/internal/peers"
)

func init() {
	const why = "ffmpeg reads no PDF"
	for file, keeps := range map[string][]string{
		"doc-plain.pdf":             nil,
		"doc-gs.pdf":                {"Ghostscript"},
		"doc-pdfa.pdf":              {"pdfaid"},
		"doc-xref-stream.pdf":       nil,
		"doc-linearized.pdf":        {"/Linearized"},
		"doc-linearized-stream.pdf": {"/Linearized"},
		"doc-updated.pdf":           {"A title of old", "<xmp:Rating>4</xmp:Rating>", "Recorded in Lima"},
	} {
		if file == "doc-pdfa.pdf" { // see TestPDFA
			continue
		}
		samples = append(samples, sample{file: file, stamper: pdfStamper{}, keeps: keeps, noFFmpeg: why, whole: pdfRevision})
	}
	for place, shows := range xmpShown {
		readings = append(readings,
			reading{"pdf", place, "exiftool", "doc-updated.pdf", []string{"exiftool", "-G1", "-a", "-s", "{}"}, shows},
			reading{"pdf", place, "pdfinfo", "doc-xref-stream.pdf", []string{"pdfinfo", "-meta", "{}"}, shows},
			reading{"pdf", place, "mutool", "doc-linearized.pdf", []string{"mutool", "show", "-b", "{}", "trailer/Root/Metadata"}, shows})
	}
	checkers["pdf"] = []checker{
		{run: []string{"qpdf", "--check", "{}"}},
		{run: []string{"pdfinfo", "{}"}, fault: "(?i)error|warning"},
		{run: []string{"mutool", "info", "{}"}, fault: "(?i)error|warning|repair"},
		{run: []string{"exiftool", "-validate", "-warning", "-error", "-a", "{}"}, fault: "(?m)^(Warning|Error)"},
	}
}

// pdfRevision allows cuts behind the end of an earlier revision.
func pdfRevision(data []byte, n int) bool {
	return bytes.HasSuffix(bytes.TrimRight(data[:max(0, n)], "\r\n"), []byte("%%EOF"))
}

// TestPDFPages compares what poppler draws, page by page.
func TestPDFPages(t *testing.T) {
	t.Parallel()
	peers.Need(t, "pdftoppm")
	for _, s := range samples {
		if s.stamper.Format() != "pdf" {
			continue
		}
		before, after := inFile(t, s.file, fullNotice(byA))
		want, got := peers.Run(t, "pdftoppm", "-r", "30", before), peers.Run(t, "pdftoppm", "-r", "30", after)
		if got != want || len(got) < 1000 {
			t.Errorf("%s: other pages", s.file)
		}
	}
}

// TestPDFPrefix: what was there is the beginning of what is there now.
func TestPDFPrefix(t *testing.T) {
	for _, s := range samples {
		if s.stamper.Format() != "pdf" {
			continue
		}
		data := readSample(t, s.file)
		if out, _ := stampBytes(t, data, fullNotice(byA), false); !bytes.HasPrefix(out, data) {
			t.Errorf("%s: bytes of the file changed", s.file)
		}
	}
}

// TestPDFA: a packet of PDF/A gets no properties that it would have to describe.
func TestPDFA(t *testing.T) {
	t.Parallel()
	data := readSample(t, "doc-pdfa.pdf")
	out, st := stampBytes(t, data, fullNotice(byA), false)
	if bytes.Contains(out, []byte("<cc:")) || !strings.Contains(strings.Join(st.Places, " "), "UsageTerms") {
		t.Errorf("written: %q", st.Places)
	}
	if again, _ := stampBytes(t, out, fullNotice(byA), false); !bytes.Equal(again, out) {
		t.Error("stamping again gives other bytes")
	}
	if !says(readBack(t, out), pdfStamper{}.Places(), byA) {
		t.Error("the licence does not read back")
	}
	peers.Need(t, "qpdf", "exiftool")
	path := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	peers.Run(t, "qpdf", "--check", path)
	if shown := peers.Run(t, "exiftool", "-XMP-pdfaid:all", "-XMP-xmpRights:UsageTerms", "-s", path); !strings.Contains(shown, "Part") || !strings.Contains(shown, licenceURL) {
		t.Errorf("exiftool: %s", shown)
	}
}

// pdfOf makes a file of objects, the first of which is the catalog.
func pdfOf(trailer string, objects ...string) []byte {
	b := []byte("%PDF-1.4\n")
	var table string
	for i, o := range objects {
		table += fmt.Sprintf("%010d 00000 n \n", len(b))
		b = fmt.Appendf(b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	return fmt.Appendf(b, "xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n",
		len(objects)+1, table, len(objects)+1, trailer, len(b))
}

const pdfPages = "<</Type/Pages/Kids[]/Count 0>>"

func TestPDFRefusals(t *testing.T) {
	plain := pdfOf("", "<</Type/Catalog/Pages 2 0 R>>", pdfPages)
	for _, c := range []struct {
		name string
		data []byte
		want error // nil: an UnsupportedError
		says string
	}{
		{"encrypted", pdfOf("/Encrypt 2 0 R", "<</Pages 2 0 R>>", pdfPages), nil, "encrypted"},
		{"signed", pdfOf("", "<</Pages 2 0 R/AcroForm<</SigFlags 3>>>>", pdfPages), nil, "signed"},
		{"signed elsewhere", pdfOf("", "<</Pages 2 0 R>>", pdfPages, "<</Type/Sig/ByteRange[0 1 2 3]>>"), nil, "signed"},
		{"certified", pdfOf("", "<</Pages 2 0 R/Perms<</DocMDP 3 0 R>>>>", pdfPages), nil, "certified"},
		{"C2PA", pdfOf("", "<</Pages 2 0 R>>", pdfPages, "<</AFRelationship/C2PA_Manifest>>"), nil, "content credential"},
		{"a filter of its own", pdfOf("", "<</Pages 2 0 R/Metadata 3 0 R>>", pdfPages, "<</Length 1/Filter/LZWDecode>>stream\nx\nendstream"), nil, "filter"},
		{"something behind", append(bytes.Clone(plain), "<html>"...), ErrTruncated, "without its end"},
		{"no catalog", pdfOf("", "null", pdfPages), ErrMalformed, "without pages"},
		{"no pages", pdfOf("", "<</Type/Catalog>>"), ErrMalformed, "without pages"},
		{"another object", bytes.Replace(plain, []byte("1 0 obj"), []byte("7 0 obj"), 1), ErrMalformed, "found 7"},
		{"a circle", pdfOf("/Prev 99", "<</Pages 2 0 R>>", pdfPages), ErrMalformed, ""},
		{"a long packet", pdfOf("", "<</Pages 2 0 R/Metadata 3 0 R>>", pdfPages, "<</Length 99999>>stream\nx\nendstream"), ErrMalformed, "length"},
	} {
		_, err := patchOf(pdfStamper{}, bytes.NewReader(c.data), int64(len(c.data)), fullNotice(byA))
		if c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.As(err, new(*UnsupportedError)) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := Prepare(bytes.NewReader(plain), int64(len(plain)), fullNotice(byA), false); err != nil {
		t.Errorf("the file that the others were made of: %v", err)
	}
}

// TestPDFEncrypted refuses what qpdf encrypted.
func TestPDFEncrypted(t *testing.T) {
	t.Parallel()
	peers.Need(t, "qpdf")
	path := filepath.Join(t.TempDir(), "locked.pdf")
	peers.Run(t, "qpdf", "--encrypt", "", "owner", "256", "--", "testdata/doc-gs.pdf", path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Prepare(bytes.NewReader(data), int64(len(data)), fullNotice(byA), false)
	if !errors.As(err, new(*UnsupportedError)) || !strings.Contains(err.Error(), "encrypted") {
		t.Errorf("%v", err)
	}
}

// TestPDFStatements reads the Info dictionary and the packet, as others write them,
// and updates of others on top of ours.
func TestPDFStatements(t *testing.T) {
	t.Parallel()
	for place, data := range map[string][]byte{
		"PDF Info Copyright": pdfOf("/Info<</Copyright(All rights\\040reserved)>>", "<</Pages 2 0 R>>", pdfPages),
		"PDF Info Subject":   pdfOf("/Info 3 0 R", "<</Pages 2 0 R>>", pdfPages, "<</Subject<FEFF"+fmt.Sprintf("%X", utf16BE("all rights reserved"))+">>>"),
	} {
		var conflict *ConflictError
		_, err := Prepare(bytes.NewReader(data), int64(len(data)), fullNotice(byA), false)
		if !errors.As(err, &conflict) || conflict.Found.Place != place {
			t.Errorf("%s: %v", place, err)
		}
	}
	peers.Need(t, "exiftool")
	data := exiftooled(t, "doc-gs.pdf", "-XMP-dc:Rights=All rights reserved")
	if _, err := Prepare(bytes.NewReader(data), int64(len(data)), fullNotice(byA), false); !errors.As(err, new(*ConflictError)) {
		t.Errorf("XMP: %v", err)
	}
	// Somebody updates a stamped file; a stamp on top of that does not cut it off.
	_, after := inFile(t, "doc-gs.pdf", fullNotice(byA))
	peers.Run(t, "exiftool", "-q", "-overwrite_original", "-PDF:Subject=Recorded in Lima", after)
	theirs, err := os.ReadFile(after)
	if err != nil {
		t.Fatal(err)
	}
	out, _ := stampBytes(t, theirs, fullNotice(byB), true)
	if !bytes.HasPrefix(out, theirs) || !says(readBack(t, out), pdfStamper{}.Places(), byB) {
		t.Error("an update of others did not survive")
	}
}

func utf16BE(s string) []byte {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r>>8), byte(r))
	}
	return b
}

func FuzzPDF(f *testing.F) {
	f.Add(pdfOf("/Info<</Copyright(All rights\\040reserved)>>", "<</Type/Catalog/Pages 2 0 R/AcroForm 2 0 R>>", pdfPages))
	f.Add(readSample(f, "doc-pdfa.pdf"))
	fuzzStamper(f, pdfStamper{})
}

package stamp

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"commonseed/internal/peers"
)

func init() {
	const why = "ffmpeg reads no documents"
	anyCut := func([]byte, int) bool { return true } // HTML may end anywhere
	samples = append(samples,
		sample{file: "doc-plain.svg", stamper: svgStamper{}, noFFmpeg: why, whole: svgEnds},
		sample{file: "doc-inkscape.svg", stamper: svgStamper{}, noFFmpeg: why, whole: svgEnds, keeps: []string{title, "StillImage", "<![CDATA[ rect", "Created with Inkscape"}},
		sample{file: "doc-plain.html", stamper: htmlStamper{}, noFFmpeg: why, whole: anyCut, keeps: []string{title, `"@type": "WebPage"`, "© 2020 Somebody"}},
		sample{file: "doc-implied.html", stamper: htmlStamper{}, noFFmpeg: why, whole: anyCut},
		sample{file: "doc-strict.html", stamper: htmlStamper{}, noFFmpeg: why, whole: anyCut},
		sample{file: "doc-three.epub", stamper: epubStamper{}, noFFmpeg: why, keeps: []string{"Recorded in Lima", title, "dcterms:modified"}[:1]},
		sample{file: "doc-prefixed.epub", stamper: epubStamper{}, noFFmpeg: why},
		sample{file: "doc-two.epub", stamper: epubStamper{}, noFFmpeg: why},
	)
	exiftool := []string{"exiftool", "-G1", "-a", "-s", "{}"}
	const parsed = `import sys, html.parser, json
class P(html.parser.HTMLParser):
    ld = False
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "link" and a.get("rel") == "license": print("link", a["href"])
        self.ld = a.get("type") == "application/ld+json"
    def handle_data(self, data):
        if self.ld: print("JSON-LD", *json.loads(data).values())
        self.ld = False
P().feed(open(sys.argv[1], encoding="utf-8").read())`
	const book = `import sys, zipfile, xml.etree.ElementTree as E
root = E.fromstring(zipfile.ZipFile(sys.argv[1]).read("OEBPS/content.opf"))
for e in root[0]: print(e.tag, e.attrib, e.text)`
	readings = append(readings,
		reading{"svg", placeSVGLicense, "exiftool", "doc-inkscape.svg", exiftool, licenceURL},
		reading{"svg", placeSVGRights, "exiftool", "doc-inkscape.svg", exiftool, rightsText},
		reading{"svg", placeSVGLicense, "xmllint", "doc-plain.svg", []string{"xmllint", "--xpath", "//*[local-name()='license']/@*", "{}"}, licenceURL},
		reading{"svg", placeSVGRights, "xmllint", "doc-plain.svg", []string{"xmllint", "--xpath", "//*[local-name()='rights']/text()", "{}"}, rightsText},
		reading{"html", placeHTMLLink, "html.parser", "doc-plain.html", []string{python, "-c", parsed, "{}"}, "link " + licenceURL},
		reading{"html", placeHTMLJSON, "html.parser", "doc-plain.html", []string{python, "-c", parsed, "{}"}, licenceURL},
		reading{"html", placeHTMLNotice, "html.parser", "doc-plain.html", []string{python, "-c", parsed, "{}"}, rightsText},
		reading{"html", placeHTMLLink, "xmllint", "doc-plain.html", []string{"xmllint", "--html", "--xpath", "//head/link[@rel='license']/@href", "{}"}, licenceURL},
		reading{"epub", placeOPFRights, "exiftool", "doc-three.epub", exiftool, rightsText},
		reading{"epub", placeOPFRights, "zipfile", "doc-two.epub", []string{python, "-c", book, "{}"}, rightsText},
		reading{"epub", placeOPFLicense, "zipfile", "doc-two.epub", []string{python, "-c", book, "{}"}, "'dcterms.license', 'content': '" + licenceURL},
		reading{"epub", placeOPFLink, "zipfile", "doc-three.epub", []string{python, "-c", book, "{}"}, "'cc:license', 'href': '" + licenceURL},
	)
	checkers["svg"] = []checker{{run: []string{"xmllint", "--noout", "--nonet", "{}"}, fault: "."}}
	checkers["epub"] = []checker{{run: []string{"java", "-jar", "/usr/bin/epubcheck", "-q", "{}"}, fault: "ERROR|WARNING|FATAL"}, {run: []string{python, "-m", "zipfile", "-t", "{}"}, fault: "CRC|Bad"}}
}

// svgEnds allows cuts of what follows the root.
func svgEnds(data []byte, n int) bool {
	return bytes.HasSuffix(bytes.TrimSpace(data[:max(0, n)]), []byte("svg>"))
}

// TestDocumentsLookTheSame draws pages and images before and after in a browser.
func TestDocumentsLookTheSame(t *testing.T) {
	t.Parallel()
	peers.Need(t, "chromium")
	for _, s := range samples {
		if f := s.stamper.Format(); f != "svg" && f != "html" {
			continue
		}
		before, after := inFile(t, s.file, fullNotice(byA))
		want, got := screenshot(t, before), screenshot(t, after)
		if !bytes.Equal(want, got) || len(got) < 100 {
			t.Errorf("%s looks different", s.file)
		}
	}
}

// screenshot is what Chromium draws of a file.
func screenshot(t *testing.T, path string) []byte {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	shot := filepath.Join(dir, "shot.png")
	peers.Run(t, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+filepath.Join(dir, "profile"), "--hide-scrollbars",
		"--window-size=300,200", "--screenshot="+shot, "file://"+path)
	data, err := os.ReadFile(shot)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestStrictHTML: a page that is XML stays XML.
func TestStrictHTML(t *testing.T) {
	t.Parallel()
	peers.Need(t, "xmllint")
	_, after := inFile(t, "doc-strict.html", notices["markup"])
	peers.Run(t, "xmllint", "--noout", "--nonet", after)
}

// TestEPUBFiles: with the standard library's reader, every file but the package is
// as it was, in the same order, the first of them stored.
func TestEPUBFiles(t *testing.T) {
	for _, s := range samples {
		if s.stamper.Format() != "epub" {
			continue
		}
		data := readSample(t, s.file)
		out, _ := stampBytes(t, data, fullNotice(byA), false)
		want, got := unzip(t, data), unzip(t, out)
		if len(want) != len(got) || got[0] != want[0] {
			t.Fatalf("%s: %d files, were %d", s.file, len(got), len(want))
		}
		for i := range want {
			if isOPF := strings.HasPrefix(want[i], "OEBPS/content.opf"); isOPF == (want[i] == got[i]) {
				t.Errorf("%s: %.100q became %.100q", s.file, want[i], got[i])
			}
		}
		opf := strings.Join(got, "\n")
		for _, kept := range []string{title, "12345678-1234-1234-1234-123456789abc"} {
			if !strings.Contains(opf, kept) {
				t.Errorf("%s: %q did not survive", s.file, kept)
			}
		}
		if strings.Count(opf, "cc: "+nsCC) > 1 || strings.Contains(opf, "2020 Somebody") {
			t.Errorf("%s: %s", s.file, opf)
		}
	}
}

func unzip(t *testing.T, data []byte) []string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f.Name+"\n"+string(content))
	}
	return files
}

// zipped makes an archive of names and contents, the first stored.
func zipped(t testing.TB, files ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: files[i], Method: uint16(min(i, 1) * 8)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDocumentRefusals(t *testing.T) {
	const container = `<container xmlns="` + nsContainer + `"><rootfile full-path="a.opf" media-type="application/oebps-package+xml"/></container>`
	const opf = `<package xmlns="` + nsOPF + `" version="3.0"%s><metadata>%s</metadata></package>`
	book := func(more ...string) []byte {
		return zipped(t, append([]string{"mimetype", "application/epub+zip", "META-INF/container.xml", container}, more...)...)
	}
	for _, c := range []struct {
		name    string
		stamper Stamper
		data    []byte
		want    error // nil: an UnsupportedError
		says    string
	}{
		{"entities", svgStamper{}, []byte(`<!DOCTYPE svg [<!ENTITY x "y">]><svg>&x;</svg>`), nil, "entities"},
		{"another encoding", svgStamper{}, []byte(`<?xml version="1.0" encoding="ISO-8859-1"?><svg>a</svg>`), nil, "UTF-8"},
		{"signed SVG", svgStamper{}, []byte(`<svg><Signature xmlns="` + nsSignature + `"/></svg>`), nil, "signed"},
		{"empty SVG", svgStamper{}, []byte(`<svg/>`), ErrMalformed, "without content"},
		{"broken SVG", svgStamper{}, []byte(`<svg><g></svg>`), ErrMalformed, ""},
		{"deep SVG", svgStamper{}, []byte("<svg>" + strings.Repeat("<g>", 2000)), ErrMalformed, "deep"},
		{"half a tag", htmlStamper{}, []byte("<!doctype html><p>x</p><a href="), ErrMalformed, "inside a tag"},
		{"signed book", epubStamper{}, book("a.opf", fmt.Sprintf(opf, "", ""), "META-INF/signatures.xml", "<x/>"), nil, "signed"},
		{"restricted book", epubStamper{}, book("a.opf", fmt.Sprintf(opf, "", ""), "META-INF/rights.xml", "<x/>"), nil, "restricted"},
		{"C2PA in SVG", svgStamper{}, []byte(`<svg xmlns:c="http://c2pa.org/manifest"><metadata><c:manifest>AAAA</c:manifest></metadata></svg>`), nil, "content credential"},
		{"C2PA in a book", epubStamper{}, book("a.opf", fmt.Sprintf(opf, "", ""), "META-INF/content_credential.c2pa", "x"), nil, "content credential"},
		{"another cc", epubStamper{}, book("a.opf", fmt.Sprintf(opf, ` prefix="cc: http://example.org/"`, "x")), nil, "something else"},
		{"no package", epubStamper{}, book(), ErrMalformed, "without its package"},
		{"no metadata", epubStamper{}, book("a.opf", "<package/>"), ErrMalformed, "without metadata"},
		{"a bomb", epubStamper{}, book("a.opf", strings.Repeat(" ", 8<<20)), nil, "larger than"},
	} {
		if got := Detect(bytes.NewReader(c.data), int64(len(c.data))); got != c.stamper {
			t.Errorf("%s: detected as %T", c.name, got)
		}
		_, err := patchOf(c.stamper, bytes.NewReader(c.data), int64(len(c.data)), fullNotice(byA))
		if c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.As(err, new(*UnsupportedError)) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	good := book("a.opf", fmt.Sprintf(opf, "", "x"))
	if _, err := Prepare(bytes.NewReader(good), int64(len(good)), fullNotice(byA), false); err != nil {
		t.Errorf("the book that the others were made of: %v", err)
	}
}

// TestDocumentStatements reads what others say, also in old spellings.
func TestDocumentStatements(t *testing.T) {
	const nc = "http://creativecommons.org/licenses/by-nc/4.0/"
	work := func(ns, what string) string {
		return `<svg><metadata><r:RDF xmlns:r="` + nsRDF + `" xmlns:cc="` + ns + `"><cc:Work r:about="">` + what + `</cc:Work></r:RDF></metadata><g/></svg>`
	}
	page := func(head, body string) string {
		return "<!doctype html><html><head>" + head + "</head><body>" + body + "</body></html>"
	}
	for _, c := range []struct{ data, place string }{
		{work(nsCC, `<cc:license r:resource="`+nc+`"/>`), placeSVGLicense},
		{work(nsOldCC, `<cc:license r:resource="`+nc+`"/>`), placeSVGLicense},
		{page(`<link rel="stylesheet license" href="`+nc+`">`, ""), placeHTMLLink},
		{page("", `<a href="`+nc+`" rel=LICENSE>some rights</a>`), "HTML a rel=license"},
		{page(`<meta name="DC.rights" content="All rights reserved">`, ""), "HTML meta dc.rights"},
		{page(`<script type="application/ld+json">{"@graph":[{"image":{"license":{"@id":"`+nc+`"}}}]}</script>`, ""), placeForeignLD},
		{page("", `<p>Copyright &copy; 2020 Ana. All rights reserved.`), "HTML text"},
	} {
		_, err := Prepare(strings.NewReader(c.data), int64(len(c.data)), fullNotice(byA), false)
		var conflict *ConflictError
		if !errors.As(err, &conflict) || conflict.Found.Place != c.place {
			t.Errorf("%s: %v", c.data, err)
		}
		if _, err := Prepare(strings.NewReader(c.data), int64(len(c.data)), fullNotice(byA), true); err != nil {
			t.Errorf("%s: relicensing: %v", c.place, err)
		}
	}
}

func FuzzSVG(f *testing.F)  { fuzzStamper(f, svgStamper{}) }
func FuzzHTML(f *testing.F) { fuzzStamper(f, htmlStamper{}) }
func FuzzEPUB(f *testing.F) { fuzzStamper(f, epubStamper{}) }

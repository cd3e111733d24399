package stamp

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"io"
	"slices"
	"strings"

	"commonseed/license"
)

// epubStamper stamps EPUB books (EPUB 3.3 §5.5; OPF 2.0.1 §2.2) in the metadata of
// their package. Of the archive only the package changes.
type epubStamper struct{}

const (
	placeOPFRights  = "OPF dc:rights"
	placeOPFLicense = "OPF dcterms:license"
	placeOPFLink    = "OPF cc:license"
	epubMime        = "mimetypeapplication/epub+zip"
	nsContainer     = "urn:oasis:names:tc:opendocument:xmlns:container"
	nsOPF           = "http://www.idpf.org/2007/opf"
	epubMaxFile     = 2 << 20 // bytes of all packages together, and of the container
	epubMaxPackages = 4
)

func (epubStamper) Format() string { return "epub" }

func (epubStamper) Places() []string { return []string{placeOPFRights, placeOPFLicense, placeOPFLink} }

// Sniff looks for the file that every book begins with (OCF §4.3).
func (epubStamper) Sniff(head []byte) bool {
	return len(head) > 30+len(epubMime) && string(head[:4]) == "PK\x03\x04" && string(head[30:30+len(epubMime)]) == epubMime
}

// epubFile is a book.
type epubFile struct {
	*zipFile
	packages []*opfFile
}

// opfFile is a package: the metadata of a book.
type opfFile struct {
	name     string
	data     []byte
	version2 bool
	prefix   string // of the names of its elements, such as "opf:"
	root     *xmlSpan
	insert   int64   // before the end tag of metadata
	holes    []Range // what a stamp replaces
	found    []Statement
}

func (epubStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	z, err := openZIP("epub", src, size)
	if err != nil {
		return nil, err
	}
	f := &epubFile{zipFile: z}
	names, err := f.packageNames()
	if err != nil {
		return nil, err
	}
	left := int64(epubMaxFile)
	for _, name := range names {
		e := z.find(name)
		if e == nil {
			return nil, malformed("EPUB without its package")
		}
		data, err := z.read("epub", e, left)
		if err != nil {
			return nil, err
		}
		left -= e.size
		p, err := readOPF(name, data)
		if err != nil {
			return nil, err
		}
		f.packages = append(f.packages, p)
	}
	return f, nil
}

// packageNames reads where the packages are (OCF §4.2.6.3).
func (f *epubFile) packageNames() ([]string, error) {
	e := f.find("META-INF/container.xml")
	if e == nil {
		return nil, malformed("EPUB without its container")
	}
	data, err := f.read("epub", e, epubMaxFile)
	if err != nil {
		return nil, err
	}
	var names []string
	err = walkXML("epub", data, func(e *xmlSpan) {
		if e.name == (xml.Name{Space: nsContainer, Local: "rootfile"}) && e.get("", "media-type") == "application/oebps-package+xml" {
			if name := e.get("", "full-path"); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	})
	switch {
	case err != nil:
	case len(names) == 0:
		err = malformed("EPUB without its package")
	case len(names) > epubMaxPackages:
		err = &UnsupportedError{"epub", "it has too many packages"}
	}
	return names, err
}

// readOPF finds what a package says about rights.
func readOPF(name string, data []byte) (*opfFile, error) {
	p := &opfFile{name: name, data: data}
	err := walkXML("epub", data, func(e *xmlSpan) {
		switch {
		case e.parent == nil:
			p.root, p.version2 = e, strings.HasPrefix(e.get("", "version"), "2")
		case e.parent.parent == nil && e.name.Local == "metadata" && e.end > e.tagEnd:
			p.insert = e.closing
			if prefix, _, ok := strings.Cut(rawName(data[e.off:e.tagEnd]), ":"); ok {
				p.prefix = prefix + ":"
			}
		case e.inside("metadata"):
			p.metadata(e)
		}
	})
	if err == nil && len(p.holes) > maxHoles {
		err = &UnsupportedError{"epub", "it states its licence too often"}
	}
	if err == nil && (p.insert == 0 || p.root.name.Local != "package") {
		err = malformed("EPUB package without metadata")
	}
	slices.SortFunc(p.holes, func(a, b Range) int { return cmp.Compare(a.Off, b.Off) })
	return p, err
}

// metadata reads an element of the metadata.
func (p *opfFile) metadata(e *xmlSpan) {
	place, text := "", e.text.String()
	switch {
	case e.name == xmpRights:
		place = placeOPFRights
	case e.name.Local == "meta" && e.get("", "property") == "dcterms:license" && e.get("", "refines") == "":
		place = placeOPFLicense
	case e.name.Local == "meta" && e.get("", "name") == "dcterms.license":
		place, text = placeOPFLicense, e.get("", "content")
	case e.name.Local == "meta" && e.get("", "name") == "cc:license":
		place, text = placeOPFLink, e.get("", "content")
	case e.name.Local == "link" && slices.Contains(strings.Fields(e.get("", "rel")), "cc:license"):
		place, text = placeOPFLink, e.get("", "href")
	case e.name.Local == "meta" && e.get("", "property") != "":
		p.found = append(p.found, mentions("OPF "+shorten(oneLine(e.get("", "property"))), text)...)
		return
	case e.name.Space == nsDC:
		p.found = append(p.found, mentions("OPF dc:"+oneLine(e.name.Local), text)...)
		return
	default:
		return
	}
	if len(p.holes) <= maxHoles {
		p.found = append(p.found, statements(place, text)...)
		p.holes = append(p.holes, Range{e.space, e.end - e.space})
	}
}

func (f *epubFile) Statements() ([]Statement, error) {
	var st []Statement
	for _, p := range f.packages {
		st = append(st, p.found...)
	}
	return st, nil
}

func (f *epubFile) Patch(n license.Notice) (Patch, error) {
	for _, name := range []string{"META-INF/signatures.xml", "META-INF/rights.xml"} {
		if f.find(name) != nil {
			return nil, &UnsupportedError{"epub", "it is signed, or its use is restricted (" + name + ")"}
		}
	}
	if f.find("META-INF/content_credential.c2pa") != nil { // C2PA 2.1 §A.6
		return nil, &UnsupportedError{"epub", "it carries a content credential (C2PA), which a stamp would break"}
	}
	contents := map[string][]byte{}
	for _, p := range f.packages {
		stamped, err := p.stamp(n)
		if err != nil {
			return nil, err
		}
		contents[p.name] = stamped
	}
	return f.replace(contents)
}

// stamp is the package with the notice.
func (p *opfFile) stamp(n license.Notice) ([]byte, error) {
	w := &xmpWriter{}
	w.element("dc:rights", ` xmlns:dc="`+nsDC+`">VALUE</dc:rights>`, n.Copyright())
	if p.version2 {
		w.element(p.prefix+"meta", ` name="dcterms.license" content="VALUE"/>`, n.License.URL)
		w.element(p.prefix+"meta", ` name="cc:license" content="VALUE"/>`, n.License.URL)
	} else {
		w.element(p.prefix+"meta", ` property="dcterms:license">VALUE</`+p.prefix+`meta>`, n.License.URL)
		w.element(p.prefix+"link", ` rel="cc:license" href="VALUE"/>`, n.License.URL)
	}
	// Space in front of an element goes with it when it is replaced; the line break
	// behind the last is that before the end tag, or stands for it.
	block := "\n" + strings.TrimSuffix(w.String(), "\n")
	at := backOverSpace(p.data, p.insert)
	cuts := []splice{{at, at, []byte(block)}}
	for _, h := range p.holes {
		cuts = append(cuts, splice{h.Off, h.Off + h.Len, nil})
	}
	if !p.version2 {
		prefix, err := p.prefixes()
		if err != nil {
			return nil, err
		}
		cuts = append(cuts, prefix...)
	}
	return spliceBytes(p.data, cuts)
}

// prefixes declares the prefix of the link, unless it is (EPUB 3.3 §D.1.4).
func (p *opfFile) prefixes() ([]splice, error) {
	const ours = "cc: " + nsCC
	tag := p.data[p.root.off:p.root.tagEnd]
	for i, span := range attributeSpans(tag) {
		if i >= len(p.root.attr) || p.root.attr[i].Name != (xml.Name{Local: "prefix"}) {
			continue
		}
		declared := strings.Fields(p.root.attr[i].Value)
		at := slices.Index(declared, "cc:")
		if at >= 0 && at+1 < len(declared) && declared[at+1] == nsCC {
			return nil, nil
		}
		if at >= 0 {
			return nil, &UnsupportedError{"epub", `its package uses the prefix "cc:" for something else`}
		}
		end := p.root.off + int64(span[1]) - 1
		return []splice{{end, end, []byte(" " + ours)}}, nil
	}
	end := p.root.off + int64(len(bytes.TrimSuffix(bytes.TrimSuffix(tag, []byte(">")), []byte("/"))))
	return []splice{{end, end, []byte(` prefix="` + ours + `"`)}}, nil
}

// Essence is every file of the book but its packages.
func (f *epubFile) Essence() ([]Range, error) {
	var ranges []Range
	for _, e := range f.entries {
		if !slices.ContainsFunc(f.packages, func(p *opfFile) bool { return p.name == e.name }) {
			ranges = append(ranges, Range{e.off, e.end - e.off})
		}
	}
	return ranges, nil
}

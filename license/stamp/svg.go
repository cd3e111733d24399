package stamp

import (
	"cmp"
	"io"
	"regexp"
	"slices"
	"strings"

	"commonseed/license"
)

// svgStamper stamps SVG images with RDF in a metadata element (SVG 1.1 §21; the
// form is that of Creative Commons' own tools and of Inkscape), as the first child
// of the root. Metadata of others stays but for its licence and its rights.
type svgStamper struct{}

const (
	placeSVGLicense = "SVG cc:license"
	placeSVGRights  = "SVG dc:rights"
	nsSignature     = "http://www.w3.org/2000/09/xmldsig#"
	nsC2PA          = "http://c2pa.org/manifest" // C2PA 2.1 §A.3.4
	svgOwn          = "commonseed-licence"       // id of our element
)

// svgProlog is what may stand before the root of an image.
var svgProlog = regexp.MustCompile(`(?s)^(?:\x{feff})?(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)*<(?:[A-Za-z][\w.-]*:)?svg[\s/>]`)

func (svgStamper) Format() string { return "svg" }

func (svgStamper) Places() []string { return []string{placeSVGLicense, placeSVGRights} }

func (svgStamper) Sniff(head []byte) bool { return svgProlog.Match(head) }

// svgFile is an image in memory.
type svgFile struct {
	size   int64
	insert int64   // behind the start tag of the root
	holes  []Range // elements that a stamp replaces, with the space in front of them
	signed bool
	c2pa   bool
	found  []Statement
}

func (svgStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	data, err := readWhole("svg", src, size)
	if err != nil {
		return nil, err
	}
	f := &svgFile{size: size}
	err = walkXML("svg", data, func(e *xmlSpan) {
		switch {
		case e.parent == nil:
			if e.name.Local == "svg" && e.end > e.tagEnd {
				f.insert = e.tagEnd
			}
		case e.name.Space == nsSignature:
			f.signed = true
		case strings.HasPrefix(e.name.Space, nsC2PA):
			f.c2pa = true
		case e.name.Local == "metadata" && e.get("", "id") == svgOwn:
			f.holes = append(f.holes, Range{e.space, e.end - e.space})
		default:
			f.property(e)
		}
	})
	if err != nil {
		return nil, err
	}
	if f.insert == 0 {
		return nil, malformed("SVG without content")
	}
	if len(f.holes) > maxHoles {
		return nil, &UnsupportedError{"svg", "it states its licence too often"}
	}
	f.sortHoles()
	return f, nil
}

// property takes note of what a property says about rights.
func (f *svgFile) property(e *xmlSpan) {
	place, ok := xmpPlaces[e.name]
	if !ok || e.name == xmpMarked {
		return
	}
	text := e.text.String()
	if url := e.get(nsRDF, "resource"); url != "" {
		text = url
	}
	ours := e.inside("metadata") && (e.name == xmpLicense || e.name == xmpOldLicense || e.name == xmpRights)
	switch {
	case ours && e.name == xmpRights:
		place = placeSVGRights
	case ours:
		place = placeSVGLicense
	}
	if len(f.found) <= maxHoles {
		f.found = append(f.found, statements(place, text)...)
	}
	if ours && len(f.holes) <= maxHoles {
		f.holes = append(f.holes, Range{e.space, e.end - e.space})
	}
}

// sortHoles puts holes into file order and drops those inside others.
func (f *svgFile) sortHoles() {
	slices.SortFunc(f.holes, func(a, b Range) int { return cmp.Or(cmp.Compare(a.Off, b.Off), cmp.Compare(b.Len, a.Len)) })
	kept := f.holes[:0]
	for _, h := range f.holes {
		if n := len(kept); n == 0 || h.Off >= kept[n-1].Off+kept[n-1].Len {
			kept = append(kept, h)
		}
	}
	f.holes = kept
}

func (f *svgFile) Statements() ([]Statement, error) { return f.found, nil }

func (f *svgFile) Patch(n license.Notice) (Patch, error) {
	if f.signed {
		return nil, &UnsupportedError{"svg", "it is signed, which a stamp would break"}
	}
	if f.c2pa {
		return nil, &UnsupportedError{"svg", "it carries a content credential (C2PA), which a stamp would break"}
	}
	cuts := []splice{{f.insert, f.insert, []byte(svgMetadata(n))}}
	for _, h := range f.holes {
		cuts = append(cuts, splice{h.Off, h.Off + h.Len, nil})
	}
	return splicePatch(cuts, f.size)
}

// svgMetadata is our element.
func svgMetadata(n license.Notice) string {
	w := &xmpWriter{}
	w.WriteString("\n" + `<metadata xmlns="http://www.w3.org/2000/svg" id="` + svgOwn + `"><rdf:RDF xmlns:rdf="` + nsRDF + `" xmlns:cc="` + nsCC +
		`" xmlns:dc="` + nsDC + `"><cc:Work rdf:about="">` + "\n")
	w.resource("cc:license", n.License.URL)
	w.text("dc:rights", n.Copyright())
	w.text("dc:title", n.Title)
	w.element("dc:creator", "><cc:Agent><dc:title>VALUE</dc:title></cc:Agent></dc:creator>", n.Creator)
	w.text("dc:source", httpOnly(n.SourceURL))
	w.text("cc:attributionName", n.Creator)
	w.resource("cc:attributionURL", httpOnly(n.AttributionURL))
	w.resource("cc:morePermissions", pageURL(n))
	w.WriteString("</cc:Work></rdf:RDF></metadata>")
	return w.String()
}

// Essence is everything but our element, and the licences and rights of others.
func (f *svgFile) Essence() ([]Range, error) { return between(f.holes, f.size), nil }

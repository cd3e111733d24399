package stamp

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// maxXMP bounds an XMP packet, in bytes. Real ones have some KiB; those with
// depth maps and thumbnails inside, a few MiB.
const maxXMP = 16 << 20

// maxMerged bounds a packet that a stamp writes anew, of which several copies are
// held for a moment.
const maxMerged = 4 << 20

// maxXMPDepth bounds how deep elements are nested; real packets stay below 12.
const maxXMPDepth = 64

// xmpPacket is a packet and where its parts lie, as offsets into raw.
type xmpPacket struct {
	raw     []byte
	rdf     *xmpRDF // nil until rdf:RDF was closed
	descs   []*xmpDesc
	trailer int // where <?xpacket end=…?> begins, 0 if there is none
}

// xmpRDF is the rdf:RDF element.
type xmpRDF struct {
	rawName    string // as spelled, with its prefix
	close      int    // where the end tag begins; if selfClosed, where the element ends
	selfClosed bool
}

// xmpDesc is one rdf:Description directly inside rdf:RDF.
type xmpDesc struct {
	off, tagEnd, end int
	about            string
	props            []xmpProp // in the order of the packet
}

// xmpProp is one property, an element or an attribute of the description.
type xmpProp struct {
	name     xml.Name
	off, end int
	values   []string // what it says; the items of a list each; blank ones are left out
}

// parseXMP finds the descriptions and properties of a packet. Upon an error it
// still answers with what came before. Errors wrap ErrMalformed or *UnsupportedError.
func parseXMP(raw []byte) (*xmpPacket, error) {
	raw = bytes.TrimRight(raw, "\x00")
	p := &xmpParser{out: &xmpPacket{raw: raw}}
	if len(raw) > maxXMP {
		return p.out, &UnsupportedError{"XMP packet", fmt.Sprintf("it is larger than %d MiB", maxXMP>>20)}
	}
	if bytes.HasPrefix(raw, []byte{0xfe, 0xff}) || bytes.HasPrefix(raw, []byte{0xff, 0xfe}) ||
		bytes.IndexByte(raw[:min(4, len(raw))], 0) >= 0 {
		return p.out, &UnsupportedError{"XMP packet", "it is not in UTF-8"}
	}
	p.dec = xml.NewDecoder(bytes.NewReader(raw))
	if err := p.run(); err != nil {
		return p.out, err
	}
	return p.out, nil
}

// xmpParser follows the tokens of a packet. Depth counts open elements; rdf:RDF
// lies at rdfDepth, descriptions one and properties two deeper.
type xmpParser struct {
	dec      *xml.Decoder
	out      *xmpPacket
	depth    int
	rdfDepth int // 0: not inside rdf:RDF
	rdf      *xmpRDF
	desc     *xmpDesc // open description
	prop     *xmpProp // open property
	text     strings.Builder
}

func (p *xmpParser) run() error {
	for {
		off := int(p.dec.InputOffset())
		tok, err := p.dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("XMP packet: %w: %w", err, ErrMalformed)
		}
		if err := p.token(tok, off, int(p.dec.InputOffset())); err != nil {
			return err
		}
	}
}

func (p *xmpParser) token(tok xml.Token, off, end int) error {
	switch t := tok.(type) {
	case xml.Directive:
		return fmt.Errorf("XMP packet with a document type: %w", ErrMalformed)
	case xml.ProcInst:
		if t.Target == "xpacket" && bytes.HasPrefix(bytes.TrimSpace(t.Inst), []byte("end=")) {
			p.out.trailer = off
		}
	case xml.StartElement:
		return p.start(t, off, end)
	case xml.EndElement:
		p.end(off, end)
	case xml.CharData:
		if p.prop != nil {
			p.text.Write(t[:min(len(t), maxText-p.text.Len())])
		}
	}
	return nil
}

func (p *xmpParser) start(t xml.StartElement, off, end int) error {
	p.depth++
	if p.depth > maxXMPDepth {
		return fmt.Errorf("XMP packet nested too deep: %w", ErrMalformed)
	}
	switch {
	case p.rdfDepth == 0 && t.Name == xml.Name{Space: nsRDF, Local: "RDF"}:
		if p.rdf != nil {
			return fmt.Errorf("XMP packet with two rdf:RDF: %w", ErrMalformed)
		}
		p.rdfDepth = p.depth
		p.rdf = &xmpRDF{rawName: rawName(p.out.raw[off:end])}
	case p.rdfDepth == 0:
	case p.depth == p.rdfDepth+1 && t.Name == xml.Name{Space: nsRDF, Local: "Description"}:
		p.desc = &xmpDesc{off: off, tagEnd: end}
		return p.attributes(t, off, end)
	case p.depth == p.rdfDepth+2 && p.desc != nil:
		p.prop = &xmpProp{name: t.Name, off: off}
		p.text.Reset()
		p.resource(t)
	case p.prop != nil:
		p.flush()
		p.resource(t)
	}
	return nil
}

func (p *xmpParser) end(off, end int) {
	switch {
	case p.rdfDepth == 0:
	case p.depth == p.rdfDepth:
		p.rdf.close = off
		p.rdf.selfClosed = off == end // such an end is no token of its own
		p.out.rdf, p.rdfDepth = p.rdf, 0
	case p.depth == p.rdfDepth+1 && p.desc != nil:
		p.desc.end = end
		p.out.descs = append(p.out.descs, p.desc)
		p.desc = nil
	case p.depth == p.rdfDepth+2 && p.prop != nil:
		p.flush()
		p.prop.end = end
		p.desc.props = append(p.desc.props, *p.prop)
		p.prop = nil
	case p.prop != nil:
		p.flush()
	}
	p.depth--
}

// flush ends one value of the open property.
func (p *xmpParser) flush() {
	p.prop.add(p.text.String())
	p.text.Reset()
}

func (prop *xmpProp) add(value string) {
	if value = strings.TrimSpace(value); value != "" {
		prop.values = append(prop.values, value)
	}
}

// resource takes a value that is a URL: rdf:resource of the property or of an
// item, or rdf:about of a node that stands for it.
func (p *xmpParser) resource(t xml.StartElement) {
	for _, a := range t.Attr {
		if a.Name.Space == nsRDF && (a.Name.Local == "resource" || a.Name.Local == "about" || a.Name.Local == "value") {
			p.prop.add(a.Value)
		}
	}
}

// attributes takes rdf:about and the properties that are attributes.
func (p *xmpParser) attributes(t xml.StartElement, off, end int) error {
	spans := attributeSpans(p.out.raw[off:end])
	if len(spans) != len(t.Attr) {
		return fmt.Errorf("XMP packet, attributes at byte %d: %w", off, ErrMalformed)
	}
	for i, a := range t.Attr {
		switch a.Name.Space {
		case nsRDF, "":
			if a.Name.Local == "about" {
				p.desc.about = a.Value
			}
		case "xmlns", "http://www.w3.org/XML/1998/namespace":
		default:
			prop := xmpProp{name: a.Name, off: off + spans[i][0], end: off + spans[i][1]}
			prop.add(a.Value)
			p.desc.props = append(p.desc.props, prop)
		}
	}
	return nil
}

const xmlSpace = " \t\r\n"

// rawName is the name in a start tag, with its prefix.
func rawName(tag []byte) string {
	name := tag[1:]
	if i := bytes.IndexAny(name, xmlSpace+"/>"); i >= 0 {
		name = name[:i]
	}
	return string(name)
}

// attributeSpans finds the attributes of a well-formed start tag: from the name
// to behind the closing quote.
func attributeSpans(tag []byte) [][2]int {
	var spans [][2]int
	for i := 1 + len(rawName(tag)); ; {
		i += len(tag[i:]) - len(bytes.TrimLeft(tag[i:], xmlSpace))
		eq := bytes.IndexByte(tag[i:], '=')
		if eq < 0 {
			return spans
		}
		quote := i + eq + 1
		quote += len(tag[quote:]) - len(bytes.TrimLeft(tag[quote:], xmlSpace))
		if quote >= len(tag) {
			return spans
		}
		length := bytes.IndexByte(tag[quote+1:], tag[quote])
		if length < 0 {
			return spans
		}
		end := quote + 1 + length + 1
		spans = append(spans, [2]int{i, end})
		i = end
	}
}

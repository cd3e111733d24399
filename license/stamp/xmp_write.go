package stamp

import (
	"encoding/xml"
	"slices"
	"strings"
	"unicode/utf8"

	"commonseed/license"
)

// insert puts our description at the end of rdf:RDF.
func (p *xmpPacket) insert(block string) splice {
	r := p.rdf
	if r.selfClosed {
		return splice{int64(r.close - 2), int64(r.close), []byte(">\n" + block + "\n</" + r.rawName + ">")}
	}
	return splice{int64(r.close), int64(r.close), []byte(block + "\n")}
}

// about answers what the packet is about: all descriptions must agree on it
// (XMP part 1 §7.4), so it comes from one that stays if there is one.
func (p *xmpPacket) about() string {
	var about string
	for i, d := range p.descs {
		if !p.ours(d) {
			return d.about
		}
		if i == 0 {
			about = d.about
		}
	}
	return about
}

// keeps says whether somebody else's description gives a value to a property.
func (p *xmpPacket) keeps(name xml.Name) bool {
	return slices.ContainsFunc(p.descs, func(d *xmpDesc) bool {
		return !p.ours(d) && slices.ContainsFunc(d.props, func(prop xmpProp) bool {
			return prop.name == name && len(prop.values) > 0
		})
	})
}

func blockStart(about string) string {
	return `<rdf:Description xmlns:rdf="` + nsRDF + `" xmlns:cc="` + nsCC + `" xmlns:xmpRights="` + nsXMPRights +
		`" xmlns:dc="` + nsDC + `" rdf:about="` + escapeXML(about) + `">`
}

// block is our description.
func (p *xmpPacket) block(n license.Notice) string {
	w := &xmpWriter{}
	w.WriteString(blockStart(p.about()) + "\n")
	if !p.has(xmpPDFA) { // which allows no properties but those it knows, or is told of
		w.resource("cc:license", n.License.URL)
		w.text("cc:attributionName", n.Creator)
		w.resource("cc:attributionURL", n.AttributionURL)
	}
	marked := "True"
	if n.License.PublicDomain() {
		marked = "False"
	}
	w.text("xmpRights:Marked", marked)
	w.text("xmpRights:WebStatement", n.WebStatement())
	w.alt("xmpRights:UsageTerms", n.UsageTerms())
	w.alt("dc:rights", n.Copyright())
	if !p.keeps(xmpTitle) {
		w.alt("dc:title", n.Title)
	}
	if !p.keeps(xmpCreator) {
		w.seq("dc:creator", n.Creator)
	}
	if !p.keeps(xmpSource) {
		w.text("dc:source", n.SourceURL)
	}
	w.WriteString("</rdf:Description>")
	return w.String()
}

// xmpWriter writes properties in the forms of XMP part 1 §7; one without a
// value is left out.
type xmpWriter struct{ strings.Builder }

func (w *xmpWriter) element(name, inner, value string) {
	if value = oneLine(value); value != "" {
		w.WriteString("<" + name + strings.Replace(inner, "VALUE", escapeXML(value), 1) + "\n")
	}
}

func (w *xmpWriter) resource(name, url string) {
	w.element(name, ` rdf:resource="VALUE"/>`, url)
}

func (w *xmpWriter) text(name, value string) {
	w.element(name, `>VALUE</`+name+`>`, value)
}

func (w *xmpWriter) alt(name, value string) {
	w.element(name, `><rdf:Alt><rdf:li xml:lang="x-default">VALUE</rdf:li></rdf:Alt></`+name+`>`, value)
}

func (w *xmpWriter) seq(name, value string) {
	w.element(name, `><rdf:Seq><rdf:li>VALUE</rdf:li></rdf:Seq></`+name+`>`, value)
}

// escapeXML makes text safe in an element and in a quoted attribute.
func escapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(strings.ToValidUTF8(s, string(utf8.RuneError)))) // a Builder never fails
	return b.String()
}

// httpOnly drops addresses that a reader could not, or should not, follow.
func httpOnly(url string) string {
	low := strings.ToLower(url)
	if strings.HasPrefix(low, "https://") || strings.HasPrefix(low, "http://") {
		return url
	}
	return ""
}

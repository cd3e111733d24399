package stamp

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"commonseed/license"

	"golang.org/x/net/html"
)

// htmlStamper stamps HTML pages with what search engines and readers of licences
// look for in their heads: a link (HTML §4.6.7.10, rel=license) and JSON-LD
// (schema.org). What a page shows stays as it is.
type htmlStamper struct{}

const (
	placeHTMLLink   = "HTML link rel=license"
	placeHTMLJSON   = "HTML JSON-LD license"
	placeHTMLNotice = "HTML JSON-LD copyrightNotice"
	placeForeignLD  = "HTML other JSON-LD license"
	htmlOwn         = "data-commonseed"
	htmlMaxScript   = 1 << 20
	htmlMaxNotice   = 300 // bytes of a text that may be a line of copyright
)

// htmlProlog is what may stand before a page's root, or the kind of document.
var htmlProlog = regexp.MustCompile(`(?is)^(?:\x{feff})?(?:\s+|<\?.*?\?>|<!--.*?-->)*(?:<!doctype\s+html[\s>]|<html[\s>])`)

func (htmlStamper) Format() string { return "html" }

func (htmlStamper) Places() []string { return []string{placeHTMLLink, placeHTMLJSON, placeHTMLNotice} }

func (htmlStamper) Sniff(head []byte) bool { return htmlProlog.Match(head) }

// htmlFile is a page in memory.
type htmlFile struct {
	size   int64
	insert int64
	holes  []Range // what a stamp replaces, in file order
	found  []Statement
}

// htmlWalk goes over the tokens of a page; off is where the next begins.
type htmlWalk struct {
	*htmlFile
	z     *html.Tokenizer
	off   int64
	level int // what insert stands behind: 1 doctype, 2 html, 3 head
	body  bool
}

func (htmlStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	data, err := readWhole("html", src, size)
	if err != nil {
		return nil, err
	}
	w := &htmlWalk{htmlFile: &htmlFile{size: size}, z: html.NewTokenizer(bytes.NewReader(data))}
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		w.insert = 3
	}
	w.z.SetMaxBuf(maxXML)
	for {
		kind := w.z.Next()
		if kind == html.ErrorToken {
			break
		}
		raw := int64(len(w.z.Raw()))
		if kind == html.DoctypeToken && !bytes.HasSuffix(w.z.Raw(), []byte(">")) {
			return nil, malformed("HTML that ends inside a tag")
		}
		w.token(kind, w.off, w.off+raw)
		w.off += raw
	}
	if len(w.holes) > maxHoles {
		return nil, &UnsupportedError{"html", "it states its licence too often"}
	}
	if err := w.z.Err(); err != io.EOF {
		return nil, malformed("HTML")
	}
	if w.off != size {
		return nil, malformed("HTML that ends inside a tag")
	}
	return w.htmlFile, nil
}

// token looks at a token of the page.
func (w *htmlWalk) token(kind html.TokenType, off, end int64) {
	switch kind {
	case html.DoctypeToken:
		w.behind(1, end)
	case html.TextToken:
		if text := string(w.z.Text()); w.body && len(text) < htmlMaxNotice && isCopyrightLine(text) {
			w.say(mentions("HTML text", html.UnescapeString(text)))
		}
	case html.StartTagToken, html.SelfClosingTagToken:
		w.tag(off, end)
	}
}

// isCopyrightLine tells a notice from a text that speaks of such.
func isCopyrightLine(text string) bool {
	low := strings.ToLower(text)
	return strings.Contains(low, "©") || strings.Contains(low, "&copy;") || strings.Contains(low, "copyright") || strings.Contains(low, "(c)")
}

// behind moves the place for our elements behind a tag that is further in.
func (w *htmlWalk) behind(level int, end int64) {
	if level > w.level && !w.body {
		w.level, w.insert = level, end
	}
}

func (w *htmlWalk) say(st []Statement) {
	if len(w.found) <= maxHoles {
		w.found = append(w.found, st...)
	}
}

func (w *htmlWalk) tag(off, end int64) {
	name, more := w.z.TagName()
	tag := string(name)
	attr := map[string]string{}
	for more {
		var key, value []byte
		key, value, more = w.z.TagAttr()
		if _, known := attr[string(key)]; !known {
			attr[string(key)] = string(value)
		}
	}
	_, own := attr[htmlOwn]
	rel := strings.Fields(strings.ToLower(attr["rel"] + " " + attr["property"]))
	licence := slices.ContainsFunc(rel, func(r string) bool {
		return r == "license" || r == "cc:license" || r == "dct:license" || r == "dcterms:license"
	})
	switch {
	case tag == "html":
		w.behind(2, end)
	case tag == "head":
		w.behind(3, end)
	case tag == "body":
		w.body = true
	case tag == "link" && licence:
		w.say(statements(placeHTMLLink, attr["href"]))
		w.hole(off, end)
	case licence:
		w.say(statements("HTML "+tag+" rel=license", attr["href"]+attr["content"]+attr["resource"]))
	case tag == "meta":
		w.meta(strings.ToLower(attr["name"]), attr["content"])
	case tag == "script" && strings.EqualFold(strings.TrimSpace(attr["type"]), "application/ld+json"):
		w.script(off, end, own)
	}
}

// hole notes what is replaced, with the line break that stands before what is ours.
func (w *htmlWalk) hole(off, end int64) {
	if len(w.holes) <= maxHoles {
		w.holes = append(w.holes, Range{off, end - off})
	}
}

func (w *htmlWalk) meta(name, content string) {
	switch name {
	case "copyright", "dc.rights", "dcterms.rights", "dc.license", "dcterms.license":
		w.say(statements("HTML meta "+name, content))
	}
}

// script reads JSON-LD: the text up to the end tag follows as one token.
func (w *htmlWalk) script(off, end int64, own bool) {
	if w.z.Next() != html.TextToken {
		w.off += int64(len(w.z.Raw()))
		return
	}
	text := bytes.Clone(w.z.Text())
	w.off += int64(len(w.z.Raw()))
	end += int64(len(w.z.Raw()))
	if w.z.Next() == html.EndTagToken && own {
		w.hole(off, end+int64(len(w.z.Raw())))
	}
	w.off += int64(len(w.z.Raw()))
	var v any
	if len(text) > htmlMaxScript || json.Unmarshal(text, &v) != nil {
		return
	}
	place, notice := placeForeignLD, "HTML other JSON-LD copyrightNotice"
	if own {
		place, notice = placeHTMLJSON, placeHTMLNotice
	}
	jsonRights(v, func(license bool, text string) {
		if license {
			w.say(statements(place, text))
		} else {
			w.say(statements(notice, text))
		}
	})
}

// jsonRights shows what JSON-LD says about rights: licences, and notices. The
// decoder bounds how deep it is nested.
func jsonRights(v any, show func(license bool, text string)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			jsonRights(item, show)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			switch text := jsonText(v[key]); {
			case key == "license" && text != "", key == "copyrightNotice" && text != "":
				show(key == "license", text)
			default:
				jsonRights(v[key], show)
			}
		}
	}
}

// jsonText is a text, or what identifies a node.
func jsonText(v any) string {
	node, ok := v.(map[string]any)
	if !ok {
		text, _ := v.(string)
		return text
	}
	for _, id := range []string{"@id", "url", "@value"} {
		if text, ok := node[id].(string); ok {
			return text
		}
	}
	return ""
}

func (f *htmlFile) Statements() ([]Statement, error) { return f.found, nil }

func (f *htmlFile) Patch(n license.Notice) (Patch, error) {
	block, err := htmlBlock(n)
	if err != nil {
		return nil, err
	}
	cuts := []splice{{f.insert, f.insert, block}}
	for _, h := range f.holes {
		cuts = append(cuts, splice{h.Off, h.Off + h.Len, nil})
	}
	return splicePatch(cuts, f.size)
}

// htmlBlock is a link and a script, in ASCII, good in HTML and in XHTML.
func htmlBlock(n license.Notice) ([]byte, error) {
	work := map[string]any{"@context": "https://schema.org", "@type": "CreativeWork", "license": n.License.URL,
		"copyrightNotice": oneLine(n.Copyright()), "creditText": oneLine(n.Attribution())}
	if title := oneLine(n.Title); title != "" {
		work["name"] = title
	}
	if creator := oneLine(n.Creator); creator != "" {
		work["creator"] = map[string]string{"name": creator}
	}
	if page := pageURL(n); page != "" {
		work["acquireLicensePage"] = page
	}
	if n.Year > 0 && !n.License.PublicDomain() {
		work["copyrightYear"] = n.Year
	}
	script, err := json.Marshal(work) // which escapes what could end a script
	if err != nil {
		return nil, err
	}
	block := `<link rel="license" href="` + html.EscapeString(asciiURL(n.License.URL)) + `" ` + htmlOwn + `="" />` +
		`<script type="application/ld+json" ` + htmlOwn + `="">` + asciiJSON(string(script)) + `</script>`
	return []byte(block), nil
}

// asciiJSON escapes what is no ASCII, whatever the page's encoding is.
func asciiJSON(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			b.WriteString(`\u`)
			const hex = "0123456789abcdef"
			for shift := 12; shift >= 0; shift -= 4 {
				b.WriteByte(hex[unit>>shift&15])
			}
		}
	}
	return b.String()
}

// Essence is everything but our script, and links to licences.
func (f *htmlFile) Essence() ([]Range, error) { return between(f.holes, f.size), nil }

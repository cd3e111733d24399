package templates

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// dom is a page as a browser reads it.
type dom struct {
	t    *testing.T
	root *html.Node
}

func parsePage(t *testing.T, page string) dom {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return dom{t, root}
}

// all returns the elements that fit, in document order.
func (d dom) all(fits func(n *html.Node) bool) []*html.Node {
	var out []*html.Node
	for n := range d.root.Descendants() {
		if n.Type == html.ElementNode && fits(n) {
			out = append(out, n)
		}
	}
	return out
}

func (d dom) tags(name string) []*html.Node {
	return d.all(func(n *html.Node) bool { return n.Data == name })
}

// with returns the elements whose attribute has the value.
func (d dom) with(key, value string) []*html.Node {
	return d.all(func(n *html.Node) bool { v, ok := attr(n, key); return ok && v == value })
}

// meta is the content of the meta element with that name or property.
func (d dom) meta(name string) string {
	for _, n := range d.tags("meta") {
		for _, key := range []string{"name", "property"} {
			if v, _ := attr(n, key); v == name {
				content, _ := attr(n, "content")
				return content
			}
		}
	}
	return ""
}

func attr(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// addresses returns every address of a page, with the attribute it stands in.
func (d dom) addresses() map[string][]string {
	out := map[string][]string{}
	for n := range d.root.Descendants() {
		for _, a := range n.Attr {
			switch a.Key {
			case "href", "src", "srcset", "poster", "data", "action", "formaction", "xlink:href", "ping", "background", "manifest":
				out[a.Key] = append(out[a.Key], a.Val)
			}
		}
	}
	return out
}

// checkXML makes sure that the page is well-formed XML too, so that RDFa and
// other XML tools can read it.
func checkXML(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("not well-formed: %v", err)
			return
		}
	}
}

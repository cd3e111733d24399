package feed

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

// node is an element as it stands in the document, prefixes and all: readers
// that ignore namespaces see no more.
type node struct {
	name     string // "torrent:infoHash"
	attr     map[string]string
	text     string
	children []*node
}

func parseTree(t testing.TB, doc string) *node {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(doc))
	stack := []*node{{name: "document"}}
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{name: literal(token.Name), attr: map[string]string{}}
			for _, a := range token.Attr {
				n.attr[literal(a.Name)] = a.Value
			}
			top.children = append(top.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(token)
		}
	}
	if len(stack) != 1 || len(stack[0].children) != 1 {
		t.Fatal("not a document with one root element")
	}
	return stack[0].children[0]
}

func literal(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

func (n *node) all(name string) []*node {
	var found []*node
	for _, c := range n.children {
		if c.name == name {
			found = append(found, c)
		}
	}
	return found
}

// one returns the only child of that name.
func (n *node) one(t testing.TB, name string) *node {
	t.Helper()
	found := n.all(name)
	if len(found) != 1 {
		t.Fatalf("%s has %d elements %s, want 1", n.name, len(found), name)
	}
	return found[0]
}

// links returns the hrefs of the channel's Atom links of one relation.
func (n *node) links(rel string) []string {
	var hrefs []string
	for _, l := range n.all("atom:link") {
		if l.attr["rel"] == rel {
			hrefs = append(hrefs, l.attr["href"])
		}
	}
	return hrefs
}

// walk calls f for n and all below it, with the path of element names.
func (n *node) walk(path string, f func(path string, n *node)) {
	path += "/" + n.name
	f(path, n)
	for _, c := range n.children {
		c.walk(path, f)
	}
}

func channelOf(t testing.TB, doc string) *node {
	t.Helper()
	return parseTree(t, doc).one(t, "channel")
}

package feed

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
)

// Namespaces in which feeds of others state a licence.
const (
	nsAtom  = "http://www.w3.org/2005/Atom"
	nsCC    = "http://creativecommons.org/ns#"
	nsOldCC = "http://web.resource.org/cc/"
	nsRDF   = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	atomRel = "license" // RFC 4946
)

var errNoFeed = errors.New("not a feed")

// readJSON reads JSON Feed 1.1, with the licence where our own feeds have it.
func readJSON(data []byte) (*Document, error) {
	var f jsonFeed
	if err := json.Unmarshal(data, &f); err != nil || !strings.Contains(f.Version, "jsonfeed.org") {
		return nil, errNoFeed
	}
	doc := &Document{Title: f.Title, Link: f.HomePageURL}
	if f.License != nil {
		doc.License = f.License.URL
	}
	for _, i := range f.Items {
		item := Item{GUID: i.ID, Title: i.Title, Link: i.URL, License: i.License.URL, Infohash: i.Torrent.InfohashV1, Magnet: i.Torrent.Magnet}
		if len(i.Attachments) > 0 {
			a := i.Attachments[0]
			item.Enclosure, item.Type, item.Length = a.URL, a.Type, fmt.Sprint(a.Size)
		}
		doc.Items = append(doc.Items, item)
	}
	return doc, nil
}

// readAtom reads an Atom feed (RFC 4287), whose licence is a link.
func readAtom(data []byte) (*Document, error) {
	type link struct {
		Rel    string `xml:"rel,attr"`
		Href   string `xml:"href,attr"`
		Type   string `xml:"type,attr"`
		Length string `xml:"length,attr"`
	}
	var f struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		Title   string   `xml:"title"`
		Links   []link   `xml:"http://www.w3.org/2005/Atom link"`
		Entries []struct {
			ID    string `xml:"id"`
			Title string `xml:"title"`
			Links []link `xml:"http://www.w3.org/2005/Atom link"`
		} `xml:"entry"`
	}
	if err := xml.NewDecoder(bytes.NewReader(data)).Decode(&f); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	pick := func(links []link, rel string) (l link) {
		for _, l := range links {
			if l.Rel == rel || l.Rel == "" && rel == "alternate" {
				return l
			}
		}
		return l
	}
	doc := &Document{Title: f.Title, Link: pick(f.Links, "alternate").Href, License: pick(f.Links, atomRel).Href}
	for _, e := range f.Entries {
		enclosure := pick(e.Links, "enclosure")
		doc.Items = append(doc.Items, Item{GUID: e.ID, Title: e.Title, Link: pick(e.Links, "alternate").Href,
			License: pick(e.Links, atomRel).Href, Enclosure: enclosure.Href, Type: enclosure.Type, Length: enclosure.Length})
	}
	return doc, nil
}

// foreignLicense reads a licence as feeds of others state it.
func foreignLicense(start xml.StartElement, text string) string {
	switch start.Name {
	case xml.Name{Space: nsCC, Local: "license"}, xml.Name{Space: nsOldCC, Local: "license"}:
		for _, a := range start.Attr {
			if a.Name.Space == nsRDF && a.Name.Local == "resource" {
				return a.Value
			}
		}
		return text
	case xml.Name{Space: nsAtom, Local: "link"}:
		if attribute(start, "rel") == atomRel {
			return attribute(start, "href")
		}
	}
	return ""
}

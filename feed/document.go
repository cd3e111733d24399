package feed

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// MaxDocument is the largest feed document that Read takes, in bytes.
const MaxDocument = 32 << 20

// maxItems bounds what the items of a stranger's feed cost.
const maxItems = 10_000

// Document is an RSS feed as far as licence and torrent are concerned.
type Document struct {
	Title, Link, License string
	Items                []Item
}

// Item is one release as a feed offers it. Nothing of it has been checked.
type Item struct {
	GUID, Title, Link, License string
	Enclosure, Type, Length    string // the first enclosure's URL, media type and bytes
	Infohash, Magnet           string // ezRSS torrent:infoHash and torrent:magnetURI
}

const (
	nsCreativeCommons = "http://backend.userland.com/creativeCommonsRssModule"
	nsPodcast         = "https://podcastindex.org/namespace/1.0"
	nsTorrent         = "http://xmlns.ezrss.it/0.1/"
)

// Read reads a feed, which may come from a stranger: RSS 2.0, Atom or JSON Feed.
// The licence is the first that is stated in any of the ways that are in use.
func Read(data []byte) (*Document, error) {
	if len(data) > MaxDocument {
		return nil, fmt.Errorf("feed is larger than %d bytes", MaxDocument)
	}
	if trimmed := bytes.TrimSpace(data); bytes.HasPrefix(trimmed, []byte("{")) {
		return readJSON(trimmed)
	}
	doc := &Document{}
	d := xml.NewDecoder(bytes.NewReader(data))
	inChannel := false
	for {
		token, err := d.Token()
		if err != nil {
			if !inChannel {
				return nil, errNoFeed
			}
			return nil, fmt.Errorf("feed: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "channel" && !inChannel {
				inChannel = true
				continue
			}
			if !inChannel {
				if t.Name == (xml.Name{Space: nsAtom, Local: "feed"}) {
					return readAtom(data)
				}
				if t.Name.Local != "rss" {
					return nil, errNoFeed
				}
				continue
			}
			if err := doc.element(d, t); err != nil {
				return nil, fmt.Errorf("feed: %w", err)
			}
		case xml.EndElement:
			if t.Name.Local == "channel" {
				return doc, nil
			}
		}
	}
}

// element takes one child of the channel.
func (doc *Document) element(d *xml.Decoder, start xml.StartElement) error {
	if start.Name.Local == "item" {
		if len(doc.Items) == maxItems {
			return fmt.Errorf("more than %d items", maxItems)
		}
		item, err := readItem(d)
		doc.Items = append(doc.Items, item)
		return err
	}
	text, err := elementText(d)
	if err != nil {
		return err
	}
	switch start.Name {
	case xml.Name{Local: "title"}:
		doc.Title = text
	case xml.Name{Local: "link"}:
		doc.Link = text
	default:
		takeLicense(&doc.License, start, text)
	}
	return nil
}

// readItem reads up to the item's end.
func readItem(d *xml.Decoder) (Item, error) {
	var item Item
	for {
		token, err := d.Token()
		if err != nil {
			return item, err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			if _, end := token.(xml.EndElement); end {
				return item, nil
			}
			continue
		}
		text, err := elementText(d)
		if err != nil {
			return item, err
		}
		item.take(start, text)
	}
}

func (item *Item) take(start xml.StartElement, text string) {
	switch start.Name {
	case xml.Name{Local: "guid"}:
		item.GUID = text
	case xml.Name{Local: "title"}:
		item.Title = text
	case xml.Name{Local: "link"}:
		item.Link = text
	case xml.Name{Local: "enclosure"}:
		if item.Enclosure == "" {
			item.Enclosure, item.Type, item.Length = attribute(start, "url"), attribute(start, "type"), attribute(start, "length")
		}
	case xml.Name{Space: nsTorrent, Local: "infoHash"}:
		item.Infohash = strings.ToLower(text)
	case xml.Name{Space: nsTorrent, Local: "magnetURI"}:
		item.Magnet = text
	default:
		takeLicense(&item.License, start, text)
	}
}

func takeLicense(license *string, start xml.StartElement, text string) {
	if *license != "" {
		return // the first is that of the whole; more are those of single files
	}
	switch start.Name {
	case xml.Name{Space: nsCreativeCommons, Local: "license"}:
		*license = text
	case xml.Name{Space: nsPodcast, Local: "license"}:
		*license = attribute(start, "url")
	default:
		*license = foreignLicense(start, text)
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// elementText is the text of the element just begun, without that of elements
// inside it.
func elementText(d *xml.Decoder) (string, error) {
	var b strings.Builder
	for depth := 1; depth > 0; {
		token, err := d.Token()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 1 {
				b.Write(t)
			}
		}
	}
	return strings.TrimSpace(b.String()), nil
}

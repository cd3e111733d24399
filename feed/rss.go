package feed

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"time"
)

// Names of the documents that Write makes.
const (
	TorrentsName = "torrents.xml"
	PodcastName  = "podcast.xml"
	JSONName     = "feed.json"
	OPMLName     = "channels.opml"
)

const (
	generator = "commonseed"
	ttl       = 60 // minutes between two looks at a feed
	// buildLayout is RFC 1123 with the zone every reader knows; RSS 2.0 asks
	// for RFC 822 dates with four-digit years.
	buildLayout = "Mon, 02 Jan 2006 15:04:05 GMT"
)

func rssDate(t time.Time) string { return t.UTC().Format(buildLayout) }

// rss is an RSS 2.0 document. Prefixes are written literally: readers match
// on them (ezRSS's has to be "torrent"), and encoding/xml would invent its own.
type rss struct {
	XMLName    xml.Name   `xml:"rss"`
	Version    string     `xml:"version,attr"`
	Namespaces []xml.Attr `xml:",any,attr"`
	Channel    any        `xml:"channel"`
}

func namespace(prefix, uri string) xml.Attr {
	return xml.Attr{Name: xml.Name{Local: "xmlns:" + prefix}, Value: uri}
}

var (
	atomNS    = namespace("atom", "http://www.w3.org/2005/Atom")
	ccNS      = namespace("creativeCommons", "http://backend.userland.com/creativeCommonsRssModule")
	dcNS      = namespace("dc", "http://purl.org/dc/elements/1.1/")
	itunesNS  = namespace("itunes", "http://www.itunes.com/dtds/podcast-1.0.dtd")
	podcastNS = namespace("podcast", "https://podcastindex.org/namespace/1.0")
	torrentNS = namespace("torrent", "http://xmlns.ezrss.it/0.1/")
)

// head is what both channels begin with. LastBuildDate stands before the
// items, since qBittorrent decides by it whether to read on.
type head struct {
	Title         string     `xml:"title"`
	Link          string     `xml:"link"`
	Description   string     `xml:"description"`
	Language      string     `xml:"language,omitempty"`
	Copyright     string     `xml:"copyright,omitempty"`
	LastBuildDate string     `xml:"lastBuildDate"`
	Generator     string     `xml:"generator"`
	TTL           int        `xml:"ttl"`
	Links         []atomLink `xml:"atom:link"`
	CCLicense     string     `xml:"creativeCommons:license,omitempty"`
}

type atomLink struct {
	Rel   string `xml:"rel,attr"`
	Type  string `xml:"type,attr,omitempty"`
	Title string `xml:"title,attr,omitempty"`
	Href  string `xml:"href,attr"`
}

// entry is what the items of both documents begin with. It holds no Atom and no
// media elements and no dc:date: qBittorrent ignores namespaces and would take
// them for the item's own link, title or date.
type entry struct {
	Title       string    `xml:"title"`
	Link        string    `xml:"link"`
	GUID        guid      `xml:"guid"`
	PubDate     string    `xml:"pubDate"`
	Description cdata     `xml:"description"`
	Enclosure   enclosure `xml:"enclosure"`
	Categories  []string  `xml:"category"`
	Creator     string    `xml:"dc:creator,omitempty"`
	Rights      string    `xml:"dc:rights"`
	CCLicense   string    `xml:"creativeCommons:license"` // one alone: of several, readers keep the last
}

// cdata keeps the HTML of a description readable in the document.
type cdata struct {
	Text string `xml:",cdata"`
}

type guid struct {
	IsPermaLink bool   `xml:"isPermaLink,attr"`
	Value       string `xml:",chardata"`
}

type enclosure struct {
	URL    string `xml:"url,attr"`
	Length int64  `xml:"length,attr"`
	Type   string `xml:"type,attr"`
}

// head begins page n of count of the document name. related is the other RSS
// document, so that who finds one finds both.
func (c channel) head(name, related, relatedTitle string, n, count int) head {
	h := head{
		Title:         c.Title,
		Link:          c.BaseURL,
		Description:   c.Description,
		Language:      c.Language,
		Copyright:     c.copyright(),
		LastBuildDate: rssDate(time.Time{}), // set by writeDated
		Generator:     generator,
		TTL:           ttl,
		CCLicense:     c.license.URL,
	}
	link := func(rel, mime, title, file string) {
		h.Links = append(h.Links, atomLink{rel, mime, title, c.BaseURL + file})
	}
	const rssType = "application/rss+xml"
	link("self", rssType, "", pageName(name, n))
	if count > 1 {
		link("first", rssType, "", pageName(name, 1))
		link("last", rssType, "", pageName(name, count))
	}
	if n > 1 {
		link("previous", rssType, "", pageName(name, n-1))
	}
	if n < count {
		link("next", rssType, "", pageName(name, n+1))
	}
	link("related", rssType, relatedTitle, related)
	link("related", "application/feed+json", "JSON Feed", JSONName)
	if !c.license.IsZero() {
		h.Links = append(h.Links, atomLink{Rel: "license", Title: c.license.Label, Href: c.license.URL})
	}
	return h
}

func (c channel) copyright() string {
	if c.license.IsZero() {
		return "Each item states its own license."
	}
	if c.Creator == "" {
		return "License: " + c.license.Name + ", " + c.license.URL
	}
	return c.Creator + ". License: " + c.license.Name + ", " + c.license.URL
}

func (it item) entry() entry {
	return entry{
		Title:       it.Title,
		Link:        it.page,
		PubDate:     rssDate(it.Published),
		Description: cdata{it.html},
		Categories:  it.Tags,
		Creator:     it.Creator,
	}
}

func encodeRSS(body any, namespaces ...xml.Attr) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", "  ")
	if err := enc.Encode(rss{Version: "2.0", Namespaces: namespaces, Channel: body}); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

package feed

import (
	"encoding/xml"
	"fmt"
)

// opml is OPML 2.0: the list of feeds that a reader can import.
type opml struct {
	XMLName xml.Name  `xml:"opml"`
	Version string    `xml:"version,attr"`
	Title   string    `xml:"head>title"`
	Owner   string    `xml:"head>ownerName,omitempty"`
	Email   string    `xml:"head>ownerEmail,omitempty"`
	Docs    string    `xml:"head>docs"`
	Feeds   []outline `xml:"body>outline"`
}

type outline struct {
	Text        string `xml:"text,attr"`
	Title       string `xml:"title,attr"`
	Description string `xml:"description,attr,omitempty"`
	Type        string `xml:"type,attr"`
	Version     string `xml:"version,attr"`
	Language    string `xml:"language,attr,omitempty"`
	XMLURL      string `xml:"xmlUrl,attr"`
	HTMLURL     string `xml:"htmlUrl,attr"`
}

// opml renders channels.opml. It carries no date, so it changes with its content alone.
func (c channel) opml() ([]byte, error) {
	feed := func(kind, name string) outline {
		title := c.Title + " (" + kind + ")"
		return outline{title, title, cleanLine(c.Description), "rss", "RSS2", c.Language, c.BaseURL + name, c.BaseURL}
	}
	doc := opml{
		Version: "2.0",
		Title:   c.Title,
		Owner:   c.Creator,
		Email:   c.Email,
		Docs:    "http://opml.org/spec2.opml",
		Feeds:   []outline{feed("torrents", TorrentsName), feed("podcast", PodcastName)},
	}
	data, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	return append([]byte(xml.Header), append(data, '\n')...), nil
}

package feed

import (
	"time"
)

// jsonFeed is JSON Feed 1.1. Names that begin with "_" are extensions, which
// readers pass over.
type jsonFeed struct {
	Version     string       `json:"version"`
	Title       string       `json:"title"`
	HomePageURL string       `json:"home_page_url"`
	FeedURL     string       `json:"feed_url"`
	Description string       `json:"description"`
	NextURL     string       `json:"next_url,omitempty"`
	Icon        string       `json:"icon,omitempty"`
	Authors     []jsonAuthor `json:"authors,omitempty"`
	Language    string       `json:"language,omitempty"`
	License     *jsonLicense `json:"_license,omitempty"`
	Items       []jsonItem   `json:"items"`
}

type jsonAuthor struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

type jsonLicense struct {
	ID          string `json:"id"` // SPDX
	URL         string `json:"url"`
	Name        string `json:"name"`
	Attribution string `json:"attribution,omitempty"`
}

type jsonItem struct {
	ID          string           `json:"id"`
	URL         string           `json:"url"`
	ExternalURL string           `json:"external_url,omitempty"`
	Title       string           `json:"title"`
	ContentHTML string           `json:"content_html"`
	Image       string           `json:"image,omitempty"`
	Published   string           `json:"date_published"`
	Authors     []jsonAuthor     `json:"authors,omitempty"`
	Tags        []string         `json:"tags,omitempty"`
	Language    string           `json:"language,omitempty"`
	Attachments []jsonAttachment `json:"attachments"`
	License     jsonLicense      `json:"_license"`
	Torrent     jsonTorrent      `json:"_torrent"`
}

type jsonAttachment struct {
	URL     string `json:"url"`
	Type    string `json:"mime_type"`
	Title   string `json:"title,omitempty"`
	Size    int64  `json:"size_in_bytes"`
	License string `json:"_license,omitempty"` // URL, where it is not the item's
}

type jsonTorrent struct {
	InfohashV1 string `json:"infohash_v1"`
	InfohashV2 string `json:"infohash_v2"`
	Magnet     string `json:"magnet"`
	Release    string `json:"release"` // URL of release.json
}

// maxAttachments bounds the media files listed with one item; a release may
// hold thousands, and its release.json lists them all.
const maxAttachments = 100

// jsonFeed renders page n of count of feed.json.
func (c channel) jsonFeed(items []item, n, count int) ([]byte, error) {
	doc := jsonFeed{
		Version:     "https://jsonfeed.org/version/1.1",
		Title:       c.Title,
		HomePageURL: c.BaseURL,
		FeedURL:     c.BaseURL + pageName(JSONName, n),
		Description: c.Description,
		Authors:     jsonAuthors(c.Creator, c.home()),
		Language:    c.Language,
		Items:       make([]jsonItem, 0, len(items)),
	}
	if n < count {
		doc.NextURL = c.BaseURL + pageName(JSONName, n+1)
	}
	if c.Image != "" {
		doc.Icon = c.BaseURL + escapePath(c.Image)
	}
	if !c.license.IsZero() {
		doc.License = &jsonLicense{ID: c.license.ID, URL: c.license.URL, Name: c.license.Name}
	}
	for _, it := range items {
		doc.Items = append(doc.Items, c.jsonItem(it))
	}
	return marshalJSON(doc)
}

func (c channel) jsonItem(it item) jsonItem {
	l := it.license
	j := jsonItem{
		ID:          it.ID,
		URL:         it.page,
		ExternalURL: it.SourceURL,
		Title:       it.Title,
		ContentHTML: it.html,
		Published:   it.Published.Format(time.RFC3339),
		Authors:     jsonAuthors(it.Creator, it.AttributionURL),
		Tags:        it.Tags,
		Language:    it.Language,
		License:     jsonLicense{l.ID, l.URL, l.Name, cleanLine(it.notice(l, it.page).Attribution())},
		Attachments: []jsonAttachment{{
			URL: it.TorrentURL(c.BaseURL), Type: "application/x-bittorrent", Title: it.Torrent.File, Size: it.Torrent.Size,
		}},
		Torrent: jsonTorrent{
			InfohashV1: it.Torrent.InfohashV1,
			InfohashV2: it.Torrent.InfohashV2,
			Magnet:     it.Torrent.Magnet,
			Release:    it.page + ReleaseName,
		},
	}
	if it.Cover != "" {
		j.Image = it.FileURL(c.BaseURL, it.Cover)
	}
	for i, f := range it.Media() {
		if i == maxAttachments {
			break
		}
		a := jsonAttachment{URL: it.FileURL(c.BaseURL, f.Path), Type: f.Type, Title: f.name(), Size: f.Size}
		if f.License != it.Release.License {
			a.License = f.License
		}
		j.Attachments = append(j.Attachments, a)
	}
	return j
}

func jsonAuthors(name, link string) []jsonAuthor {
	if name == "" {
		return nil
	}
	if !webURL(link) {
		link = ""
	}
	return []jsonAuthor{{name, link}}
}

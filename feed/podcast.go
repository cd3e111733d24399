package feed

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"commonseed/license"
)

type podcastChannel struct {
	head
	Image    *rssImage      `xml:"image"`
	Author   string         `xml:"itunes:author,omitempty"`
	Owner    *itunesOwner   `xml:"itunes:owner"`
	Cover    *href          `xml:"itunes:image"`
	Category itunesCategory `xml:"itunes:category"`
	Explicit bool           `xml:"itunes:explicit"`
	Type     string         `xml:"itunes:type"`
	GUID     string         `xml:"podcast:guid"`
	Medium   string         `xml:"podcast:medium"`
	License  *podcastTag    `xml:"podcast:license"`
	Person   *person        `xml:"podcast:person"`
	Funding  []podcastTag   `xml:"podcast:funding"`
	Items    []podcastItem  `xml:"item"`
}

type rssImage struct {
	URL   string `xml:"url"`
	Title string `xml:"title"`
	Link  string `xml:"link"`
}

type itunesOwner struct {
	Name  string `xml:"itunes:name,omitempty"`
	Email string `xml:"itunes:email"`
}

type itunesCategory struct {
	Text string          `xml:"text,attr"`
	Sub  *itunesCategory `xml:"itunes:category"`
}

type href struct {
	Href string `xml:"href,attr"`
}

// podcastTag is a text with a URL: podcast:license, podcast:funding.
type podcastTag struct {
	URL  string `xml:"url,attr"`
	Text string `xml:",chardata"`
}

type person struct {
	Role  string `xml:"role,attr"`
	Group string `xml:"group,attr"`
	Href  string `xml:"href,attr,omitempty"`
	Name  string `xml:",chardata"`
}

type podcastItem struct {
	entry
	Author      string       `xml:"itunes:author,omitempty"`
	Cover       *href        `xml:"itunes:image"`
	Explicit    bool         `xml:"itunes:explicit"`
	EpisodeType string       `xml:"itunes:episodeType"`
	License     podcastTag   `xml:"podcast:license"`
	Person      *person      `xml:"podcast:person"`
	Alternate   alternate    `xml:"podcast:alternateEnclosure"`
	Funding     []podcastTag `xml:"podcast:funding"`
}

type alternate struct {
	Type      string    `xml:"type,attr"`
	Length    int64     `xml:"length,attr"`
	Lang      string    `xml:"lang,attr,omitempty"`
	Default   bool      `xml:"default,attr"`
	Sources   []source  `xml:"podcast:source"`
	Integrity integrity `xml:"podcast:integrity"`
}

type source struct {
	URI         string `xml:"uri,attr"`
	ContentType string `xml:"contentType,attr,omitempty"`
}

type integrity struct {
	Type  string `xml:"type,attr"`
	Value string `xml:"value,attr"`
}

// podcast renders page n of count of podcast.xml.
func (c channel) podcast(items []item, n, count int) ([]byte, error) {
	body := podcastChannel{
		head:     c.head(PodcastName, TorrentsName, "Torrents", n, count),
		Author:   c.Creator,
		Category: c.category(),
		Explicit: c.Explicit,
		Type:     "episodic",
		GUID:     podcastGUID(c.BaseURL + PodcastName),
		Medium:   c.medium(),
		Person:   author(c.Creator, c.home()),
		Funding:  funding(c.Links),
	}
	if c.Image != "" {
		u := c.BaseURL + escapePath(c.Image)
		body.Image = &rssImage{u, c.Title, c.BaseURL}
		body.Cover = &href{u}
	}
	if c.Email != "" {
		body.Owner = &itunesOwner{c.Creator, c.Email}
	}
	if !c.license.IsZero() {
		body.License = licenseTag(c.license)
	}
	for _, it := range items {
		body.Items = append(body.Items, c.podcastItem(it))
	}
	return encodeRSS(body, atomNS, ccNS, dcNS, itunesNS, podcastNS)
}

func (c channel) podcastItem(it item) podcastItem {
	// What is enclosed is one file, so the item states that file's licence.
	n := it.fileNotice(it.main, it.license, it.page)
	n.Title = it.Title
	mediaURL := it.FileURL(c.BaseURL, it.main.Path)
	e := it.entry()
	e.GUID = guid{Value: it.ID}
	e.Enclosure = enclosure{mediaURL, it.main.Size, it.main.Type}
	e.Rights = cleanLine(n.Attribution())
	e.CCLicense = n.License.URL
	p := podcastItem{
		entry:       e,
		Author:      it.Creator,
		Explicit:    c.Explicit,
		EpisodeType: "full",
		License:     *licenseTag(n.License),
		Person:      author(n.Creator, n.AttributionURL),
		Funding:     funding(it.Links),
		Alternate: alternate{
			Type:    it.main.Type,
			Length:  it.main.Size,
			Lang:    it.Language,
			Default: true,
			Sources: []source{
				{URI: mediaURL},
				{it.TorrentURL(c.BaseURL), "application/x-bittorrent"},
				{it.Torrent.Magnet, "application/x-bittorrent"},
			},
			Integrity: integrity{"sri", subresourceIntegrity(it.main.SHA256)},
		},
	}
	if it.Cover != "" {
		p.Cover = &href{it.FileURL(c.BaseURL, it.Cover)}
	}
	return p
}

// category splits "Category/Subcategory".
func (c channel) category() itunesCategory {
	name, sub, nested := strings.Cut(c.Category, "/")
	category := itunesCategory{Text: strings.TrimSpace(name)}
	if category.Text == "" {
		category.Text = "Arts"
	}
	if nested {
		category.Sub = &itunesCategory{Text: strings.TrimSpace(sub)}
	}
	return category
}

// medium is podcast:medium of the whole channel: "video" and "music" where all
// of it is that, else "podcast". "mixed" is for lists of other feeds only.
func (c channel) medium() string {
	all := func(k kind) bool {
		for _, h := range c.heads {
			if h.main != k {
				return false
			}
		}
		return len(c.heads) > 0
	}
	switch {
	case all(kindVideo):
		return "video"
	case all(kindAudio) && c.category().Text == "Music":
		return "music"
	}
	return "podcast"
}

// podcastGUID is the UUIDv5 of a feed URL without scheme and final slashes, in
// the podcast name space (podcast:guid; RFC 9562 §5.5).
func podcastGUID(feedURL string) string {
	space := [16]byte{0xea, 0xd4, 0xc2, 0x36, 0xbf, 0x58, 0x58, 0xc6, 0xa2, 0xc6, 0xa6, 0xb2, 0x8d, 0x12, 0x8c, 0xb6}
	if _, rest, ok := strings.Cut(feedURL, "://"); ok {
		feedURL = rest
	}
	sum := sha1.Sum(append(space[:], strings.TrimRight(feedURL, "/")...))
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x50 // version 5
	u[8] = u[8]&0x3f | 0x80 // RFC 9562 variant
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// licenseTag names the licence by its lower-case identifier. The URL is always
// given: nobody can look up an identifier that their list does not hold.
func licenseTag(l license.License) *podcastTag {
	return &podcastTag{l.URL, shorten(l.Short(), 128)}
}

// author is "author" in the sense of copyright law, whatever the art.
func author(name, link string) *person {
	if name == "" {
		return nil
	}
	if !webURL(link) {
		link = ""
	}
	return &person{"author", "writing", link, shorten(name, 128)}
}

func funding(links []Link) []podcastTag {
	var tags []podcastTag
	for _, l := range links {
		if l.Rel == RelSupport && webURL(l.URL) {
			tags = append(tags, podcastTag{l.URL, shorten(l.label(), 128)})
		}
	}
	return tags
}

// home is the channel's own site, "" if none is named.
func (c channel) home() string {
	for _, l := range c.Links {
		if l.Rel == RelHome {
			return l.URL
		}
	}
	return ""
}

// subresourceIntegrity turns a hex SHA-256 into the form of W3C SRI §3.5.
func subresourceIntegrity(sum string) string {
	raw, err := hex.DecodeString(sum)
	if err != nil {
		return ""
	}
	return "sha256-" + base64.StdEncoding.EncodeToString(raw)
}

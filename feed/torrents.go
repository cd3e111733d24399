package feed

import (
	"strings"
	"unicode/utf8"
)

type torrentChannel struct {
	head
	Items []torrentItem `xml:"item"`
}

// torrentItem is the one shape that all torrent RSS readers understand: a
// single http enclosure with the .torrent, an HTML link, a guid that is no URL,
// and the ezRSS elements.
type torrentItem struct {
	entry
	FileName      string `xml:"torrent:fileName"`
	ContentLength int64  `xml:"torrent:contentLength"` // payload, bytes
	InfoHash      string `xml:"torrent:infoHash"`
	MagnetURI     string `xml:"torrent:magnetURI"`
}

// torrents renders page n of count of torrents.xml.
func (c channel) torrents(items []item, n, count int) ([]byte, error) {
	body := torrentChannel{head: c.head(TorrentsName, PodcastName, "Podcast", n, count)}
	for _, it := range items {
		body.Items = append(body.Items, c.torrentItem(it))
	}
	return encodeRSS(body, atomNS, ccNS, dcNS, torrentNS)
}

func (c channel) torrentItem(it item) torrentItem {
	e := it.entry()
	e.Title = it.torrentTitle()
	// A reader never looks at a known guid again, so a new version of a work
	// needs a new one: the infohash.
	e.GUID = guid{Value: it.Torrent.InfohashV1}
	e.Enclosure = enclosure{it.TorrentURL(c.BaseURL), it.Torrent.Size, "application/x-bittorrent"}
	e.Rights = it.rights()
	e.Categories = append([]string{it.main.kind().String()}, it.Tags...)
	e.CCLicense = it.license.URL
	return torrentItem{
		entry:         e,
		FileName:      it.Torrent.File,
		ContentLength: it.Torrent.Length,
		InfoHash:      it.Torrent.InfohashV1,
		MagnetURI:     it.Torrent.Magnet,
	}
}

// rights is the release's attribution, and what files say otherwise: a bundle
// of several licences does not pass for one.
func (it item) rights() string {
	text := it.notice(it.license, it.page).Attribution()
	if len(it.other) > 0 {
		text += " Some files have their own license:"
		for _, l := range it.other {
			text += " " + l.Label + ", " + l.URL
		}
	}
	return cleanLine(text)
}

// torrentTitle is "Creator - Title", as torrents are named and filtered for,
// unless the title names its creator already or the whole grows too long.
func (it item) torrentTitle() string {
	if it.Creator == "" || strings.Contains(strings.ToLower(it.Title), strings.ToLower(it.Creator)) {
		return it.Title
	}
	if full := it.Creator + " - " + it.Title; utf8.RuneCountInString(full) <= 200 {
		return full
	}
	return it.Title
}

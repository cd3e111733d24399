package templates

import (
	html "html/template"
	"iter"
)

// The types of this file are what templates see. Their fields are a promise to
// everyone who has written a template: docs/templates.md describes them.

type releaseData struct {
	Meta    meta
	Channel channelHead
	Style   html.CSS
	Script  html.JS

	Title       string
	Creator     string // "" if not stated
	CreatorURL  string // where the creator wants credit to link, "" if nowhere
	Language    string // BCP 47, "" if not stated
	Description []paragraph
	Tags        []string
	Date        moment // the work's own date
	Published   moment

	License licenseView
	Mixed   bool   // some files have another licence
	Credit  credit // the attribution to copy

	Kind    string    // "audio", "video", "images", "document" or "files"
	Main    *fileView // what a player opens; nil for "images" and "files"
	Direct  *fileView // the one file that is the work; nil if there are several
	Tracks  []fileView
	Gallery []fileView
	Cover   *fileView
	Tile    tile // stands in for a missing cover

	Files   []fileView // the whole payload
	Media   int        // how many of them are media
	Folded  bool       // so many files that the list begins folded
	Size    string     // of the payload
	Sums    string     // SHA-256 list in the format of sha256sum(1)
	Torrent torrentView

	SourceURL string
	Support   []linkView // support and shop
	Elsewhere []linkView // all other links
}

type channelData struct {
	Meta    meta
	Channel channelHead
	Style   html.CSS

	Description []paragraph
	Creator     string
	Language    string
	Image       string       // address of the channel's image, "" if none
	License     *licenseView // nil unless the whole channel has one
	Support     []linkView
	Elsewhere   []linkView
	Count       int
	Size        string
	Years       []year // newest first; a single one without a name if the releases are few
}

// year is a heading of the channel page and the releases below it.
type year struct {
	Year     string
	Releases iter.Seq[card] // made one by one: there may be very many
}

// card is a release on the channel page.
type card struct {
	Title, Creator, Language string
	Href                     string // the release page
	About                    string // the address that RDFa speaks of
	Image                    string // address of the cover, "" if none
	First                    bool   // near the top of the page: its cover is loaded at once
	Tile                     tile
	License                  licenseView
	Published                moment
	Date                     moment
	Kind                     string
	Words                    string // "MP3 audio", "12 pictures"
	Size                     string
	Torrent                  torrentView
}

// meta is what machines read in the head of a page.
type meta struct {
	Title, Description       string
	Canonical                string // "" without a base URL, as are Image, Audio and Video
	Type                     string // Open Graph: "website", "article", "music.song", "video.other"
	Image, ImageAlt          string
	Audio, Video, StreamType string
	JSONLD                   html.JS // "" on the channel page
}

// channelHead is what every page says about the channel.
type channelHead struct {
	Title string
	Home  string // relative address of the channel page
	Feeds []feedView
}

type feedView struct {
	Name  string // "Torrent feed"
	Href  string
	Type  string // MIME type
	Words string // what it is for, one sentence
}

type licenseView struct {
	Label, Name, URL string
	Family           string   // colour family: "by", "sa", "nc", "nd", "pd", "other"
	Standing         string   // "licence", "dedication" or "mark"
	Glyphs           []string // symbols of glyphs.html: "by", "sa", "nc", "nd", "zero", "pd", "free"
	Retired          string   // the day the licence was retired, in words, or ""
	May, Must        []point
}

// point is one line of a deed: "Share" and "copy and redistribute …".
type point struct{ Lead, Rest string }

type credit struct{ Text, HTML string }

type fileView struct {
	Name    string // the title if there is one, else the file's name without its ending
	Path    string // inside the payload folder
	Href    string
	Kind    string // "audio", "video", "image", "document", "other"
	Type    string // MIME type
	Words   string // "MP3 audio"
	Size    string
	SHA256  string
	Creator string // "" unless it differs from the release's
	License *licenseView
	Differs bool // its licence is not the release's
}

type torrentView struct {
	Href, File             string
	Size                   string // of the .torrent
	Name                   string // payload folder
	Magnet                 html.URL
	InfohashV1, InfohashV2 string
	Trackers, WebSeeds     []string
}

type linkView struct {
	Rel  string
	Name string // the title, else what the link is for
	Host string // where it leads
	Href string // http, https or mailto
}

type moment struct{ ISO, Words string }

// tile is the drawing in place of a cover: always the same for one work.
type tile struct {
	Letter string // the title's first
	Turn   int    // degrees
	Tone   int    // 0, 1 or 2
}

// paragraph is text with its links already told apart.
type paragraph []span

type span struct{ Text, Href string }

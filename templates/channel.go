package templates

import (
	"iter"
	"net/url"
	"strings"

	"commonseed/feed"
)

const (
	groupAbove   = 24 // releases from which on they stand under the headings of their years
	loadedAtOnce = 8  // covers that need no scrolling to be seen
)

func newHead(ch feed.Channel, root string) channelHead {
	title := line(ch.Title)
	if title == "" {
		title = "Channel"
	}
	return channelHead{
		Title: title,
		Home:  root + "index.html",
		Feeds: []feedView{
			{Name: "Torrent feed", Href: root + "torrents.xml", Type: "application/rss+xml",
				Words: "For torrent programs: add it as an RSS feed, and every new release is fetched and passed on by itself."},
			{Name: "Podcast feed", Href: root + "podcast.xml", Type: "application/rss+xml",
				Words: "For podcast apps: paste its address where your app adds a show, and listen as releases appear."},
			{Name: "JSON feed", Href: root + "feed.json", Type: "application/feed+json",
				Words: "For feed readers and programs: the same releases as JSON Feed 1.1."},
			{Name: "OPML", Href: root + "channels.opml", Type: "text/x-opml",
				Words: "All the feeds in one file, to import into a reader in one go."},
		},
	}
}

// newChannel builds the data of the channel page, which stands beside the feeds.
func newChannel(ch feed.Channel, l *listing) *channelData {
	d := &channelData{
		Channel:     newHead(ch, ""),
		Description: paragraphs(ch.Description),
		Creator:     line(ch.Creator),
		Language:    line(ch.Language),
		Image:       imagePath(ch.Image),
		Count:       len(l.rels.Heads),
		Years:       l.years(),
	}
	d.Support, d.Elsewhere = newLinks(ch.Links)
	if ch.License != "" {
		l := licenseOf(ch.License)
		d.License = &l
	}
	d.Meta = meta{Title: d.Channel.Title, Description: summary(ch.Description, 200), Type: "website"}
	if ch.BaseURL != "" {
		d.Meta.Canonical = ch.BaseURL
		if d.Image != "" {
			d.Meta.Image, d.Meta.ImageAlt = ch.BaseURL+strings.TrimPrefix(d.Image, "./"), d.Channel.Title
		}
	}
	var total int64
	for _, h := range l.rels.Heads {
		total += h.Length
	}
	d.Size = bytesInWords(total)
	return d
}

// listing goes through the releases of a channel as its page is written.
type listing struct {
	ch   feed.Channel
	rels feed.List
	err  error // why it ended too early
}

// years are the headings with the releases below them, newest first.
func (l *listing) years() (years []year) {
	order := l.rels.Newest()
	begin := 0
	for i, at := range order {
		name := ""
		if len(order) > groupAbove {
			name = l.rels.Heads[at].Published.UTC().Format("2006")
		}
		if len(years) == 0 || years[len(years)-1].Year != name {
			years, begin = append(years, year{Year: name}), i
		}
		years[len(years)-1].Releases = l.cards(order[begin:i+1], begin)
	}
	return years
}

// cards makes a card of each release with these indices; so many stand above them.
func (l *listing) cards(indices []int, above int) iter.Seq[card] {
	return func(yield func(card) bool) {
		n := 0
		for r, err := range l.rels.Each(indices) {
			var c card
			if err == nil {
				c, err = newCard(l.ch, r)
			}
			if err != nil {
				l.err = err
				return
			}
			c.First = above+n < loadedAtOnce
			if !yield(c) {
				return
			}
			n++
		}
	}
}

func newCard(ch feed.Channel, r feed.Release) (card, error) {
	notice, err := cleanNotice(r, "")
	if err != nil {
		return card{}, err
	}
	c := card{
		Title:     notice.Title,
		Creator:   notice.Creator,
		Language:  line(r.Language),
		Href:      r.PageURL("") + "index.html",
		About:     r.PageURL(""),
		Tile:      newTile(r),
		License:   newLicense(notice.License),
		Published: day(r.Published),
		Date:      workDate(r.Date),
		Size:      bytesInWords(r.Torrent.Length),
		Torrent:   newTorrent(r, "./"),
	}
	if c.Creator == line(ch.Creator) {
		c.Creator = ""
	}
	if cover := coverOf(r); cover != "" {
		c.Image = r.FileURL("", cover)
	}
	c.Kind, c.Words = contents(r)
	return c, nil
}

// contents says in words what a release mainly consists of.
func contents(r feed.Release) (kind, words string) {
	main, ok := r.MainMedia()
	if !ok {
		return "other", counted(len(r.Files), "file", "files")
	}
	kind = kindOf(main.Type)
	n := 0
	for _, f := range r.Media() {
		// A cover is one more picture only where pictures are what there is.
		if kindOf(f.Type) == kind {
			n++
		}
	}
	if n == 1 {
		return kind, typeInWords(main.Type)
	}
	plural := map[string]string{"audio": "tracks", "video": "videos", "image": "pictures", "document": "documents", "other": "files"}
	return kind, counted(n, "", plural[kind])
}

// newLinks tells the ways to give from the other links. Links that are neither
// http, https nor mailto are left out.
func newLinks(in []feed.Link) (support, elsewhere []linkView) {
	for _, l := range in {
		href := anyLink(l.URL)
		if href == "" {
			continue
		}
		view := linkView{Rel: l.Rel, Name: line(l.Title), Host: hostOf(href), Href: href}
		if view.Name == "" {
			view.Name = linkName(l.Rel, view.Host)
		}
		if l.Rel == feed.RelSupport || l.Rel == feed.RelShop {
			support = append(support, view)
		} else {
			elsewhere = append(elsewhere, view)
		}
	}
	return support, elsewhere
}

func linkName(rel, host string) string {
	switch rel {
	case feed.RelSupport:
		return "Give money"
	case feed.RelShop:
		return "Buy"
	case feed.RelHome:
		return "Home page"
	case feed.RelSource:
		return "Source files"
	}
	return host
}

// hostOf is where a link leads, as people read it.
func hostOf(href string) string {
	u, err := url.Parse(href)
	if err != nil {
		return ""
	}
	if u.Scheme == "mailto" {
		address, _ := url.PathUnescape(u.Opaque)
		return line(address)
	}
	return line(strings.TrimPrefix(u.Hostname(), "www."))
}

// imagePath is a path under public/ as a relative address; "" for anything
// that would lead elsewhere.
func imagePath(path string) string {
	if path == "" || strings.HasPrefix(path, "/") || strings.Contains(path, "\\") {
		return ""
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if s == "" || s == "." || s == ".." {
			return ""
		}
		segments[i] = url.PathEscape(s)
	}
	return "./" + strings.Join(segments, "/")
}

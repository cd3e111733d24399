package feed

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"commonseed/license"
)

// pageSize is the number of items in one document: what qBittorrent keeps of a
// feed. Older items stand on further pages (RFC 5005 §3).
const pageSize = 50

// item is a release as the feeds show it.
type item struct {
	Release
	page    string            // URL of the release page
	license license.License   // of the release
	other   []license.License // of files, where they differ; in payload order
	html    string            // description, licence and links
	main    File              // zero if the release holds no media
}

// channel is a Channel as the feeds show it.
type channel struct {
	Channel
	license license.License // zero if the releases' licences differ
	heads   []Head
}

// prepare cleans what Write was given.
func prepare(ch Channel, rels List) (channel, error) {
	c := channel{Channel: ch.clean(), heads: rels.Heads}
	if !webURL(c.BaseURL) || strings.ContainsAny(c.BaseURL, "?#") {
		return channel{}, fmt.Errorf("feed: base URL %q is not an absolute http or https URL", ch.BaseURL)
	}
	if ch.License != "" {
		l, err := license.Parse(ch.License)
		if err != nil {
			return channel{}, fmt.Errorf("channel: %w", err)
		}
		c.license = l
	}
	return c, nil
}

func (ch Channel) clean() Channel {
	ch.Title = cleanLine(ch.Title)
	ch.Description = strings.TrimSpace(cleanText(ch.Description))
	ch.Creator = cleanLine(ch.Creator)
	ch.Email = cleanLine(ch.Email)
	ch.Language = cleanLine(ch.Language)
	ch.Category = cleanLine(ch.Category)
	if ch.Title == "" {
		ch.Title = ch.Creator
	}
	if ch.Description == "" {
		ch.Description = ch.Title // RSS 2.0 and Apple require one
	}
	ch.BaseURL = escapeURL(ch.BaseURL)
	if !strings.HasSuffix(ch.BaseURL, "/") {
		ch.BaseURL += "/"
	}
	ch.Links = mapped(ch.Links, func(l Link) Link {
		l.URL = escapeURL(l.URL)
		return l
	})
	ch.Links = slices.DeleteFunc(ch.Links, func(l Link) bool { return !webURL(l.URL) })
	return ch
}

// known saves parsing the same few licence URLs for every file.
func prepareItem(r Release, base string, known map[string]license.License) (item, error) {
	l, err := parseKnown(r.License, known)
	if err != nil {
		return item{}, fmt.Errorf("release %q: %w", r.Slug, err)
	}
	it := item{Release: r, page: r.PageURL(base), license: l}
	it.main, _ = r.MainMedia()
	for _, f := range r.Media() {
		if f.License == "" || f.License == r.License {
			continue
		}
		l, err := parseKnown(f.License, known)
		if err != nil {
			return item{}, fmt.Errorf("release %q: %s: %w", r.Slug, f.Path, err)
		}
		if l.ID != it.license.ID && !slices.Contains(it.other, l) {
			it.other = append(it.other, l)
		}
	}
	it.html = it.describe(base)
	return it, nil
}

func parseKnown(s string, known map[string]license.License) (license.License, error) {
	l, ok := known[s]
	if ok {
		return l, nil
	}
	l, err := license.Parse(s)
	if err == nil {
		known[s] = l
	}
	return l, err
}

// describe is the item's HTML: the creator's words, the attribution as it may
// be copied, the licence by its full name, and the links.
func (it item) describe(base string) string {
	var b strings.Builder
	b.WriteString(paragraphs(it.Description))
	b.WriteString("<p>" + it.notice(it.license, it.page).AttributionHTML() + "</p>\n")
	b.WriteString("<p>License: " + anchor("license", it.license.URL, it.license.Name) + "</p>\n")
	if len(it.other) > 0 {
		links := make([]string, len(it.other))
		for i, l := range it.other {
			links[i] = anchor("", l.URL, l.Label)
		}
		b.WriteString("<p>Some files have their own license: " + strings.Join(links, ", ") + "</p>\n")
	}
	for _, l := range it.Links {
		if webURL(l.URL) {
			b.WriteString("<p>" + anchor("", l.URL, l.label()) + "</p>\n")
		}
	}
	b.WriteString("<p>" + anchor("", it.page, "Release page") + ", " +
		anchor("", it.TorrentURL(base), "torrent") + ", " +
		`<a href="` + html.EscapeString(it.Torrent.Magnet) + `">magnet link</a></p>` + "\n")
	return cleanText(b.String())
}

// fileNotice is the notice of one file: the release's, but for what the file
// says otherwise.
func (r Release) fileNotice(f File, releaseLicense license.License, page string) license.Notice {
	n := r.notice(releaseLicense, page)
	if f.License != "" && f.License != r.License {
		if l, err := license.Parse(f.License); err == nil {
			n.License = l
		}
	}
	if f.Title != "" {
		n.Title = f.Title
	}
	if f.Creator != "" {
		// The release's attribution URL is where its own creator wants credit.
		n.Creator, n.AttributionURL = f.Creator, ""
	}
	return n
}

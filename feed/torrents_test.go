package feed

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func torrentsDoc(t *testing.T) string {
	return readDoc(t, written(t, sampleChannel(), sampleReleases(3)), TorrentsName)
}

func TestTorrentItemHasTheShapeThatAllReadersTake(t *testing.T) {
	c := channelOf(t, torrentsDoc(t))
	items := c.all("item")
	if len(items) != 3 {
		t.Fatalf("%d items, want 3", len(items))
	}
	r := sampleRelease(3) // the newest
	it := items[0]
	for name, want := range map[string]string{
		"title":                 "Ana Ruiz - Low Tide <3> & Wind",
		"link":                  base + "low-tide-3/",
		"guid":                  r.Torrent.InfohashV1,
		"pubDate":               "Fri, 01 May 2026 15:00:00 GMT",
		"dc:creator":            "Ana Ruiz",
		"torrent:fileName":      r.Torrent.File,
		"torrent:contentLength": "5091700",
		"torrent:infoHash":      r.Torrent.InfohashV1,
		"torrent:magnetURI":     r.Torrent.Magnet,
		"dc:rights":             it.one(t, "dc:rights").text,
		"description":           it.one(t, "description").text,
		"enclosure":             "",
	} {
		if got := it.one(t, name).text; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	e := it.one(t, "enclosure").attr
	if e["type"] != "application/x-bittorrent" || e["length"] != "2345" || e["url"] != base+"low-tide-3/"+r.Torrent.File {
		t.Errorf("enclosure %v", e)
	}
	if it.one(t, "guid").attr["isPermaLink"] != "false" {
		t.Error("the guid claims to be a link")
	}
	mustContain(t, it.one(t, "dc:rights").text, "CC BY-SA 4.0", "Ana Ruiz", bySA)
	var categories []string
	for _, c := range it.all("category") {
		categories = append(categories, c.text)
	}
	if want := []string{"Audio", "field recording", "sea"}; !slices.Equal(categories, want) {
		t.Errorf("categories %q, want %q", categories, want)
	}
}

// The traps that readers set, one by one.

func TestTorrentGUIDIsNoURL(t *testing.T) {
	for _, it := range channelOf(t, torrentsDoc(t)).all("item") {
		guid := it.one(t, "guid").text
		if strings.ContainsAny(guid, ":/") || strings.HasSuffix(guid, ".torrent") {
			t.Errorf("guid %q would replace the link in ruTorrent and BiglyBT", guid)
		}
		if link := it.one(t, "link").text; strings.HasSuffix(link, ".torrent") || strings.HasPrefix(link, "magnet:") {
			t.Errorf("link %q is not the page", link)
		}
	}
}

func TestTorrentItemsHoldNothingThatNamespaceBlindReadersMistake(t *testing.T) {
	// qBittorrent reads local names only.
	taken := map[string]bool{"title": true, "link": true, "description": true, "pubDate": true, "date": true, "author": true,
		"guid": true, "id": true, "enclosure": true, "published": true, "updated": true, "content": true, "summary": true}
	for _, it := range channelOf(t, torrentsDoc(t)).all("item") {
		for _, child := range it.children {
			prefix, local, prefixed := strings.Cut(child.name, ":")
			if prefixed && taken[local] {
				t.Errorf("%s overwrites the item's own %s", child.name, local)
			}
			if prefix == "media" || prefix == "atom" {
				t.Errorf("%s stands in an item", child.name)
			}
			if len(child.children) > 0 {
				t.Errorf("%s has child elements", child.name)
			}
			if child.name != "category" && len(it.all(child.name)) != 1 {
				t.Errorf("%s appears more than once", child.name)
			}
		}
	}
}

func TestNoMediaNamespaceAndNoAtomAuthorAnywhere(t *testing.T) {
	doc := torrentsDoc(t)
	parseTree(t, doc).walk("", func(path string, n *node) {
		if strings.HasPrefix(n.name, "media:") || n.name == "atom:author" || n.name == "dc:date" {
			t.Errorf("%s: uTorrent takes media for the torrent, qBittorrent stops at atom:author", path)
		}
		if strings.HasPrefix(n.name, "atom:") && path != "/rss/channel/atom:link" {
			t.Errorf("%s: Atom belongs to the channel alone", path)
		}
	})
	if strings.Contains(doc, "search.yahoo.com/mrss") {
		t.Error("declares the media namespace")
	}
}

func TestTitlesAreTextAlone(t *testing.T) {
	r := sampleRelease(1)
	r.Title = "<b>Tide</b> & <![CDATA[x]]> &lt;"
	dir := written(t, sampleChannel(), []Release{r})
	for _, name := range []string{TorrentsName, PodcastName} {
		parseTree(t, readDoc(t, dir, name)).walk("", func(path string, n *node) {
			if n.name == "title" && len(n.children) > 0 {
				t.Errorf("%s: %s holds an element, which aborts qBittorrent's parse", name, path)
			}
			if path == "/rss/channel/item/title" && !strings.HasSuffix(n.text, r.Title) {
				t.Errorf("%s: title %q, want %q", name, n.text, r.Title)
			}
		})
	}
}

func TestLastBuildDatePrecedesTheItems(t *testing.T) {
	for _, name := range []string{TorrentsName, PodcastName} {
		c := channelOf(t, readDoc(t, written(t, sampleChannel(), sampleReleases(1)), name))
		built := false
		for _, child := range c.children {
			built = built || child.name == "lastBuildDate"
			if child.name == "item" && !built {
				t.Errorf("%s: an item stands before lastBuildDate", name)
			}
			if built && child.name == "item" {
				break
			}
		}
		if c.one(t, "ttl").text != "60" {
			t.Errorf("%s: ttl %s", name, c.one(t, "ttl").text)
		}
	}
}

func TestDatesAreRFC1123InGMT(t *testing.T) {
	r := sampleRelease(1)
	r.Published = time.Date(2026, 5, 3, 1, 2, 3, 0, time.FixedZone("CEST", 2*3600))
	c := channelOf(t, readDoc(t, written(t, sampleChannel(), []Release{r}), TorrentsName))
	if got := c.one(t, "item").one(t, "pubDate").text; got != "Sat, 02 May 2026 23:02:03 GMT" {
		t.Errorf("pubDate %s", got)
	}
	if _, err := time.Parse(time.RFC1123, c.one(t, "lastBuildDate").text); err != nil {
		t.Error(err)
	}
}

func TestEveryURLIsAbsoluteAndEscaped(t *testing.T) {
	ch := sampleChannel()
	ch.BaseURL = "https://ana.example/music" // without its slash
	rels := sampleReleases(60)
	for i := range rels {
		rels[i].Torrent.Name = "Flut & Ebbe #1?"
		rels[i].Files[0].Path = "disc 1/03 Überfahrt (50% off)?.mp3"
	}
	dir := written(t, ch, rels)
	isURL := map[string]bool{"link": true, "url": true, "torrent:magnetURI": true, "creativeCommons:license": true}
	check := func(where, u string) {
		parsed, err := url.Parse(u)
		if err != nil || !parsed.IsAbs() || !printableASCII(u) {
			t.Errorf("%s: %q is not an absolute, escaped URL (%v)", where, u, err)
		}
	}
	for _, name := range []string{"torrents.xml", "torrents-2.xml", "podcast.xml", "podcast-2.xml", "channels.opml"} {
		parseTree(t, readDoc(t, dir, name)).walk(name, func(path string, n *node) {
			if isURL[n.name] {
				check(path, n.text)
			}
			for _, attr := range []string{"url", "href", "uri", "xmlUrl", "htmlUrl"} {
				if u, ok := n.attr[attr]; ok {
					check(path+"@"+attr, u)
				}
			}
		})
	}
}

func TestInvalidCharactersAreDropped(t *testing.T) {
	ch, r := sampleChannel(), sampleRelease(1)
	bad := "\x00\x08\x0b\x1f\ufffe\uffff\xff\xc0\x80"
	ch.Title += bad
	ch.Description += bad
	r.Title = "Ti" + bad + "de"
	r.Creator = "A" + bad + "na"
	r.Description = "]]> " + bad + "end"
	r.Tags = []string{bad + "sea"}
	dir := written(t, ch, []Release{r})
	for _, name := range []string{TorrentsName, PodcastName, OPMLName, JSONName} {
		doc := readDoc(t, dir, name)
		if i := strings.IndexFunc(doc, func(r rune) bool { return unprintable(r) || r == '\ufffd' }); i >= 0 {
			t.Errorf("%s holds %q", name, doc[i:i+4])
		}
		if strings.Contains(doc, `\u0000`) || strings.Contains(doc, `\ufffd`) {
			t.Errorf("%s holds escaped control characters", name)
		}
	}
	it := channelOf(t, readDoc(t, dir, TorrentsName)).one(t, "item")
	if got := it.one(t, "title").text; got != "Ana - Tide" {
		t.Errorf("title %q", got)
	}
	mustContain(t, it.one(t, "description").text, "<p>]]&gt; end</p>")
}

func TestDescriptionStatesTheLicence(t *testing.T) {
	dir := written(t, sampleChannel(), sampleReleases(1))
	for _, name := range []string{TorrentsName, PodcastName} {
		d := channelOf(t, readDoc(t, dir, name)).one(t, "item").one(t, "description").text
		mustContain(t, d,
			"<p>Recorded at dawn.<br>Two microphones.</p>\n<p>Best with &lt;headphones&gt;.</p>",
			`<p>License: <a rel="license" href="`+bySA+`">Creative Commons Attribution-ShareAlike 4.0 International</a></p>`,
			`own license: <a href="`+by+`">CC BY 4.0</a>`,
			`<a href="https://give.example/tips">Tip jar</a>`,
			`<a href="https://shop.example/low-tide">Buy this work</a>`,
			"Low Tide &lt;1&gt; &amp; Wind") // the attribution
		if strings.Contains(d, "<headphones>") {
			t.Error("the creator's words reach the reader as markup")
		}
	}
}

func TestLicencesStandAtChannelAndItem(t *testing.T) {
	c := channelOf(t, torrentsDoc(t))
	if got := c.one(t, "creativeCommons:license").text; got != bySA {
		t.Errorf("channel: %s", got)
	}
	if got := c.links("license"); !slices.Equal(got, []string{bySA}) {
		t.Errorf("channel's atom:link: %s", got)
	}
	// A collection keeps each file's own licence. But of several elements,
	// qBittorrent keeps the last and others the first: so one, and the rest in words.
	it := c.all("item")[0]
	if got := it.one(t, "creativeCommons:license").text; got != bySA {
		t.Errorf("item: %s", got)
	}
	mustContain(t, it.one(t, "dc:rights").text, "Some files have their own license: CC BY 4.0, "+by)
	ch := sampleChannel()
	ch.License = ""
	c = channelOf(t, readDoc(t, written(t, ch, sampleReleases(1)), TorrentsName))
	if len(c.all("creativeCommons:license"))+len(c.links("license")) != 0 {
		t.Error("a channel of many licences names one")
	}
}

func TestTorrentTitle(t *testing.T) {
	for _, test := range []struct{ title, creator, want string }{
		{"Tide", "Ana Ruiz", "Ana Ruiz - Tide"},
		{"Tide", "", "Tide"},
		{"ana ruiz live", "Ana Ruiz", "ana ruiz live"},
		{"Tide", strings.Repeat("a", 300), "Tide"},
	} {
		if got := (item{Release: Release{Title: test.title, Creator: test.creator}}).torrentTitle(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestTheTwoDocumentsNameEachOther(t *testing.T) {
	dir := written(t, sampleChannel(), sampleReleases(1))
	for name, other := range map[string]string{TorrentsName: PodcastName, PodcastName: TorrentsName} {
		c := channelOf(t, readDoc(t, dir, name))
		if got := c.links("self"); !slices.Equal(got, []string{base + name}) {
			t.Errorf("%s: self %q", name, got)
		}
		if got := c.links("related"); !slices.Contains(got, base+other) {
			t.Errorf("%s: related %q", name, got)
		}
	}
}

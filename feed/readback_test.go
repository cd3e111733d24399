package feed

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mmcdole/gofeed"

	"commonseed/internal/peers"
)

// What is written is read back by other people's readers.

func TestGofeedReadsBothRSSDocuments(t *testing.T) {
	r := sampleRelease(1)
	dir := written(t, sampleChannel(), []Release{r})
	for name, want := range map[string]struct{ guid, enclosure, length, mime string }{
		TorrentsName: {r.Torrent.InfohashV1, r.TorrentURL(base), "2345", "application/x-bittorrent"},
		PodcastName:  {r.ID, r.FileURL(base, r.Files[0].Path), "5000000", "audio/mpeg"},
	} {
		f, err := gofeed.NewParser().ParseString(readDoc(t, dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if f.Title != "Tides & Winds" || f.Link != base || f.FeedLink != base+name || f.Language != "en" || f.UpdatedParsed == nil {
			t.Errorf("%s: feed %q, %q, %q", name, f.Title, f.Link, f.FeedLink)
		}
		it := f.Items[0]
		if it.GUID != want.guid || it.Link != r.PageURL(base) || !it.PublishedParsed.Equal(r.Published) {
			t.Errorf("%s: item %q, %q, %v", name, it.GUID, it.Link, it.PublishedParsed)
		}
		if len(it.Enclosures) != 1 {
			t.Fatalf("%s: %d enclosures, want 1", name, len(it.Enclosures))
		}
		if e := it.Enclosures[0]; e.URL != want.enclosure || e.Length != want.length || e.Type != want.mime {
			t.Errorf("%s: enclosure %+v", name, e)
		}
		if got := it.Extensions["creativeCommons"]["license"][0].Value; got != bySA {
			t.Errorf("%s: licence %q", name, got)
		}
		if it.DublinCoreExt == nil || it.DublinCoreExt.Creator[0] != "Ana Ruiz" || !strings.Contains(it.DublinCoreExt.Rights[0], bySA) {
			t.Errorf("%s: Dublin Core %+v", name, it.DublinCoreExt)
		}
		if name == TorrentsName {
			if got := it.Extensions["torrent"]["infoHash"][0].Value; got != r.Torrent.InfohashV1 {
				t.Errorf("infohash %q", got)
			}
			continue
		}
		if f.ITunesExt == nil || f.ITunesExt.Author != "Ana Ruiz" || f.ITunesExt.Owner.Email != "ana@ana.example" || f.ITunesExt.Categories[0].Text != "Music" {
			t.Errorf("itunes %+v", f.ITunesExt)
		}
		if got := it.Extensions["podcast"]["license"][0]; got.Value != "cc-by-sa-4.0" || got.Attrs["url"] != bySA {
			t.Errorf("podcast:license %+v", got)
		}
	}
}

func TestGofeedReadsTheJSONFeed(t *testing.T) {
	r := sampleRelease(1)
	f, err := gofeed.NewParser().ParseString(readDoc(t, written(t, sampleChannel(), []Release{r}), JSONName))
	if err != nil {
		t.Fatal(err)
	}
	it := f.Items[0]
	if f.FeedType != "json" || it.GUID != r.ID || it.Link != r.PageURL(base) || len(it.Enclosures) != 3 || it.Enclosures[0].URL != r.TorrentURL(base) {
		t.Errorf("item %+v", it)
	}
}

// parsedByFeedparser is what feedparser, the reader of FlexGet and YaRSS2,
// makes of a document.
const feedparserScript = `
import feedparser, json, sys
d = feedparser.parse(sys.argv[1])
json.dump({
    "bozo": bool(d.bozo),
    "why": str(d.get("bozo_exception", "")),
    "version": d.version,
    "title": d.feed.title,
    "ttl": d.feed.get("ttl"),
    "built": d.feed.get("updated"),
    "feedLicense": d.feed.get("license"),
    "items": [{
        "id": e.id, "permalink": e.guidislink, "link": e.link, "title": e.title, "author": e.get("author"),
        "rights": e.get("rights"), "published": list(e.published_parsed or []), "summary": e.summary,
        "enclosures": e.enclosures, "tags": [t.term for t in e.get("tags", [])],
        "licenses": [l.href for l in e.links if l.rel == "license"],
        "infohash": e.get("torrent_infohash"), "magnet": e.get("torrent_magneturi"), "size": e.get("torrent_contentlength"),
        "image": (e.get("image") or {}).get("href"),
    } for e in d.entries],
}, sys.stdout)
`

type feedparserFeed struct {
	Bozo         bool
	Why, Version string
	Title, TTL   string
	Built        string
	FeedLicense  string
	Items        []struct {
		ID, Link, Title, Author, Rights, Summary string
		Permalink                                bool
		Published                                []int
		Enclosures                               []struct{ Href, Length, Type string }
		Tags, Licenses                           []string
		Infohash, Magnet, Size, Image            string
	}
}

func feedparser(t *testing.T, path string) feedparserFeed {
	t.Helper()
	python := peers.NeedPython(t, "feedparser")
	script := filepath.Join(t.TempDir(), "read.py")
	if err := os.WriteFile(script, []byte(feedparserScript), 0o644); err != nil {
		t.Fatal(err)
	}
	out := peers.Run(t, python, script, path)
	var f feedparserFeed
	if err := json.Unmarshal([]byte(out), &f); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return f
}

func TestFeedparserReadsBothRSSDocuments(t *testing.T) {
	r := sampleRelease(1)
	dir := written(t, sampleChannel(), []Release{r})
	for name, want := range map[string]struct{ id, title, enclosure, length, mime string }{
		TorrentsName: {r.Torrent.InfohashV1, "Ana Ruiz - " + r.Title, r.TorrentURL(base), "2345", "application/x-bittorrent"},
		PodcastName:  {r.ID, r.Title, r.FileURL(base, r.Files[0].Path), "5000000", "audio/mpeg"},
	} {
		f := feedparser(t, filepath.Join(dir, name))
		if f.Bozo || f.Version != "rss20" || f.TTL != "60" || f.Title != "Tides &amp; Winds" && f.Title != "Tides & Winds" {
			t.Errorf("%s: feed %+v", name, f)
		}
		it := f.Items[0]
		if it.ID != want.id || it.Permalink || it.Link != r.PageURL(base) || it.Author != "Ana Ruiz" {
			t.Errorf("%s: item %+v", name, it)
		}
		if len(it.Published) < 6 || it.Published[2] != 1 || it.Published[3] != 13 {
			t.Errorf("%s: published %v", name, it.Published)
		}
		if len(it.Enclosures) != 1 || it.Enclosures[0].Href != want.enclosure || it.Enclosures[0].Length != want.length || it.Enclosures[0].Type != want.mime {
			t.Errorf("%s: enclosures %+v", name, it.Enclosures)
		}
		if len(it.Licenses) == 0 || it.Licenses[0] != bySA || !strings.Contains(it.Rights, bySA) {
			t.Errorf("%s: licences %q, rights %q", name, it.Licenses, it.Rights)
		}
		if !strings.Contains(it.Summary, "Recorded at dawn.") || !strings.Contains(it.Summary, bySA) {
			t.Errorf("%s: summary %q", name, it.Summary)
		}
		if name == TorrentsName && (it.Infohash != r.Torrent.InfohashV1 || it.Magnet != r.Torrent.Magnet || it.Size != "5091700") {
			t.Errorf("torrent elements %q, %q, %q", it.Infohash, it.Magnet, it.Size)
		}
		if name == PodcastName && it.Image != r.FileURL(base, r.Cover) {
			t.Errorf("image %q", it.Image)
		}
	}
}

func TestXMLDocumentsAreWellFormed(t *testing.T) {
	peers.Need(t, "xmllint")
	ch, rels := sampleChannel(), sampleReleases(60)
	for i := range rels {
		rels[i].Title = "\x01 ]]> <&\"' \U0001f30a " + strings.Repeat("é", i)
		rels[i].Description = rels[i].Title
		rels[i].Tags = []string{rels[i].Title}
	}
	ch.Title = rels[0].Title
	dir := written(t, ch, rels)
	args := []string{"--noout", "--nonet"}
	for _, name := range []string{"torrents.xml", "torrents-2.xml", "podcast.xml", "podcast-2.xml", "channels.opml"} {
		args = append(args, filepath.Join(dir, name))
	}
	if out := peers.Run(t, "xmllint", args...); out != "" {
		t.Error(out)
	}
}

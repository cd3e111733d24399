package feed

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestReadTakesWhatWriteMakes(t *testing.T) {
	r := sampleRelease(2)
	dir := written(t, sampleChannel(), sampleReleases(2))
	for name, first := range map[string]Item{
		TorrentsName: {r.Torrent.InfohashV1, "Ana Ruiz - " + r.Title, r.PageURL(base), bySA,
			r.TorrentURL(base), "application/x-bittorrent", fmt.Sprint(r.Torrent.Size), r.Torrent.InfohashV1, r.Torrent.Magnet},
		PodcastName: {r.ID, r.Title, r.PageURL(base), bySA, r.FileURL(base, r.Files[0].Path), "audio/mpeg", fmt.Sprint(r.Files[0].Size), "", ""},
	} {
		doc, err := Read([]byte(readDoc(t, dir, name)))
		if err != nil {
			t.Fatal(err)
		}
		if doc.Title != "Tides & Winds" || doc.Link != base || doc.License != bySA || len(doc.Items) != 2 {
			t.Errorf("%s: %+v", name, doc)
		}
		if !reflect.DeepEqual(doc.Items[0], first) {
			t.Errorf("%s: got  %+v\nwant %+v", name, doc.Items[0], first)
		}
	}
}

func TestReadTakesForeignFeeds(t *testing.T) {
	doc, err := Read([]byte(`<rss version="2.0" xmlns:m="http://search.yahoo.com/mrss/" xmlns:e="http://xmlns.ezrss.it/0.1/"
		xmlns:p="https://podcastindex.org/namespace/1.0"><channel><image><title>logo</title><link>x</link></image>
		<title> A <b>bold</b> feed </title><p:license url="https://l.example/">l</p:license>
		<item><m:title>no</m:title><title>One</title><enclosure url="first" type="a/b"/><enclosure url="second" type="c/d"/>
		<e:infoHash>ABC</e:infoHash></item></channel></rss>`))
	if err != nil {
		t.Fatal(err)
	}
	want := &Document{Title: "A  feed", License: "https://l.example/", Items: []Item{
		{Title: "One", Enclosure: "first", Type: "a/b", Infohash: "abc"},
	}}
	if !reflect.DeepEqual(doc, want) {
		t.Errorf("got %+v, want %+v", doc, want)
	}
}

func TestReadRefusesWhatIsNoFeed(t *testing.T) {
	for _, data := range []string{
		"", "{}", "<html><channel/></html>", "<rss/>", "<rss><channel>", "<rss><channel><item>", "<rss><channel></item></channel></rss>",
		`<!DOCTYPE x [<!ENTITY e "e">]><rss><channel><title>&e;</title></channel></rss>`,
	} {
		if doc, err := Read([]byte(data)); err == nil {
			t.Errorf("%q was read as %+v", data, doc)
		}
	}
	if _, err := Read(bytes.Repeat([]byte{' '}, MaxDocument+1)); err == nil {
		t.Error("a document above MaxDocument was read")
	}
}

func FuzzRead(f *testing.F) {
	dir := written(f, sampleChannel(), sampleReleases(1))
	f.Add([]byte(readDoc(f, dir, TorrentsName)))
	f.Add([]byte(readDoc(f, dir, PodcastName)))
	f.Add([]byte("<rss><channel><title>" + strings.Repeat("<a>", 100)))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := Read(data)
		if (doc == nil) == (err == nil) {
			t.Fatalf("document %v with error %v", doc, err)
		}
	})
}

func TestReadBoundsTheItems(t *testing.T) {
	many := "<rss><channel>" + strings.Repeat("<item/>", maxItems+1) + "</channel></rss>"
	if _, err := Read([]byte(many)); err == nil {
		t.Error("a feed of too many items was read")
	}
}

package feed

import "testing"

func TestOPMLListsBothFeeds(t *testing.T) {
	doc := parseTree(t, readDoc(t, written(t, sampleChannel(), sampleReleases(1)), OPMLName))
	if doc.name != "opml" || doc.attr["version"] != "2.0" {
		t.Errorf("root %s %v", doc.name, doc.attr)
	}
	if got := doc.one(t, "head").one(t, "title").text; got != "Tides & Winds" {
		t.Errorf("title %q", got)
	}
	outlines := doc.one(t, "body").all("outline")
	if len(outlines) != 2 {
		t.Fatalf("%d outlines, want 2", len(outlines))
	}
	for i, want := range []struct{ title, url string }{
		{"Tides & Winds (torrents)", base + "torrents.xml"},
		{"Tides & Winds (podcast)", base + "podcast.xml"},
	} {
		// OPML 2.0 requires text, type and xmlUrl of a subscription list.
		a := outlines[i].attr
		if a["text"] != want.title || a["title"] != want.title || a["type"] != "rss" || a["xmlUrl"] != want.url || a["htmlUrl"] != base {
			t.Errorf("outline %d: %v", i, a)
		}
	}
}

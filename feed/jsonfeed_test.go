package feed

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestJSONFeedHoldsTorrentMediaAndLicence(t *testing.T) {
	r := sampleRelease(1)
	var doc jsonFeed
	if err := json.Unmarshal([]byte(readDoc(t, written(t, sampleChannel(), []Release{r}), JSONName)), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Version != "https://jsonfeed.org/version/1.1" || doc.HomePageURL != base || doc.FeedURL != base+"feed.json" || doc.NextURL != "" {
		t.Errorf("head %+v", doc)
	}
	if doc.License == nil || doc.License.URL != bySA || doc.License.ID != "CC-BY-SA-4.0" {
		t.Errorf("_license of the feed %+v", doc.License)
	}
	if len(doc.Authors) != 1 || doc.Authors[0] != (jsonAuthor{"Ana Ruiz", "https://ana.example/"}) {
		t.Errorf("authors %+v", doc.Authors)
	}
	it := doc.Items[0]
	if it.ID != r.ID || it.URL != base+"low-tide-1/" || it.Published != "2026-05-01T13:00:00Z" || it.ExternalURL != r.SourceURL {
		t.Errorf("item %+v", it)
	}
	files := base + "low-tide-1/files/Ana%20Ruiz%20-%20Low%20Tide%20%231/"
	want := []jsonAttachment{
		{base + "low-tide-1/" + r.Torrent.File, "application/x-bittorrent", r.Torrent.File, 2345, ""},
		{files + "01%20Low%20Tide%3F.mp3", "audio/mpeg", "01 Low Tide?.mp3", 5_000_000, ""},
		{files + "Cover.jpg", "image/jpeg", "Cover.jpg", 90_000, by},
	}
	if fmt.Sprint(it.Attachments) != fmt.Sprint(want) {
		t.Errorf("attachments %+v\nwant        %+v", it.Attachments, want)
	}
	if it.License.URL != bySA || it.License.ID != "CC-BY-SA-4.0" || it.License.Attribution == "" {
		t.Errorf("_license %+v", it.License)
	}
	if it.Torrent.InfohashV1 != r.Torrent.InfohashV1 || it.Torrent.Magnet != r.Torrent.Magnet || it.Torrent.Release != base+"low-tide-1/release.json" {
		t.Errorf("_torrent %+v", it.Torrent)
	}
}

func TestJSONFeedOfAnEmptyChannelHasAnItemList(t *testing.T) {
	mustContain(t, readDoc(t, written(t, sampleChannel(), nil), JSONName), `"items": []`)
}

func TestJSONFeedBoundsAttachments(t *testing.T) {
	r := sampleRelease(1)
	r.Files = nil
	for i := range maxAttachments + 50 {
		r.Files = append(r.Files, File{Path: fmt.Sprint(i, ".jpg"), Type: "image/jpeg", License: bySA})
	}
	r.Cover = ""
	var doc jsonFeed
	if err := json.Unmarshal([]byte(readDoc(t, written(t, sampleChannel(), []Release{r}), JSONName)), &doc); err != nil {
		t.Fatal(err)
	}
	if got := len(doc.Items[0].Attachments); got != 1+maxAttachments {
		t.Errorf("%d attachments", got)
	}
}

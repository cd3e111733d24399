package feed

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

func podcastChannelOf(t *testing.T, ch Channel, rels ...Release) *node {
	t.Helper()
	return channelOf(t, readDoc(t, written(t, ch, rels), PodcastName))
}

func TestPodcastChannelHasWhatAppsAskFor(t *testing.T) {
	c := podcastChannelOf(t, sampleChannel(), sampleRelease(1))
	for name, want := range map[string]string{
		"title":           "Tides & Winds",
		"language":        "en",
		"itunes:author":   "Ana Ruiz",
		"itunes:explicit": "false",
		"itunes:type":     "episodic",
		"podcast:medium":  "music",
		"podcast:license": "cc-by-sa-4.0",
		"podcast:person":  "Ana Ruiz",
		"podcast:funding": "Buy me a buoy",
	} {
		if got := c.one(t, name).text; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := c.one(t, "itunes:image").attr["href"]; got != base+"cover%20art.jpg" {
		t.Errorf("itunes:image %s", got)
	}
	category := c.one(t, "itunes:category")
	if category.attr["text"] != "Music" || category.one(t, "itunes:category").attr["text"] != "Music Commentary" {
		t.Errorf("category %v", category)
	}
	if got := c.one(t, "itunes:owner").one(t, "itunes:email").text; got != "ana@ana.example" {
		t.Errorf("owner %s", got)
	}
	if got := c.one(t, "podcast:license").attr["url"]; got != bySA {
		t.Errorf("podcast:license url %s", got)
	}
	if got := c.one(t, "podcast:funding").attr["url"]; got != "https://give.example/ana?x=1&y=2" {
		t.Errorf("podcast:funding url %s", got)
	}
}

func TestPodcastItemEnclosesTheMainMedia(t *testing.T) {
	r := sampleRelease(1)
	it := podcastChannelOf(t, sampleChannel(), r).one(t, "item")
	media := base + "low-tide-1/files/Ana%20Ruiz%20-%20Low%20Tide%20%231/01%20Low%20Tide%3F.mp3"
	e := it.one(t, "enclosure").attr
	if e["url"] != media || e["length"] != "5000000" || e["type"] != "audio/mpeg" {
		t.Errorf("enclosure %v", e)
	}
	if g := it.one(t, "guid"); g.text != r.ID || g.attr["isPermaLink"] != "false" {
		t.Errorf("guid %v", g)
	}
	if l := it.one(t, "podcast:license"); l.text != "cc-by-sa-4.0" || l.attr["url"] != bySA {
		t.Errorf("podcast:license %v", l)
	}
	if got := it.one(t, "creativeCommons:license").text; got != bySA {
		t.Errorf("creativeCommons:license %s", got)
	}
	alt := it.one(t, "podcast:alternateEnclosure")
	if alt.attr["type"] != "audio/mpeg" || alt.attr["length"] != "5000000" || alt.attr["default"] != "true" {
		t.Errorf("alternateEnclosure %v", alt.attr)
	}
	sources := alt.all("podcast:source")
	if len(sources) != 3 {
		t.Fatalf("%d sources, want https, .torrent and magnet", len(sources))
	}
	const bittorrent = "application/x-bittorrent"
	for i, want := range []struct{ uri, contentType string }{
		{media, ""}, {base + "low-tide-1/" + r.Torrent.File, bittorrent}, {r.Torrent.Magnet, bittorrent},
	} {
		if got := sources[i].attr; got["uri"] != want.uri || got["contentType"] != want.contentType {
			t.Errorf("source %d: %v", i, got)
		}
	}
	integrity := alt.one(t, "podcast:integrity").attr
	sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(integrity["value"], "sha256-"))
	if err != nil || integrity["type"] != "sri" || hex.EncodeToString(sum) != r.Files[0].SHA256 {
		t.Errorf("integrity %v (%v)", integrity, err)
	}
	if got := it.one(t, "itunes:image").attr["href"]; !strings.HasSuffix(got, "/Cover.jpg") {
		t.Errorf("itunes:image %s", got)
	}
	if p := it.one(t, "podcast:person"); p.text != "Ana Ruiz" || p.attr["href"] != "https://ana.example/about" {
		t.Errorf("person %v", p)
	}
}

func TestPodcastGUIDStaysWhenTheTorrentChanges(t *testing.T) {
	before := sampleRelease(1)
	after := before
	after.Torrent.InfohashV1 = strings.Repeat("0", 40)
	for _, name := range []string{PodcastName, TorrentsName} {
		guid := func(r Release) string {
			return channelOf(t, readDoc(t, written(t, sampleChannel(), []Release{r}), name)).one(t, "item").one(t, "guid").text
		}
		if same := guid(before) == guid(after); same != (name == PodcastName) {
			t.Errorf("%s: guid is the same: %v", name, same)
		}
	}
}

func TestPodcastItemStatesTheLicenceOfWhatItEncloses(t *testing.T) {
	r := sampleRelease(1)
	r.Files[0].License, r.Files[0].Creator = zero, "Cleo"
	it := podcastChannelOf(t, sampleChannel(), r).one(t, "item")
	if l := it.one(t, "podcast:license"); l.attr["url"] != zero || l.text != "cc0-1.0" {
		t.Errorf("podcast:license %v", l)
	}
	if got := it.one(t, "creativeCommons:license").text; got != zero {
		t.Errorf("creativeCommons:license %s", got)
	}
	if p := it.one(t, "podcast:person"); p.text != "Cleo" || p.attr["href"] != "" {
		t.Errorf("person %v: Ana's page is no page of Cleo's", p)
	}
}

func TestPodcastHoldsReleasesWithoutSound(t *testing.T) {
	picture, empty := sampleRelease(1), sampleRelease(2)
	picture.Files = picture.Files[1:]
	empty.Files = empty.Files[2:]
	empty.Cover = ""
	c := podcastChannelOf(t, sampleChannel(), picture, empty)
	if e := c.one(t, "item").one(t, "enclosure").attr; e["type"] != "image/jpeg" || !strings.HasSuffix(e["url"], "/Cover.jpg") {
		t.Errorf("enclosure %v", e)
	}
}

func TestPodcastMedium(t *testing.T) {
	song, film := sampleRelease(1), sampleRelease(2)
	film.Files = []File{{Path: "film.mp4", Type: "video/mp4"}}
	music, arts := sampleChannel(), sampleChannel()
	music.Category, arts.Category = "Music", ""
	for i, test := range []struct {
		ch   Channel
		rels []Release
		want string
	}{
		{music, []Release{song}, "music"},
		{arts, []Release{song}, "podcast"},
		{arts, []Release{film}, "video"},
		{music, []Release{song, film}, "podcast"},
		{music, nil, "podcast"},
	} {
		if got := podcastChannelOf(t, test.ch, test.rels...).one(t, "podcast:medium").text; got != test.want {
			t.Errorf("%d: %s, want %s", i, got, test.want)
		}
	}
	if got := podcastChannelOf(t, arts).one(t, "itunes:category").attr["text"]; got != "Arts" {
		t.Errorf("category %s, want Arts", got)
	}
}

func TestPodcastGUID(t *testing.T) {
	// The examples of the podcast:guid specification.
	for url, want := range map[string]string{
		"https://mp3s.nashownotes.com/pc20rss.xml": "917393e3-1b1e-5cef-ace4-edaa54e1f810",
		"http://podnews.net/rss/":                  "9b024349-ccf0-5f69-a609-6b82873eab3c",
		"podnews.net/rss":                          "9b024349-ccf0-5f69-a609-6b82873eab3c",
	} {
		if got := podcastGUID(url); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
	want := podcastGUID(base + PodcastName)
	dir := written(t, sampleChannel(), sampleReleases(60))
	for _, page := range []string{"podcast.xml", "podcast-2.xml"} {
		if got := channelOf(t, readDoc(t, dir, page)).one(t, "podcast:guid").text; got != want {
			t.Errorf("%s: %s, want %s", page, got, want)
		}
	}
}

func TestSubresourceIntegrity(t *testing.T) {
	sum := sha256.Sum256([]byte("alert('Hello, world.');"))
	// openssl dgst -sha256 -binary | openssl base64 -A
	if got := subresourceIntegrity(hex.EncodeToString(sum[:])); got != "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=" {
		t.Errorf("got %s", got)
	}
}

package templates

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"commonseed/feed"
)

const (
	ccBy     = "https://creativecommons.org/licenses/by/4.0/"
	ccBySA   = "https://creativecommons.org/licenses/by-sa/4.0/"
	ccByNCND = "https://creativecommons.org/licenses/by-nc-nd/4.0/"
	ccZero   = "https://creativecommons.org/publicdomain/zero/1.0/"
	ccMark   = "https://creativecommons.org/publicdomain/mark/1.0/"
	base     = "https://ana.example/music/"
)

var firstDay = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func sampleChannel() feed.Channel {
	return feed.Channel{
		Title:       "Tides & Winds",
		Description: "Field recordings, songs and pictures from the Atlantic coast.\n\nEverything is free to copy. Write to https://ana.example/mail (any time).",
		Creator:     "Ana Ruiz",
		Language:    "en",
		BaseURL:     base,
		Links: []feed.Link{
			{Rel: "support", Title: "Buy me a buoy", URL: "https://give.example/ana?x=1&y=2"},
			{Rel: "shop", URL: "https://shop.example/ana"},
			{Rel: "home", URL: "https://www.ana.example/"},
		},
	}
}

var mimeTypes = map[string]string{
	".mp3": "audio/mpeg", ".flac": "audio/flac", ".jpg": "image/jpeg", ".png": "image/png", ".mp4": "video/mp4",
	".pdf": "application/pdf", ".txt": "text/plain", ".json": "application/ld+json", ".license": "text/plain",
}

// sample makes a release of the named files, with notice and metadata.
func sample(n int, title, licenseURL string, files ...string) feed.Release {
	slug := fmt.Sprintf("work-%d", n)
	v1 := fmt.Sprintf("%x", sha1.Sum([]byte(slug)))
	v2 := fmt.Sprintf("%x", sha256.Sum256([]byte(slug)))
	name := "Ana Ruiz - " + strings.NewReplacer("/", "-", "\\", "-").Replace(title)
	if len(name) > 100 {
		name = name[:60]
	}
	r := feed.Release{
		Format:    feed.Format,
		Slug:      slug,
		ID:        fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", n),
		Title:     title,
		Creator:   "Ana Ruiz",
		Language:  "en",
		Date:      "2026-04",
		License:   licenseURL,
		Published: firstDay.Add(time.Duration(n) * time.Hour),
	}
	for i, p := range files {
		f := feed.File{Path: p, Size: int64(1+i) * 4_321_000, SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(p))), Type: mimeTypes[path.Ext(p)], License: licenseURL}
		r.Files = append(r.Files, f)
	}
	for _, p := range []string{feed.LicenseName, feed.MetadataName} {
		r.Files = append(r.Files, feed.File{Path: p, Size: 2100, SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(p))), Type: mimeTypes[path.Ext(p)]})
	}
	r.Torrent = feed.Torrent{
		File: slug + "-" + v1[:8] + ".torrent", Size: 12_345, Name: name, PieceLength: 32 << 10,
		InfohashV1: v1, InfohashV2: v2,
		Magnet:   "magnet:?xt=urn:btih:" + v1 + "&xt=urn:btmh:1220" + v2 + "&dn=" + url.QueryEscape(name) + "&tr=https%3A%2F%2Fana.example%2Fannounce",
		Trackers: []string{"https://ana.example/announce"},
		WebSeeds: []string{base + slug + "/files/"},
	}
	for _, f := range r.Files {
		r.Torrent.Length += f.Size
	}
	return r
}

// song is a release with everything that a record can say.
func song() feed.Release {
	r := sample(1, "Low Tide", ccBySA, "Low Tide.mp3", "Cover.jpg")
	r.Description = "Recorded at dawn, with two microphones and a borrowed boat.\nBest with headphones.\n\nThe stems are at https://ana.example/stems/low-tide (48 kHz). \"Tide\" is <not> a tag."
	r.SourceURL = "https://ana.example/sources/low-tide"
	r.AttributionURL = "https://ana.example/about"
	r.Links = []feed.Link{
		{Rel: "support", Title: "Tip jar", URL: "https://give.example/tips"},
		{Rel: "home", URL: "https://ana.example/"},
	}
	r.Tags = []string{"field recording", "sea"}
	r.Cover = "Cover.jpg"
	r.Files[1].License, r.Files[1].Creator = ccBy, "Bo Li"
	return r
}

func mustLoad(t testing.TB, dir string) *Set {
	t.Helper()
	s, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func releasePage(t testing.TB, ch feed.Channel, r feed.Release) string {
	t.Helper()
	var b strings.Builder
	if err := mustLoad(t, "").ReleasePage(&b, ch, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func channelPage(t testing.TB, ch feed.Channel, rels ...feed.Release) string {
	t.Helper()
	var b strings.Builder
	if err := mustLoad(t, "").ChannelPage(&b, ch, relsOf(rels...)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func licenseText(t testing.TB, r feed.Release) string {
	t.Helper()
	var b strings.Builder
	if err := mustLoad(t, "").LicenseText(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func relsOf(rels ...feed.Release) feed.List { return feed.ListOf(rels) }

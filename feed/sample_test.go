package feed

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	bySA = "https://creativecommons.org/licenses/by-sa/4.0/"
	by   = "https://creativecommons.org/licenses/by/4.0/"
	zero = "https://creativecommons.org/publicdomain/zero/1.0/"
	base = "https://ana.example/music/"
)

var day = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func sampleChannel() Channel {
	return Channel{
		Title:       "Tides & Winds",
		Description: "Field recordings from the Atlantic coast.",
		Creator:     "Ana Ruiz",
		Email:       "ana@ana.example",
		Language:    "en",
		BaseURL:     base,
		Image:       "cover art.jpg",
		License:     bySA,
		Category:    "Music/Music Commentary",
		Links: []Link{
			{Rel: RelSupport, Title: "Buy me a buoy", URL: "https://give.example/ana?x=1&y=2"},
			{Rel: RelHome, URL: "https://ana.example/"},
		},
	}
}

// sampleRelease is number n of a channel, valid by the rules of release.json,
// with names that need care in URLs and XML.
func sampleRelease(n int) Release {
	slug := fmt.Sprintf("low-tide-%d", n)
	v1 := fmt.Sprintf("%x", sha1.Sum([]byte(slug)))
	v2 := fmt.Sprintf("%x", sha256.Sum256([]byte(slug)))
	name := "Ana Ruiz - Low Tide #1"
	return Release{
		Format:         Format,
		Slug:           slug,
		ID:             fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", n),
		Title:          fmt.Sprintf("Low Tide <%d> & Wind", n),
		Creator:        "Ana Ruiz",
		Description:    "Recorded at dawn.\nTwo microphones.\n\nBest with <headphones>.",
		Language:       "en",
		Date:           "2026-04",
		License:        bySA,
		SourceURL:      "https://ana.example/sources/low-tide",
		AttributionURL: "https://ana.example/about",
		Links: []Link{
			{Rel: RelSupport, Title: "Tip jar", URL: "https://give.example/tips"},
			{Rel: RelShop, URL: "https://shop.example/low-tide"},
		},
		Tags:      []string{"field recording", "sea"},
		Cover:     "Cover.jpg",
		Published: day.Add(time.Duration(n) * time.Hour),
		Files: []File{
			{Path: "01 Low Tide?.mp3", Size: 5_000_000, SHA256: v2, Type: "audio/mpeg", License: bySA, Stamp: []string{"ID3 WCOP", "ID3 TXXX:LICENSE"}},
			{Path: "Cover.jpg", Size: 90_000, SHA256: v2, Type: "image/jpeg", License: by, Creator: "Bo Li"},
			{Path: LicenseName, Size: 900, SHA256: v2, Type: "text/plain"},
			{Path: MetadataName, Size: 800, SHA256: v2, Type: "application/ld+json"},
		},
		Torrent: Torrent{
			File:        slug + "-" + v1[:8] + ".torrent",
			Size:        2345,
			Name:        name,
			Length:      5_091_700,
			PieceLength: 32 << 10,
			InfohashV1:  v1,
			InfohashV2:  v2,
			Magnet:      "magnet:?xt=urn:btih:" + v1 + "&xt=urn:btmh:1220" + v2 + "&dn=" + url.QueryEscape(name) + "&xl=5091700",
			Trackers:    []string{"https://ana.example/announce", "udp://tracker.example:6969/announce"},
			WebSeeds:    []string{base + slug + "/files/"},
		},
	}
}

func sampleReleases(n int) []Release {
	rels := make([]Release, n)
	for i := range rels {
		rels[i] = sampleRelease(i + 1)
	}
	return rels
}

// written runs Write into a new directory.
func written(t testing.TB, ch Channel, rels []Release) string {
	t.Helper()
	dir := t.TempDir()
	if err := write(dir, ch, rels, day.Add(1000*time.Hour)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func readDoc(t testing.TB, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func mustContain(t *testing.T, doc string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(doc, want) {
			t.Errorf("lacks %s", want)
		}
	}
}

// write is Write of releases that are in memory.
func write(dir string, ch Channel, rels []Release, now time.Time) error {
	return Write(dir, ch, ListOf(rels), now)
}

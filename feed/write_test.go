package feed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// ageFiles dates every file back, so that a rewrite shows in its time.
func ageFiles(t *testing.T, dir string) {
	t.Helper()
	for _, name := range names(t, dir) {
		if err := os.Chtimes(filepath.Join(dir, name), day, day); err != nil {
			t.Fatal(err)
		}
	}
}

// rewritten lists the files that are not as old as ageFiles made them.
func rewritten(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	for _, name := range names(t, dir) {
		st, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !st.ModTime().Equal(day) {
			out = append(out, name)
		}
	}
	return out
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func builtAt(t *testing.T, dir, name string) time.Time {
	t.Helper()
	date, ok := buildDate([]byte(readDoc(t, dir, name)))
	if !ok {
		t.Fatalf("%s has no lastBuildDate", name)
	}
	return date
}

func TestUnchangedDocumentsStayUntouched(t *testing.T) {
	dir := t.TempDir()
	rels := sampleReleases(3)
	for i, now := range []time.Time{day, day.Add(time.Hour), day.Add(-time.Hour)} {
		ageFiles(t, dir)
		slices.Reverse(rels) // the order given does not matter
		if err := write(dir, sampleChannel(), rels, now); err != nil {
			t.Fatal(err)
		}
		if got := rewritten(t, dir); i > 0 && len(got) > 0 {
			t.Errorf("write %d: %q were rewritten", i, got)
		}
	}
	if got := builtAt(t, dir, TorrentsName); !got.Equal(day) {
		t.Errorf("lastBuildDate %v, want that of the first write", got)
	}
	if got := names(t, dir); !slices.Equal(got, []string{OPMLName, JSONName, PodcastName, TorrentsName}) {
		t.Errorf("directory holds %q", got)
	}
}

func TestLastBuildDateGrowsWithEveryChange(t *testing.T) {
	dir := t.TempDir()
	rels := sampleReleases(1)
	last := time.Time{}
	// The clock stands still, then goes back, then forward.
	for i, now := range []time.Time{day, day, day.Add(-24 * time.Hour), day.Add(500 * time.Millisecond), day.Add(time.Hour)} {
		rels[0].Title = fmt.Sprint("Tide ", i)
		if err := write(dir, sampleChannel(), rels, now); err != nil {
			t.Fatal(err)
		}
		got := builtAt(t, dir, TorrentsName)
		if !got.After(last) {
			t.Errorf("change %d: lastBuildDate %v does not follow %v", i, got, last)
		}
		if got != builtAt(t, dir, PodcastName) {
			t.Errorf("change %d: the documents differ in lastBuildDate", i)
		}
		last = got
	}
	if !last.Equal(day.Add(time.Hour)) {
		t.Errorf("lastBuildDate %v, want the time of the last change", last)
	}
}

func TestOnlyWhatChangedIsRewritten(t *testing.T) {
	dir := t.TempDir()
	rels := sampleReleases(120)
	if err := write(dir, sampleChannel(), rels, day); err != nil {
		t.Fatal(err)
	}
	ageFiles(t, dir)
	rels[60].Description = "Revised." // item 60 from the newest: page 2
	if err := write(dir, sampleChannel(), rels, day.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := rewritten(t, dir); !slices.Equal(got, []string{"feed-2.json", "podcast-2.xml", "torrents-2.xml"}) {
		t.Errorf("%q were rewritten, want page 2 alone", got)
	}
	ageFiles(t, dir)
	rels[60].Torrent.Size++ // podcast apps are told nothing of it
	if err := write(dir, sampleChannel(), rels, day.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := rewritten(t, dir); !slices.Equal(got, []string{"feed-2.json", "torrents-2.xml"}) {
		t.Errorf("%q were rewritten, want page 2 of torrents and JSON", got)
	}
}

func TestDamagedDocumentsAreReplaced(t *testing.T) {
	for _, damage := range []string{"", "<rss><lastBuildDate>yesterday</lastBuildDate>", "<lastBuildDate>", "\x00"} {
		dir := t.TempDir()
		for _, name := range []string{TorrentsName, PodcastName, JSONName, OPMLName} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(damage), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := write(dir, sampleChannel(), sampleReleases(1), day); err != nil {
			t.Fatal(err)
		}
		if got := builtAt(t, dir, TorrentsName); !got.Equal(day) {
			t.Errorf("%q: lastBuildDate %v", damage, got)
		}
		parseTree(t, readDoc(t, dir, OPMLName))
	}
}

func TestPagesHoldEveryReleaseOnceNewestFirst(t *testing.T) {
	dir := written(t, sampleChannel(), sampleReleases(120))
	for _, name := range []string{TorrentsName, PodcastName} {
		var titles []string
		for n := 1; n <= 3; n++ {
			c := channelOf(t, readDoc(t, dir, pageName(name, n)))
			for _, it := range c.all("item") {
				titles = append(titles, it.one(t, "link").text)
			}
			link := func(page int) []string {
				if page < 1 || page > 3 {
					return nil
				}
				return []string{base + pageName(name, page)}
			}
			for rel, want := range map[string][]string{
				"self": link(n), "next": link(n + 1), "previous": link(n - 1), "first": link(1), "last": link(3),
			} {
				if got := c.links(rel); !slices.Equal(got, want) {
					t.Errorf("%s page %d: %s %q, want %q", name, n, rel, got, want)
				}
			}
		}
		if len(titles) != 120 || titles[0] != base+"low-tide-120/" || titles[119] != base+"low-tide-1/" {
			t.Errorf("%s: %d items from %s to %s", name, len(titles), titles[0], titles[len(titles)-1])
		}
	}
	total := 0
	for next := JSONName; next != ""; {
		var page struct {
			NextURL string `json:"next_url"`
			Items   []any  `json:"items"`
		}
		if err := json.Unmarshal([]byte(readDoc(t, dir, next)), &page); err != nil {
			t.Fatal(err)
		}
		total += len(page.Items)
		next = strings.TrimPrefix(page.NextURL, base)
	}
	if total != 120 {
		t.Errorf("feed.json's pages hold %d items", total)
	}
}

func TestPagesThatAreNoLongerNeededAreRemoved(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir, sampleChannel(), sampleReleases(160), day); err != nil {
		t.Fatal(err)
	}
	foreign := []string{"podcast-02.xml", "podcast-x.xml", "torrents-9.xml.bak", "feed--3.json", "my-torrents-9.xml", "feed-9.xml"}
	for _, name := range foreign {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "torrents-7.xml"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := write(dir, sampleChannel(), sampleReleases(60), day); err != nil {
		t.Fatal(err)
	}
	want := append([]string{OPMLName, JSONName, PodcastName, TorrentsName, "feed-2.json", "podcast-2.xml", "torrents-2.xml", "torrents-7.xml"}, foreign...)
	slices.Sort(want)
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("directory holds %q\nwant            %q", got, want)
	}
}

func TestPageBoundaries(t *testing.T) {
	for n, want := range map[int]int{0: 1, 1: 1, 50: 1, 51: 2, 100: 2, 101: 3} {
		dir := written(t, sampleChannel(), sampleReleases(n))
		pages := 0
		for _, name := range names(t, dir) {
			if strings.HasPrefix(name, "torrents") {
				pages++
			}
		}
		if pages != want {
			t.Errorf("%d releases: %d pages, want %d", n, pages, want)
		}
	}
}

func TestWriteRefusesWhatItCannotState(t *testing.T) {
	for _, baseURL := range []string{"", "/", "music/", "ftp://ana.example/", "https://", "https://ana.example/?x=", "https://ana.example/#"} {
		ch := sampleChannel()
		ch.BaseURL = baseURL
		if err := write(t.TempDir(), ch, nil, day); err == nil {
			t.Errorf("base URL %q: no error", baseURL)
		}
	}
	ch := sampleChannel()
	ch.License = "https://license.example/unheard-of"
	if err := write(t.TempDir(), ch, nil, day); err == nil {
		t.Error("unknown channel licence: no error")
	}
	for _, set := range []func(*Release){
		func(r *Release) { r.License = "https://license.example/unheard-of" },
		func(r *Release) { r.Files[0].License = "https://license.example/unheard-of" },
	} {
		r := sampleRelease(1)
		set(&r)
		dir := t.TempDir()
		err := write(dir, sampleChannel(), []Release{r}, day)
		if err == nil || !strings.Contains(err.Error(), r.Slug) {
			t.Errorf("unknown licence: %v, want an error that names the release", err)
		}
		if got := names(t, dir); len(got) > 0 {
			t.Errorf("refused, yet wrote %q", got)
		}
	}
	if err := write(filepath.Join(t.TempDir(), "absent"), sampleChannel(), nil, day); err == nil {
		t.Error("missing directory: no error")
	}
}

func TestWriteIsDeterministicAndLeavesItsInputAlone(t *testing.T) {
	rels := sampleReleases(60)
	rels[4].Published = rels[5].Published
	before := fmt.Sprintf("%+v", rels)
	a := written(t, sampleChannel(), rels)
	if fmt.Sprintf("%+v", rels) != before {
		t.Error("the releases were changed")
	}
	slices.Reverse(rels)
	b := written(t, sampleChannel(), rels)
	for _, name := range names(t, a) {
		if readDoc(t, a, name) != readDoc(t, b, name) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestBuildDateInACreatorsTextIsLeftAlone(t *testing.T) {
	ch := sampleChannel()
	ch.Title = "<lastBuildDate>Fri, 01 May 2026 12:00:00 GMT</lastBuildDate>"
	r := sampleRelease(1)
	r.Description = ch.Title
	dir := written(t, ch, []Release{r})
	c := channelOf(t, readDoc(t, dir, TorrentsName))
	if got := c.one(t, "title").text; got != ch.Title {
		t.Errorf("title %q", got)
	}
	if got := c.one(t, "lastBuildDate").text; got != rssDate(day.Add(1000*time.Hour)) {
		t.Errorf("lastBuildDate %q", got)
	}
}

func BenchmarkWriteUnchanged(b *testing.B) {
	dir := b.TempDir()
	rels := sampleReleases(1000)
	for b.Loop() {
		if err := write(dir, sampleChannel(), rels, day); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "torrents-20.xml")); err != nil {
		b.Fatal(err)
	}
}

func TestWithBuildDateNeedsTheElement(t *testing.T) {
	for _, doc := range []string{"", "<lastBuildDate>", "</lastBuildDate>"} {
		if got := withBuildDate([]byte(doc), day); !bytes.Equal(got, []byte(doc)) {
			t.Errorf("%q became %q", doc, got)
		}
	}
}

func TestNoGUIDAppearsTwice(t *testing.T) {
	rels := sampleReleases(3)
	rels[0].Torrent.InfohashV1 = rels[2].Torrent.InfohashV1 // the same payload under two slugs
	rels[1].ID = rels[2].ID                                 // an older version of the work
	dir := written(t, sampleChannel(), rels)
	for name, want := range map[string][]string{
		TorrentsName: {base + "low-tide-3/", base + "low-tide-2/"},
		PodcastName:  {base + "low-tide-3/", base + "low-tide-1/"},
	} {
		var links []string
		for _, it := range channelOf(t, readDoc(t, dir, name)).all("item") {
			links = append(links, it.one(t, "link").text)
		}
		if !slices.Equal(links, want) {
			t.Errorf("%s: %q, want %q", name, links, want)
		}
	}
	var doc jsonFeed
	if err := json.Unmarshal([]byte(readDoc(t, dir, JSONName)), &doc); err != nil || len(doc.Items) != 2 {
		t.Errorf("%s: %d items (%v), want 2", JSONName, len(doc.Items), err)
	}
}

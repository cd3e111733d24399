package templates

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"commonseed/feed"
)

// odd are records that are hard to lay out, or that lack nearly everything.
func odd() map[string]feed.Release {
	out := map[string]feed.Release{"song": song()}

	photos := sample(2, "Nine Mornings on the Estuary", ccBy, "01 First light.jpg", "02 Reeds.jpg", "03 Low water.png")
	photos.Description = "One picture a day."
	out["photo essay"] = photos

	lecture := sample(3, "How Tides Work: a Lecture in Two Parts", ccBySA, "Part 1.mp4", "Part 2.mp4", "Slides.pdf", "Transcript.txt", "gauge.jpg")
	lecture.Files[4].License, lecture.Files[4].Creator = ccZero, "Harbour Office"
	lecture.Cover = "gauge.jpg"
	out["lecture"] = lecture

	album := sample(4, "Salt", "https://creativecommons.org/licenses/by-nc/3.0/", "01 Kelp.mp3", "02 Barnacle.mp3", "03 Neap.mp3")
	album.Files[0].Title = "Kelp, in the Morning"
	out["album"] = album

	out["dedicated"] = sample(5, "Four Hundred Door Hinges", ccZero, "hinges.flac")
	out["strict"] = sample(6, "A Letter to My Grandmother", ccByNCND, "letter.mp3")

	bare := sample(7, "Untitled", ccMark, "page.pdf")
	bare.Creator, bare.Date, bare.Language = "", "", ""
	out["bare"] = bare

	long := sample(8, strings.Repeat("Donaudampfschifffahrtsgesellschaft", 9), "https://creativecommons.org/licenses/by-nc-sa/2.0/de/", strings.Repeat("x", 240)+".mp3")
	long.Description = strings.Repeat("https://ana.example/"+strings.Repeat("long/", 60)+" ", 2)
	long.Creator = strings.Repeat("Ana María ", 30)
	out["long words"] = long

	arabic := sample(9, "أغاني البحر القديمة", ccBySA, "أغنية 1.mp3", "أغنية 2.mp3")
	arabic.Language, arabic.Creator, arabic.Description = "ar", "آنا رويز", "تسجيلات ميدانية من الساحل."
	out["right to left"] = arabic

	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("Notebook %d/%03d a page with rather a long name.mp3", i/20, i))
	}
	out["200 files"] = sample(10, "Field Notes", ccBySA, many...)

	data := sample(11, "Readings", "https://opendatacommons.org/licenses/pddl/1-0/", "gauge.csv.gz")
	data.Files[0].Type = "application/gzip"
	out["no media to show"] = data
	return out
}

func allPages(t *testing.T) map[string]string {
	pages := map[string]string{}
	var rels []feed.Release
	for name, r := range odd() {
		pages[name] = releasePage(t, sampleChannel(), r)
		pages[name+", no base"] = releasePage(t, feed.Channel{Title: "Elsewhere"}, r)
		rels = append(rels, r)
	}
	pages["channel"] = channelPage(t, sampleChannel(), rels...)
	full := sampleChannel()
	full.Image, full.License = "cover art.jpg", ccBySA
	pages["channel with image"] = channelPage(t, full, rels...)
	pages["empty channel"] = channelPage(t, feed.Channel{})
	return pages
}

func TestStructureOfAllPages(t *testing.T) {
	for name, page := range allPages(t) {
		t.Run(name, func(t *testing.T) {
			checkXML(t, page)
			d := parsePage(t, page)
			for _, tag := range []string{"h1", "title", "main", "html"} {
				if n := len(d.tags(tag)); n != 1 {
					t.Errorf("%d %s elements", n, tag)
				}
			}
			checkIDs(t, d)
			for _, n := range d.tags("img") {
				if _, ok := attr(n, "alt"); !ok {
					t.Errorf("an image without alt text: %v", n.Attr)
				}
			}
			for _, n := range d.all(func(n *html.Node) bool { return n.Data == "a" || n.Data == "button" }) {
				label, _ := attr(n, "aria-label")
				if strings.TrimSpace(textOf(n)+label) == "" && len(n.Attr) > 0 && !hasAlt(n) {
					t.Errorf("a link or button without a name: %v", n.Attr)
				}
			}
			if lang, _ := attr(d.tags("html")[0], "lang"); lang == "" {
				t.Error("no lang")
			}
			if strings.Contains(page, "ZgotmplZ") {
				t.Error("a value was filtered out")
			}
		})
	}
}

func hasAlt(n *html.Node) bool {
	for c := range n.Descendants() {
		if alt, _ := attr(c, "alt"); alt != "" {
			return true
		}
	}
	return false
}

// checkIDs finds identifiers that are there twice, and references to none.
func checkIDs(t *testing.T, d dom) {
	seen := map[string]bool{}
	for _, n := range d.all(func(n *html.Node) bool { _, ok := attr(n, "id"); return ok }) {
		id, _ := attr(n, "id")
		if seen[id] || id == "" {
			t.Errorf("id %q twice", id)
		}
		seen[id] = true
	}
	for n := range d.root.Descendants() {
		for _, a := range n.Attr {
			switch {
			case a.Key == "href" && strings.HasPrefix(a.Val, "#") && !seen[a.Val[1:]]:
				t.Errorf("nothing at %s", a.Val)
			case (a.Key == "aria-labelledby" || a.Key == "aria-describedby" || a.Key == "data-copy") && !seen[a.Val]:
				t.Errorf("%s=%s names nothing", a.Key, a.Val)
			}
		}
	}
}

func TestPagesLoadNothingFromElsewhere(t *testing.T) {
	for name, page := range allPages(t) {
		d := parsePage(t, page)
		for key, list := range d.addresses() {
			for _, address := range list {
				u, err := url.Parse(address)
				if err != nil {
					t.Errorf("%s: %v", name, err)
				} else if key != "href" && (u.IsAbs() || u.Host != "") {
					t.Errorf("%s: loads %s", name, address)
				}
			}
		}
		for _, n := range d.tags("link") {
			rel, _ := attr(n, "rel")
			if !slices.Contains([]string{"canonical", "alternate", "icon"}, rel) {
				t.Errorf("%s: link rel=%s", name, rel)
			}
		}
		for _, word := range []string{"@import", "url(", "fetch(", "XMLHttpRequest"} {
			if strings.Contains(page, word) {
				t.Errorf("%s: has %s", name, word)
			}
		}
	}
}

func TestSongPage(t *testing.T) {
	page := releasePage(t, sampleChannel(), song())
	d := parsePage(t, page)
	const dir = "files/Ana%20Ruiz%20-%20Low%20Tide/"
	for _, want := range []string{dir + "Low%20Tide.mp3", dir + "Cover.jpg", dir + "LICENSE.txt", "work-1-" + song().Torrent.InfohashV1[:8] + ".torrent",
		song().Torrent.Magnet, "../index.html", "../torrents.xml", "../podcast.xml", "../feed.json", "../channels.opml",
		"https://give.example/tips", "https://ana.example/", "https://ana.example/stems/low-tide", "https://ana.example/sources/low-tide", "https://ana.example/about", ccBySA, ccBy} {
		if len(d.with("href", want)) == 0 {
			t.Errorf("no link to %s", want)
		}
	}
	text := textOf(d.tags("body")[0])
	for _, want := range []string{"You may", "You must", "Give credit:", "Share alike:", "April 2026", "1 May 2026", "Support Ana Ruiz", "by Bo Li",
		song().Torrent.InfohashV1, song().Torrent.InfohashV2, song().Files[0].SHA256 + "  Low Tide.mp3", "\"Tide\" is <not> a tag.", "MP3 audio, 4.3\u00a0MB"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q", want)
		}
	}
	notice, err := song().Notice(song().PageURL(base))
	if err != nil {
		t.Fatal(err)
	}
	if got := textOf(d.with("id", "credit-text")[0]); got != notice.Attribution() {
		t.Errorf("attribution %q, want %q", got, notice.Attribution())
	}
	if got := textOf(d.with("id", "credit-html")[0]); got != notice.AttributionHTML() {
		t.Errorf("attribution %q, want %q", got, notice.AttributionHTML())
	}
	if src, _ := attr(d.tags("audio")[0], "src"); src != dir+"Low%20Tide.mp3" {
		t.Errorf("plays %s", src)
	}
	for _, n := range d.tags("button") {
		if _, hidden := attr(n, "hidden"); !hidden {
			t.Error("a button shows without the script that works it")
		}
	}
}

func TestHeadOfReleasePage(t *testing.T) {
	d := parsePage(t, releasePage(t, sampleChannel(), song()))
	const dir = base + "work-1/files/Ana%20Ruiz%20-%20Low%20Tide/"
	for name, want := range map[string]string{
		"og:title": "Low Tide", "og:type": "music.song", "og:url": base + "work-1/", "og:site_name": "Tides & Winds",
		"og:image": dir + "Cover.jpg", "og:audio": dir + "Low%20Tide.mp3", "og:audio:type": "audio/mpeg",
		"twitter:card": "summary_large_image", "viewport": "width=device-width, initial-scale=1",
	} {
		if got := d.meta(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := d.meta("description"); !strings.HasPrefix(got, "Recorded at dawn") || len([]rune(got)) > 200 {
		t.Errorf("description %q", got)
	}
	if href, _ := attr(d.with("rel", "canonical")[0], "href"); href != base+"work-1/" {
		t.Errorf("canonical %s", href)
	}
	if n := len(d.with("rel", "alternate")); n != 4 {
		t.Errorf("%d feeds", n)
	}
}

func TestWithoutABaseNothingIsAbsolute(t *testing.T) {
	d := parsePage(t, releasePage(t, feed.Channel{Title: "Elsewhere"}, song()))
	for _, name := range []string{"og:url", "og:image", "og:audio"} {
		if got := d.meta(name); got != "" {
			t.Errorf("%s is %q", name, got)
		}
	}
	if len(d.with("rel", "canonical")) > 0 {
		t.Error("canonical without a base")
	}
}

func TestVideoIsNamedToOpenGraph(t *testing.T) {
	d := parsePage(t, releasePage(t, sampleChannel(), odd()["lecture"]))
	if !strings.HasSuffix(d.meta("og:video"), "/Part%201.mp4") || d.meta("og:type") != "video.other" || d.meta("og:audio") != "" {
		t.Errorf("video %q of type %q", d.meta("og:video"), d.meta("og:type"))
	}
}

func TestJSONLD(t *testing.T) {
	for name, r := range odd() {
		d := parsePage(t, releasePage(t, sampleChannel(), r))
		scripts := d.with("type", "application/ld+json")
		if len(scripts) != 1 {
			t.Fatalf("%s: %d JSON-LD scripts", name, len(scripts))
		}
		var work struct {
			Context string `json:"@context"`
			Name    string `json:"name"`
			License string `json:"license"`
		}
		if err := json.Unmarshal([]byte(textOf(scripts[0])), &work); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if work.Name != r.Title || work.License != r.License || !strings.Contains(work.Context, "schema.org") {
			t.Errorf("%s: %+v", name, work)
		}
	}
}

func TestWhatAPageShows(t *testing.T) {
	for name, want := range map[string]map[string]int{
		"song":             {"audio": 1, "video": 0, "ol": 0, "img": 1, "gallery": 0},
		"photo essay":      {"audio": 0, "video": 0, "ol": 0, "img": 3, "gallery": 1},
		"lecture":          {"audio": 0, "video": 1, "ol": 1, "img": 0, "gallery": 0},
		"album":            {"audio": 1, "video": 0, "ol": 1, "img": 0, "gallery": 0},
		"bare":             {"audio": 0, "video": 0, "ol": 0, "img": 0, "gallery": 0},
		"no media to show": {"audio": 0, "video": 0, "ol": 0, "img": 0, "gallery": 0},
	} {
		d := parsePage(t, releasePage(t, sampleChannel(), odd()[name]))
		for what, n := range want {
			got := len(d.tags(what))
			if what == "gallery" {
				got = len(d.with("id", "gallery"))
			}
			if got != n {
				t.Errorf("%s: %d %s, want %d", name, got, what, n)
			}
		}
	}
}

func TestLicencesPerFileOnlyWhereTheyDiffer(t *testing.T) {
	mixed := parsePage(t, releasePage(t, sampleChannel(), odd()["lecture"]))
	row := mixed.with("about", besidePage(odd()["lecture"], "gauge.jpg"))
	if len(row) != 1 || !strings.Contains(textOf(row[0]), "CC0 1.0") || !strings.Contains(textOf(row[0]), "by Harbour Office") {
		t.Error("the file's own terms are missing")
	}
	if len(mixed.with("rel", "license")) != 1+5 {
		t.Errorf("%d licence links, want the work's and five files'", len(mixed.with("rel", "license")))
	}
	plain := parsePage(t, releasePage(t, sampleChannel(), odd()["album"]))
	if n := len(plain.with("rel", "license")); n != 1 {
		t.Errorf("%d licence links where all files share one", n)
	}
}

func TestLongFileListsAreFolded(t *testing.T) {
	for name, folded := range map[string]bool{"song": false, "200 files": true} {
		d := parsePage(t, releasePage(t, sampleChannel(), odd()[name]))
		if _, open := attr(d.tags("details")[0], "open"); open == folded {
			t.Errorf("%s: open is %v", name, open)
		}
	}
}

func TestPublicDomainAsksForNothing(t *testing.T) {
	for name, want := range map[string]string{"dedicated": "dedication itself", "bare": "This mark is no licence"} {
		text := textOf(parsePage(t, releasePage(t, sampleChannel(), odd()[name])).tags("body")[0])
		if !strings.Contains(text, want) || !strings.Contains(text, "Nothing in return") || strings.Contains(text, "You must") || strings.Contains(text, "©") {
			t.Errorf("%s: wrong words", name)
		}
	}
}

func TestChannelPage(t *testing.T) {
	older, newer := song(), odd()["photo essay"]
	d := parsePage(t, channelPage(t, sampleChannel(), older, newer))
	var titles []string
	for _, n := range d.tags("h3") {
		titles = append(titles, textOf(n))
	}
	if !slices.Equal(titles, []string{newer.Title, older.Title}) {
		t.Errorf("titles %q", titles)
	}
	for _, want := range []string{"work-1/index.html", "work-2/index.html", "torrents.xml", "podcast.xml", "feed.json", "channels.opml", ccBy, ccBySA, "https://shop.example/ana"} {
		if len(d.with("href", want)) == 0 {
			t.Errorf("no link to %s", want)
		}
	}
	images := d.tags("img")
	if src, _ := attr(images[0], "src"); src != "work-2/files/Ana%20Ruiz%20-%20Nine%20Mornings%20on%20the%20Estuary/03%20Low%20water.png" {
		t.Errorf("a photo essay is shown by %s", src)
	}
	if src, _ := attr(images[1], "src"); src != "work-1/files/Ana%20Ruiz%20-%20Low%20Tide/Cover.jpg" {
		t.Errorf("a song is shown by %s", src)
	}
	text := textOf(d.tags("body")[0])
	for _, want := range []string{"2 works", "3 pictures", "MP3 audio", "1 May 2026", "For podcast apps", "each work on the terms shown"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q", want)
		}
	}
}

func TestChannelWithImageAndOneLicence(t *testing.T) {
	ch := sampleChannel()
	ch.Image, ch.License = "art/cover 1.jpg", ccBySA
	d := parsePage(t, channelPage(t, ch, song()))
	if got := d.meta("og:image"); got != base+"art/cover%201.jpg" {
		t.Errorf("og:image %q", got)
	}
	if src, _ := attr(d.with("class", "portrait")[0], "src"); src != "./art/cover%201.jpg" {
		t.Errorf("portrait %q", src)
	}
	if !strings.Contains(textOf(d.tags("header")[0]), "Everything here is CC BY-SA 4.0") {
		t.Error("does not name the channel's licence")
	}
}

func TestManyReleasesStandUnderTheirYears(t *testing.T) {
	var rels []feed.Release
	for i := range 60 {
		r := song()
		r.Slug = fmt.Sprintf("work-%d", i)
		r.Published = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC).AddDate(0, -i, 0)
		rels = append(rels, r)
	}
	page := channelPage(t, sampleChannel(), rels...)
	d := parsePage(t, page)
	var years []string
	for _, n := range d.with("class", "year") {
		years = append(years, textOf(n))
	}
	if !slices.Equal(years, []string{"2026", "2025", "2024", "2023", "2022", "2021"}) {
		t.Errorf("years %v", years)
	}
	if n := len(d.with("loading", "lazy")); n != 60-loadedAtOnce {
		t.Errorf("%d images are loaded late", n)
	}
}

func TestUnknownLicence(t *testing.T) {
	r := song()
	r.License = "https://licences.example/mine"
	var b strings.Builder
	if err := mustLoad(t, "").ReleasePage(&b, sampleChannel(), r); err == nil || b.Len() > 0 {
		t.Errorf("release page: %v, %d bytes", err, b.Len())
	}
	if err := mustLoad(t, "").ChannelPage(&b, sampleChannel(), relsOf(r)); err == nil || b.Len() > 0 {
		t.Errorf("channel page: %v, %d bytes", err, b.Len())
	}
	if err := mustLoad(t, "").LicenseText(&b, r); err == nil || b.Len() > 0 {
		t.Errorf("notice: %v, %d bytes", err, b.Len())
	}
	r = song()
	r.Files[1].License = "https://licences.example/mine"
	if len(parsePage(t, releasePage(t, sampleChannel(), r)).with("href", "https://licences.example/mine")) != 1 {
		t.Error("a file's foreign licence is not linked")
	}
}

func BenchmarkChannelPage(b *testing.B) {
	rels := make([]feed.Release, 1000)
	for i := range rels {
		rels[i] = song()
	}
	s := mustLoad(b, "")
	for b.Loop() {
		var page strings.Builder
		if err := s.ChannelPage(&page, sampleChannel(), relsOf(rels...)); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(page.Len()), "bytes")
	}
}

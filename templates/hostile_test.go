package templates

import (
	"encoding/json"
	"io"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"commonseed/feed"
)

const (
	breakout = `</script></style></title></textarea>--><script>alert(1)</script><img src=x onerror=alert(1)>"'` + "`" + `{{.}}`
	override = "song\u202e3pm.exe\u2066\u0000\u001b[31m\ufffe\xff"
)

// hostile is a record in which every text tries to get out of its place.
func hostile() feed.Release {
	bad := breakout + override
	r := sample(1, "x", ccBySA, "a.mp3", "b.mp3", "c.jpg")
	r.Title, r.Creator, r.Description = bad, bad, bad+"\n\n"+bad+" javascript:alert(1) https://ok.example/\"onmouseover=alert(1)"
	r.Language, r.Date = `en" onload="alert(1)`, bad
	r.SourceURL, r.AttributionURL = "javascript:alert(1)", "data:text/html,<script>alert(1)</script>"
	r.Tags = []string{bad, ""}
	r.Links = []feed.Link{
		{Rel: "support", Title: bad, URL: "javascript:alert(1)"},
		{Rel: "support", Title: bad, URL: "JaVaScRiPt:alert(1)"},
		{Rel: "home", Title: bad, URL: "//evil.example/x"},
		{Rel: "shop", Title: bad, URL: "vbscript:x"},
		{Rel: bad, Title: bad, URL: "https://ok.example/?q=\"><script>"},
		{Rel: "home", Title: "mail", URL: "mailto:ana@ana.example?subject=a\"b"},
		{Rel: "home", URL: "http://[broken"},
	}
	for i := range r.Files {
		r.Files[i].Title, r.Files[i].Creator, r.Files[i].SHA256 = bad, bad, bad
	}
	r.Files[0].Type = "audio/" + bad
	r.Files[1].Path = breakout + "/" + override + ".mp3"
	r.Files[1].License = "javascript:alert(1)"
	r.Cover = "c.jpg"
	r.Torrent.Name, r.Torrent.File = bad, bad+".torrent"
	r.Torrent.Magnet = "javascript:alert(1)//magnet:?xt=urn:btih:x"
	r.Torrent.InfohashV1, r.Torrent.InfohashV2 = bad, bad
	r.Torrent.Trackers, r.Torrent.WebSeeds = []string{bad}, []string{"javascript:alert(1)"}
	return r
}

func hostilePages(t *testing.T) map[string]string {
	ch := sampleChannel()
	ch.Title, ch.Creator, ch.Description, ch.Language = breakout, breakout, breakout, `"><script>`
	ch.Image = "../../etc/passwd"
	ch.Links = hostile().Links
	return map[string]string{
		"release": releasePage(t, ch, hostile()),
		"channel": channelPage(t, ch, hostile(), song()),
	}
}

func TestHostileRecordsStayText(t *testing.T) {
	for name, page := range hostilePages(t) {
		t.Run(name, func(t *testing.T) {
			checkXML(t, page)
			d := parsePage(t, page)
			scripts := 0
			for _, n := range d.tags("script") {
				if kind, _ := attr(n, "type"); kind != "application/ld+json" {
					scripts++
				}
			}
			if want := map[string]int{"release": 1, "channel": 0}[name]; scripts != want {
				t.Errorf("%d scripts, want %d", scripts, want)
			}
			for n := range d.root.Descendants() {
				for _, a := range n.Attr {
					if strings.HasPrefix(a.Key, "on") {
						t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
					}
				}
			}
			checkSchemes(t, d)
			if strings.ContainsAny(page, "\u202e\u2066\x00\x1b\ufffe") {
				t.Error("a control or direction mark came through")
			}
		})
	}
}

func checkSchemes(t *testing.T, d dom) {
	for _, list := range d.addresses() {
		for _, address := range list {
			u, err := url.Parse(address)
			if err != nil {
				t.Errorf("%q: %v", address, err)
				continue
			}
			switch u.Scheme {
			case "", "http", "https", "mailto", "magnet":
			case "data":
				if !strings.HasPrefix(address, "data:image/svg+xml,") {
					t.Errorf("links to %q", address)
				}
			default:
				t.Errorf("links to %q", address)
			}
			if u.Host == "evil.example" || strings.Contains(address, "..") && !strings.HasPrefix(address, "../") {
				t.Errorf("links to %q", address)
			}
		}
	}
}

func TestHostileJSONLDStaysJSON(t *testing.T) {
	d := parsePage(t, hostilePages(t)["release"])
	raw := textOf(d.with("type", "application/ld+json")[0])
	var work map[string]any
	if err := json.Unmarshal([]byte(raw), &work); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(raw, "<>&\u2028\u2029") {
		t.Error("JSON-LD holds characters that a script element may trip over")
	}
}

func TestHostileMagnetIsLeftOut(t *testing.T) {
	for _, bad := range []string{"javascript:alert(1)", "magnet:?xt=a\"b", "magnet:?xt=a b", "magnet:x", "MAGNET:?xt=a", "magnet:?xt=<", "magnet:?xt=\u202e", "", "magnet:?xt=a\n"} {
		if got := magnet(bad); got != "" {
			t.Errorf("%q passed as %q", bad, got)
		}
	}
	if good := song().Torrent.Magnet; string(magnet(good)) != good {
		t.Errorf("%q did not pass", good)
	}
}

func TestHostileNotice(t *testing.T) {
	text := licenseText(t, hostile())
	if strings.ContainsAny(text, "\u202e\u2066\x00\x1b\ufffe") {
		t.Errorf("control characters in\n%s", text)
	}
}

// FuzzReleasePage changes single texts of a record: whatever they hold, the page
// keeps its structure.
func FuzzReleasePage(f *testing.F) {
	f.Add("Low Tide", "Ana Ruiz", "See https://ana.example/.", "https://ana.example/", "a.mp3")
	f.Add(breakout, override, breakout, "javascript:alert(1)", "x/../y.mp3")
	set := mustLoad(f, "")
	f.Fuzz(func(t *testing.T, title, creator, description, link, path string) {
		if len(title)+len(creator)+len(description)+len(link)+len(path) > 4096 {
			return
		}
		r := song()
		r.Title, r.Creator, r.Description, r.SourceURL = title, creator, description, link
		r.Links = append(r.Links, feed.Link{Rel: "home", Title: title, URL: link})
		r.Files[0].Path = path
		var page strings.Builder
		if err := set.ReleasePage(&page, sampleChannel(), r); err != nil {
			t.Fatal(err)
		}
		checkXML(t, page.String())
		d := parsePage(t, page.String())
		if len(d.tags("h1")) != 1 || len(d.tags("script")) != 2 || len(d.tags("style")) != 1 {
			t.Error("the page's structure changed")
		}
		checkHandlers(t, d)
		if err := set.LicenseText(io.Discard, r); err != nil {
			t.Fatal(err)
		}
	})
}

func checkHandlers(t *testing.T, d dom) {
	for _, n := range d.all(func(n *html.Node) bool { return n.Data == "a" || n.Data == "img" }) {
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.ToLower(a.Val), "javascript:") {
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
		}
	}
}

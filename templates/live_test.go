package templates

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// busy is a seeder with everything that the live page can show.
func busy() Live {
	l := Live{
		Version: "commonseed 1", Since: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Home: "http://192.0.2.1:7447/",
		Rate: 1_234_000, Limit: 2_000_000, Uploaded: 5_600_000_000, Peers: 14, Waiting: 3,
		Reach: "yes, on port 7448: somebody came in at 2026-03-09 14:03", External: "192.0.2.1", Advice: []string{"no tracker <b>helps</b>"}, Problems: []string{`the release "bad" is broken: <b>x</b>`},
		Ports: []string{"tcp/7448 is led here from 192.0.2.1:7448 by PCP, until 2026-03-09 15:03 unless renewed"},
		Trackers: []LiveTracker{{Name: "udp://tracker.example:6969/announce", State: "fails: <i>no route to host</i>; asked again at 14:09", Fails: true},
			{Name: "http://192.0.2.1:7447/announce", State: "works: 24 announced"}, {Name: "DHT", State: "not asked yet"}},
		Untold:  3,
		Seeding: 2, Checking: 1, Failed: 1, Size: 9_000_000, Unnamed: 7,
		Releases: []LiveRelease{
			{Infohash: "aa", Title: "Gone", State: "error", Reason: "tide.flac: no such file", Size: 10},
			{Infohash: "bb", Title: `<script>alert("x")</script>`, State: "seeding", Rate: 1_000_000, Uploaded: 25, Size: 10, Peers: 12},
			{Infohash: "cc", Title: "שלום " + strings.Repeat("long", 60), State: "seeding", SuperSeeding: true, Size: 10, Peers: 2},
			{Infohash: "dd", State: "checking", Checked: 5_000_000, Size: 9_000_000, Reason: "tide.flac changed"},
		},
	}
	for _, span := range []time.Duration{10 * time.Minute, 24 * time.Hour} {
		plot := LivePlot{Title: "The last " + span.String(), Span: span}
		for i := range 300 {
			plot.Points = append(plot.Points, LivePoint{span * time.Duration(300-i) / 300, float64(i % 50 * 20_000), i % 9})
		}
		l.Plots = append(l.Plots, plot)
	}
	return l
}

func crowded() LiveRelease {
	r := busy().Releases[1]
	r.Connected = []LivePeer{
		{Address: "192.0.2.7:6881", Client: "qBittorrent/5.0", Since: time.Date(2026, 3, 9, 14, 3, 0, 0, time.UTC), Have: .5, Rate: 9000, Sent: 5_000_000, Doing: "is served"},
		{Address: "[2001:db8::1]:6881", Client: `<img src=x onerror="alert(1)">`, Doing: "waits"},
	}
	r.Trackers = []LiveTracker{
		{Name: "udp://tracker.example:6969/announce", State: "no route to host", Fails: true, Seeds: -1, Leeches: -1},
		{Name: "http://192.0.2.1:7447/announce", State: "works", Heard: time.Date(2026, 3, 9, 14, 3, 0, 0, time.UTC), Next: time.Date(2026, 3, 9, 14, 33, 0, 0, time.UTC), Seeds: 12},
	}
	return r
}

func livePage(t *testing.T, l Live) string {
	t.Helper()
	var b strings.Builder
	if err := LivePage(&b, l); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func liveReleasePage(t *testing.T, r LiveRelease) string {
	t.Helper()
	var b strings.Builder
	if err := LiveReleasePage(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLivePageSaysHowItGoes(t *testing.T) {
	for _, c := range []struct {
		page         string
		says, silent []string
	}{
		{livePage(t, busy()), []string{
			"1.2\u00a0MB/s", "to 14 peers, of whom 3 wait; 2.0\u00a0MB/s are allowed", "1 problem", `the release "bad" is broken: <b>x</b>`,
			"2 seeding, 1 being checked, 1 not served; 9.0\u00a0MB", "5.6\u00a0GB since 1 March 2026, 12:00",
			"yes, on port 7448: somebody came in at 2026-03-09 14:03; trackers see the address 192.0.2.1", "no tracker <b>helps</b>", "not served: tide.flac: no such file", "seeding, first copy",
			"checking, 5.0\u00a0MB of 9.0\u00a0MB: tide.flac changed", "2.50", "and 7 more", "fails: <i>no route to host</i>; asked again at 14:09", "works: 24 announced", "and 3 trackers more", "led here from 192.0.2.1:7448", `<script>alert("x")</script>`, "at most 980\u00a0kB/s", "at most 8 peers",
		}, nil},
		{livePage(t, Live{Unsettled: true}), []string{"0\u00a0B/s", "no limit", "The releases are being read."}, []string{"problem", "wait", "checked", "and 0 more", "racker", "Ports", "found"}},
		{livePage(t, Live{Plots: []LivePlot{{Span: time.Minute}}}), []string{"Nothing is seeded yet.", "at most 0\u00a0B/s"}, nil},
		{liveReleasePage(t, crowded()), []string{"192.0.2.7:6881", "qBittorrent/5.0", "14:03", "50 %", "9.0\u00a0kB/s", "is served", "no route to hostnevernever??", "works14:0314:33120", `<img src=x onerror="alert(1)">`}, nil},
		{liveReleasePage(t, busy().Releases[0]), []string{"Nobody is connected.", "not served: tide.flac: no such file"}, nil},
	} {
		d := parsePage(t, c.page)
		text := strings.Join(strings.Fields(strings.ReplaceAll(textOf(d.tags("main")[0]), "\u00a0", "\u0001")), " ")
		text = strings.ReplaceAll(text, "\u0001", "\u00a0")
		for _, want := range c.says {
			if !strings.Contains(text, want) {
				t.Errorf("lacks %q:\n%s", want, text)
			}
		}
		for _, not := range c.silent {
			if strings.Contains(text, not) {
				t.Errorf("says %q:\n%s", not, text)
			}
		}
		if len(d.tags("script")) != 1 || len(d.tags("img")) != 0 || len(d.tags("b")) > 1 {
			t.Error("what strangers say became part of the page")
		}
	}
}

func TestPlotsStayInTheirFrame(t *testing.T) {
	p := LivePlot{Span: time.Minute, Points: []LivePoint{{2 * time.Minute, 5, 0}, {time.Minute, 10, 4}, {30 * time.Second, 0, 2}, {-time.Second, 5, 1}}}
	if got, want := p.Rates(), "M0.0 100L0.0 50.0L0.0 0.0L300.0 100.0L600.0 50.0L600.0 100Z"; got != want {
		t.Errorf("rates %s, want %s", got, want)
	}
	if got, want := p.Crowd(), "M0.0 100.0L0.0 0.0L300.0 50.0L600.0 75.0"; got != want {
		t.Errorf("peers %s, want %s", got, want)
	}
}

// seeder serves live pages as a seeder does. Each answer has another rate.
func seeder(t *testing.T) (url string, asked *atomic.Int64) {
	asked = new(atomic.Int64)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		l := busy()
		l.Rate = float64(asked.Add(1) * 1000)
		fmt.Fprint(w, livePage(t, l))
	})
	mux.HandleFunc("GET /release/bb", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, liveReleasePage(t, crowded())) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", LivePolicy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/", asked
}

func TestLivePageInChromium(t *testing.T) {
	b := newBrowser(t)
	home, asked := seeder(t)

	b.open(home)
	b.run(`document.querySelector("tbody a[href='release/bb']").focus()`, nil)
	b.until(`parseFloat(document.querySelector("h1").textContent) >= 3`) // it asked again, twice
	var focus string
	b.run(`return document.activeElement.getAttribute("href")`, &focus)
	if focus != "release/bb" {
		t.Errorf("after a refresh the focus is on %q", focus)
	}
	for _, page := range []string{home, home + "release/bb"} {
		b.open(page)
		for _, width := range []int{360, 768, 1280} {
			b.resize(width, 800)
			checkLayout(t, b, fmt.Sprintf("%s at %d", page, width), width)
		}
	}
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		for _, page := range []string{home, home + "release/bb"} {
			b.open(page)
			var faint []string
			b.run(contrastScript, &faint)
			if len(faint) > 0 {
				t.Errorf("%s, %s: hard to read: %q", page, scheme, faint)
			}
		}
	}
	b.open(home)
	b.click("tbody a[href='release/bb']")
	b.until(`document.querySelector("h2").textContent === "2 peers"`)
	b.click("main a[href='../']")
	b.until(`document.querySelector("h2").textContent === "1 problem"`)
	if got := b.complaints(); got != nil {
		t.Errorf("the console says %q", got)
	}

	b.devtools("Emulation.setScriptExecutionDisabled", map[string]any{"value": true})
	b.open(home)
	before := asked.Load()
	for range 200 { // without script the page refreshes as a whole
		if asked.Load() > before {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("without script the page stays as it is")
}

func TestLivePageSaysWhenTheSeederIsGone(t *testing.T) {
	b := newBrowser(t)
	var gone atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if gone.Load() {
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Security-Policy", LivePolicy)
		fmt.Fprint(w, livePage(t, busy()))
	}))
	t.Cleanup(server.Close)
	b.open(server.URL)
	gone.Store(true)
	b.until(`document.getElementById("silence").textContent.startsWith("The seeder does not answer")`)
	b.until(`document.querySelector("h1").textContent !== ""`)
	gone.Store(false)
	b.until(`document.getElementById("silence").textContent === ""`)
}

package templates

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	html "html/template"
	"io"
	"math"
	"strings"
	"time"
)

// Live is what a seeder says of itself to the person who runs it.
type Live struct {
	Version   string
	Since     time.Time // in the time zone to show
	Home      string    // where releases are served
	Rate      float64   // bytes per second
	Limit     int64     // bytes per second, 0 is none
	Uploaded  int64     // payload bytes since Since
	Peers     int
	Waiting   int    // of them, for an upload slot
	Reach     string // whether others come in, in words
	External  string // its address as others see it, "" if not known
	Problems  []string
	Advice    []string // what could be done to be found and reached
	Seeding   int      // releases
	Checking  int
	Failed    int
	Size      int64 // bytes of all payloads
	Plots     []LivePlot
	Releases  []LiveRelease // problems first
	Unnamed   int           // releases that are left out
	Ports     []string      // as routers lead them here, in words
	Trackers  []LiveTracker // those that fail first
	Untold    int           // trackers that are left out
	Unsettled bool          // the releases are still being added
}

// LiveTracker is where peers find each other.
type LiveTracker struct {
	Name, State    string
	Fails          bool
	Heard, Next    time.Time // when it was told last and will be again; for LiveReleasePage alone, as what follows. Zero: never
	Seeds, Leeches int       // in the swarm, as it says; -1: it does not
}

// LivePlot is how it went over a while.
type LivePlot struct {
	Title  string
	Span   time.Duration // up to now
	Points []LivePoint   // oldest first
}

// LivePoint is a step of a plot.
type LivePoint struct {
	Ago   time.Duration
	Rate  float64 // bytes per second
	Peers int
}

// LiveRelease is one release that is seeded.
type LiveRelease struct {
	Infohash, Title string
	State, Reason   string // "seeding", "checking" or "error"; why
	SuperSeeding    bool
	Rate            float64 // bytes per second
	Uploaded        int64   // bytes, as Size and Checked
	Size, Checked   int64
	Peers           int
	Connected       []LivePeer // for LiveReleasePage alone, as Trackers
	Trackers        []LiveTracker
}

// LivePeer is somebody who is connected.
type LivePeer struct {
	Address, Client string
	Since           time.Time
	Have            float64 // of the release, 0 to 1
	Rate            float64 // bytes per second
	Sent            int64
	Doing           string // "is served", "waits", …
}

//go:embed live
var liveFiles embed.FS

var (
	livePages = html.Must(html.New("live").Funcs(html.FuncMap{
		"bytes":  bytesInWords,
		"rate":   func(perSecond float64) string { return bytesInWords(int64(perSecond)) + "/s" },
		"time":   func(t time.Time) string { return t.Format("2 January 2006, 15:04") },
		"clock":  func(t time.Time) string { return t.Format("15:04") },
		"share":  func(part float64) string { return fmt.Sprintf("%.0f %%", 100*part) },
		"ratio":  func(r LiveRelease) string { return fmt.Sprintf("%.2f", float64(r.Uploaded)/float64(max(r.Size, 1))) },
		"plural": counted,
	}).ParseFS(liveFiles, "live/*.html"))
	liveStyle  = liveFile("live.css")
	liveScript = liveFile("live.js")
)

// LivePolicy is the Content-Security-Policy of the live pages: their own style and
// script, and no other.
var LivePolicy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; connect-src 'self'; img-src data:; "+
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'", hashSource(liveStyle), hashSource(liveScript))

// hashSource names an inline style or script. CSP 3 §2.3.1
func hashSource(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func liveFile(name string) string {
	data, err := liveFiles.ReadFile("live/" + name)
	if err != nil {
		panic(err) // it is compiled in
	}
	return string(data)
}

// LivePage writes the page that shows how a seeder does. Its script asks for it
// again every two seconds; without script it refreshes as a whole.
func LivePage(w io.Writer, l Live) error {
	title := counted(l.Seeding, "release", "releases") + ", " + bytesInWords(int64(l.Rate)) + "/s"
	if l.Failed+len(l.Problems) > 0 {
		title = "Problems: " + title
	}
	return renderLive(w, "live.html", title, l)
}

// LiveReleasePage writes the page that shows one release and its peers, at
// release/<infohash> beside LivePage.
func LiveReleasePage(w io.Writer, r LiveRelease) error {
	return renderLive(w, "release.html", line(r.Title), r)
}

func renderLive(w io.Writer, name, title string, data any) error {
	var page bytes.Buffer
	err := livePages.ExecuteTemplate(&page, name, map[string]any{
		"Title": title, "Style": html.CSS(liveStyle), "Script": html.JS(liveScript), "It": data,
	})
	if err != nil {
		return err
	}
	_, err = w.Write(page.Bytes())
	return err
}

// The plots' own units, whatever size they are shown at.
const plotWidth, plotHeight = 600, 100

// Most is the highest rate of the plot, in bytes per second.
func (p LivePlot) Most() (most float64) {
	for _, point := range p.Points {
		most = max(most, point.Rate)
	}
	return most
}

// MostPeers is the highest number of peers in the plot.
func (p LivePlot) MostPeers() (most int) {
	for _, point := range p.Points {
		most = max(most, point.Peers)
	}
	return most
}

// Rates is the area below the rates, as the path of an SVG.
func (p LivePlot) Rates() string {
	if len(p.Points) == 0 {
		return ""
	}
	first, last := p.x(p.Points[0]), p.x(p.Points[len(p.Points)-1])
	return fmt.Sprintf("M%.1f %d%sL%.1f %dZ", first, plotHeight,
		p.line("L", func(o LivePoint) float64 { return o.Rate }, p.Most()), last, plotHeight)
}

// Crowd is the line of the peers.
func (p LivePlot) Crowd() string {
	return p.line("M", func(o LivePoint) float64 { return float64(o.Peers) }, float64(p.MostPeers()))
}

func (p LivePlot) line(command string, value func(LivePoint) float64, most float64) string {
	var b strings.Builder
	for _, point := range p.Points {
		fmt.Fprintf(&b, "%s%.1f %.1f", command, p.x(point), plotHeight*(1-value(point)/math.Max(most, 1)))
		command = "L"
	}
	return b.String()
}

func (p LivePlot) x(o LivePoint) float64 {
	return plotWidth * (1 - min(1, max(0, o.Ago.Seconds()/p.Span.Seconds())))
}

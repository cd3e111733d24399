package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"commonseed/seed"

	"golang.org/x/term"
)

// How often the state is told: redrawn on a terminal, printed as JSON lines.
const (
	redraw     = time.Second
	statusLine = 5 * time.Second
)

// watch tells how seeding goes and rereads the channels until the context is
// done, and closes the channel it answers with when the last line is written.
// One goroutine does both, so that no line gets into another.
func (s *server) watch(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		switch {
		case s.json:
			s.every(ctx, statusLine, s.statusLines, s.reread)
		case !s.quiet && terminal(s.stderr):
			v := &liveView{server: s}
			s.every(ctx, redraw, v.draw, v.reread)
			v.clear()
		default:
			told := map[string]seed.State{}
			s.every(ctx, redraw, func() { s.changes(told) }, s.reread)
		}
	}()
	return done
}

func (s *server) every(ctx context.Context, interval time.Duration, tell func(), look func(context.Context)) {
	tick, looks := time.NewTicker(interval), time.NewTicker(rereading)
	defer tick.Stop()
	defer looks.Stop()
	tell()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			tell()
		case <-looks.C:
			look(ctx)
		}
	}
}

// statusLines prints one JSON object a release.
func (s *server) statusLines() {
	for _, st := range s.engine.Status() {
		s.object(struct {
			MessageType string `json:"message_type"`
			seed.Status
		}{"status", st})
	}
}

// changes tells, where nothing can be redrawn, only what has changed: a release
// that is served no more, and one that is served again.
func (s *server) changes(told map[string]seed.State) {
	for _, st := range s.engine.Status() {
		before, seen := told[st.Infohash]
		told[st.Infohash] = st.State
		switch {
		case st.State == seed.Failed && before != seed.Failed:
			s.warn("%s is not served: %s", st.Title, st.Reason)
		case st.State == seed.Seeding && seen && before == seed.Failed:
			s.message("%s is served again", st.Title)
		}
	}
}

// liveView redraws one line a release, the busiest first.
type liveView struct {
	*server
	lines int
}

func (v *liveView) draw() {
	width, height := 80, 24
	if f, ok := v.stderr.(*os.File); ok {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil {
			width, height = w, h
		}
	}
	all := v.engine.Status()
	var rate float64
	for _, st := range all {
		rate += st.Rate
	}
	sort.SliceStable(all, func(i, j int) bool { return busier(all[i], all[j]) })
	shown := all[:min(len(all), max(1, height-4))]
	var b strings.Builder
	for _, st := range shown {
		b.WriteString(fit(liveLine(st), width-1) + "\x1b[K\n")
	}
	if len(all) > 1 {
		b.WriteString(fit(fmt.Sprintf("%s, %s/s up, %s sent", count(len(all), "release"), bytesText(int64(rate)),
			bytesText(uploaded(all))), width-1) + "\x1b[K\n")
	}
	v.clear()
	fmt.Fprint(v.stderr, b.String())
	v.lines = strings.Count(b.String(), "\n")
}

// reread makes room for what rereading has to say.
func (v *liveView) reread(ctx context.Context) {
	v.clear()
	v.server.reread(ctx)
	v.draw()
}

// clear takes back what draw wrote.
func (v *liveView) clear() {
	if v.lines > 0 {
		fmt.Fprintf(v.stderr, "\r\x1b[%dA\x1b[J", v.lines)
	}
	v.lines = 0
}

// busier puts problems first, then what is being sent.
func busier(a, b seed.Status) bool {
	if (a.State == seed.Failed) != (b.State == seed.Failed) {
		return a.State == seed.Failed
	}
	if a.Rate != b.Rate {
		return a.Rate > b.Rate
	}
	return a.Uploaded > b.Uploaded
}

func liveLine(st seed.Status) string {
	title := fit(fmt.Sprintf("%-28s", st.Title), 28)
	switch st.State {
	case seed.Failed:
		return title + "  not served: " + st.Reason
	case seed.Checking:
		return fmt.Sprintf("%s  checking %s of %s", title, bytesText(st.Checked), bytesText(st.Size))
	}
	ratio := float64(st.Uploaded) / float64(max(st.Size, 1))
	return fmt.Sprintf("%s  %3d peers  %9s/s  %9s sent  ratio %.2f", title, st.Peers,
		bytesText(int64(st.Rate)), bytesText(st.Uploaded), ratio)
}

// fit cuts a text to so many characters.
func fit(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:max(0, n-1)]) + "…"
}

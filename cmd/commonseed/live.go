package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"commonseed/seed"

	"golang.org/x/term"
)

// How often the state is told: redrawn on a terminal, printed as JSON lines.
const (
	redraw     = time.Second
	statusLine = 5 * time.Second
)

// watch tells how seeding goes and follows the channels until the context is
// done, and closes the channel it answers with when the last line is written.
func (s *server) watch(ctx context.Context, reload <-chan os.Signal) <-chan struct{} {
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { s.pulse(ctx) })
	all.Go(func() { s.followAll(ctx, reload) })
	all.Go(func() { s.watchdog(ctx) })
	go func() {
		defer close(done)
		all.Wait()
	}()
	return done
}

// hangups are requests to read everything again (SIGHUP). On a terminal, that means
// that its window was closed, and ends the process as ever.
func (s *server) hangups() (asked <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	if terminal(s.stderr) {
		return c, func() {}
	}
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// followAll rereads the channels every few seconds, and all there is to read when
// asked to.
func (s *server) followAll(ctx context.Context, reload <-chan os.Signal) {
	tick := time.NewTicker(rereading)
	defer tick.Stop()
	s.reread(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.reread(ctx)
		case <-reload:
			s.reload(ctx)
		}
	}
}

// pulse does what is to be done each second: it looks how the releases stand, tells
// of it, and keeps limits and history.
func (s *server) pulse(ctx context.Context) {
	tell, interval := func() {}, redraw
	switch {
	case s.json:
		tell, interval = s.statusLines, statusLine
	case s.drawing():
		tell = s.draw
		defer s.say(func() {})
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	told, summed := time.Time{}, s.now()
	for now := s.now(); ; now = s.now() {
		s.applyLimits()
		s.history.add(now, s.engine.Report())
		if v := s.view.Load(); now.Sub(v.at) >= pace(v.report.Torrents) {
			s.look()
		}
		if now.Sub(told) >= interval-redraw/2 {
			tell()
			told = now
		}
		if now.Sub(summed) >= time.Hour {
			s.summary()
			summed = now
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// drawing says whether there is a live view.
func (s *server) drawing() bool {
	return !s.json && !s.quiet && s.flags.Log == "" && terminal(s.stderr)
}

// summary is a line an hour for the log.
func (s *server) summary() {
	v := s.view.Load()
	s.log.Info("an hour of seeding", "uploaded", v.report.Uploaded, "peers", v.report.Peers, "releases", v.report.Torrents,
		"seeding", v.states[seed.Seeding], "checking", v.states[seed.Checking], "error", v.states[seed.Failed])
}

// changes tells of releases that are served no more, and of those that are served
// again.
func (s *server) changes(v *view) {
	for _, st := range v.fell {
		s.event(slog.LevelWarn, fmt.Sprintf("%s is not served: %s", st.Title, st.Reason), "slug", st.Slug, "infohash", st.Infohash)
	}
	for _, st := range v.rose {
		s.event(slog.LevelInfo, st.Title+" is served again", "slug", st.Slug, "infohash", st.Infohash)
	}
}

// statusLines prints one JSON object a release.
func (s *server) statusLines() {
	s.say(func() {
		for _, st := range s.view.Load().shown {
			s.object(struct {
				MessageType string `json:"message_type"`
				seed.Status
			}{"status", st})
		}
	})
}

// draw draws one line a release, the busiest first, in place of those drawn before.
func (s *server) draw() {
	width, height := 80, 24
	if f, ok := s.stderr.(*os.File); ok {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil {
			width, height = w, h
		}
	}
	v := s.view.Load()
	var b strings.Builder
	for _, st := range v.shown[:min(len(v.shown), max(1, height-4))] {
		b.WriteString(fit(liveLine(st), width-1) + "\x1b[K\n")
	}
	if v.report.Torrents > 1 {
		b.WriteString(fit(fmt.Sprintf("%s, %s/s up, %s sent", count(v.report.Torrents, "release"),
			bytesText(int64(v.report.Rate)), bytesText(v.report.Uploaded)), width-1) + "\x1b[K\n")
	}
	s.say(func() {
		fmt.Fprint(s.stderr, b.String())
		s.drawn = strings.Count(b.String(), "\n")
	})
}

// undraw takes back what draw drew.
func (s *server) undraw() {
	if s.drawn > 0 {
		fmt.Fprintf(s.stderr, "\r\x1b[%dA\x1b[J", s.drawn)
	}
	s.drawn = 0
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

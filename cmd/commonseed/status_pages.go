package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"commonseed/seed"
	"commonseed/seed/announce"
	"commonseed/seed/origin"
	"commonseed/templates"
)

// maxRows is how many releases and peers a page lists.
const maxRows = 200

// livePage shows how it goes.
func (s *server) livePage(w http.ResponseWriter, _ *http.Request) {
	st, v := s.status(), s.view.Load()
	minutes, day := s.history.courses()
	now := s.now()
	page := templates.Live{
		Version: createdBy(), Since: st.Since, Home: s.home,
		Rate: st.Rate, Limit: st.Limits.Upload, Uploaded: st.Uploaded, Peers: st.Peers, Waiting: st.Waiting,
		Reach: st.Reach, External: st.External, Problems: st.Problems, Advice: st.Advice, Size: st.Size,
		Seeding: st.Releases[seed.Seeding], Checking: st.Releases[seed.Checking], Failed: st.Releases[seed.Failed],
		Plots: []templates.LivePlot{
			plotOf("The last ten minutes", fineSpan, minutes, now), plotOf("The last day", coarseSpan, day, now),
		},
		Unsettled: !st.Ready, Untold: st.Unnamed,
	}
	for _, p := range st.Ports {
		page.Ports = append(page.Ports, p.String())
	}
	for _, t := range st.Trackers {
		page.Trackers = append(page.Trackers, templates.LiveTracker{Name: t.name(), State: t.state(), Fails: t.fails()})
	}
	rows := v.shown[:min(len(v.shown), maxRows)]
	for _, st := range rows {
		page.Releases = append(page.Releases, rowOf(st))
	}
	page.Unnamed = v.omitted + len(v.shown) - len(rows)
	s.page(w, func(w io.Writer) error { return templates.LivePage(w, page) })
}

func plotOf(title string, span time.Duration, points []point, now time.Time) templates.LivePlot {
	plot := templates.LivePlot{Title: title, Span: span}
	for _, p := range points {
		if ago := now.Sub(p.at); ago <= span {
			plot.Points = append(plot.Points, templates.LivePoint{Ago: ago, Rate: p.rate, Peers: p.peers})
		}
	}
	return plot
}

func rowOf(st seed.Status) templates.LiveRelease {
	return templates.LiveRelease{Infohash: st.Infohash, Title: st.Title, State: string(st.State), Reason: st.Reason,
		SuperSeeding: st.SuperSeeding, Rate: st.Rate, Uploaded: st.Uploaded, Size: st.Size, Checked: st.Checked, Peers: st.Peers}
}

// releasePage shows one release and its peers.
func (s *server) releasePage(w http.ResponseWriter, r *http.Request) {
	one, err := s.release(r.PathValue("infohash"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	row := rowOf(one.Status)
	for _, p := range one.Connected[:min(len(one.Connected), maxRows)] {
		row.Connected = append(row.Connected, templates.LivePeer{Address: p.Address.String(), Client: p.Client,
			Since: p.Since.Local(), Have: p.Have, Rate: p.Rate, Sent: p.Sent, Doing: doing(p)})
	}
	for _, t := range one.Trackers {
		row.Trackers = append(row.Trackers, announcedTo(t))
	}
	s.page(w, func(w io.Writer) error { return templates.LiveReleasePage(w, row) })
}

// announcedTo says how the announcing of one release at a tracker goes.
func announcedTo(t announce.TrackerStatus) templates.LiveTracker {
	row := templates.LiveTracker{Name: trackerName(t.URL), State: "works", Fails: t.Error != "", Heard: t.LastSuccess.Local(),
		Next: t.Next.Local(), Seeds: t.Seeds, Leeches: t.Leechers}
	switch {
	case t.Error != "":
		row.State = t.Error
	case t.LastSuccess.IsZero():
		row.State, row.Heard = "not asked yet", time.Time{}
	}
	if t.Warning != "" {
		row.State += "; it says: " + t.Warning
	}
	return row
}

// doing says what becomes of a peer.
func doing(p origin.Peer) string {
	switch {
	case p.Interested && p.Unchoked:
		return "is served"
	case p.Interested:
		return "waits"
	}
	return "wants nothing"
}

// page writes a page whole, or an error.
func (s *server) page(w http.ResponseWriter, render func(io.Writer) error) {
	var page bytes.Buffer
	if err := render(&page); err != nil {
		s.event(slog.LevelError, fmt.Sprintf("live page: %v", err))
		http.Error(w, "This page cannot be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes()) // whoever asked has gone
}

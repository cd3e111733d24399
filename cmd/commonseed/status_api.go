package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"time"

	"commonseed/seed"
	"commonseed/seed/announce"
	"commonseed/seed/origin"
	"commonseed/seed/portmap"
	"commonseed/templates"
)

// seederStatus is the state of a seeder as a whole. docs/running.md
type seederStatus struct {
	Version  string             `json:"version"`
	PID      int                `json:"pid"`
	Ready    bool               `json:"ready"` // all releases were added
	Since    time.Time          `json:"since"`
	At       time.Time          `json:"at"` // when the releases were looked at
	HTTP     string             `json:"http"`
	Channels []channelStatus    `json:"channels"`
	Releases map[seed.State]int `json:"releases"`
	Size     int64              `json:"size"` // of all payloads
	Problems []string           `json:"problems"`
	Advice   []string           `json:"advice"` // what keeps others from finding and reaching this seeder

	Reachable reach           `json:"reachable"`
	Reach     string          `json:"reach"`            // the same in words
	External  string          `json:"external"`         // our address as trackers see it, "" if none said
	Ports     []portStatus    `json:"ports,omitempty"`  // as routers lead them here
	Trackers  []trackerStatus `json:"trackers"`         // those that fail first
	Unnamed   int             `json:"trackers_omitted"` // how many there are beside
	origin.Report
}

// portStatus is a port and where the world reaches it.
type portStatus struct {
	Port     string    `json:"port"`               // like tcp/7448
	External string    `json:"external,omitempty"` // address and port; absent if no router leads here
	Protocol string    `json:"protocol,omitempty"`
	Until    time.Time `json:"until,omitzero"`
	Problem  string    `json:"problem,omitempty"`
}

// String says in words where the port is reached.
func (p portStatus) String() string {
	if p.External == "" {
		return p.Port + " is not mapped by a router: " + p.Problem
	}
	text := p.Port + " is led here from " + p.External + " by " + p.Protocol
	if !p.Until.IsZero() {
		text += ", until " + minute(p.Until) + " unless renewed"
	}
	if p.Problem != "" {
		text += "; but " + p.Problem
	}
	return text
}

type channelStatus struct {
	Dir      string `json:"dir"`
	URL      string `json:"url"`
	Releases int    `json:"releases"`
}

// releaseList are releases, problems first, then the busiest.
type releaseList struct {
	Releases []seed.Status `json:"releases"`
	Omitted  int           `json:"omitted"` // idle ones that are left out where there are very many
}

// releaseStatus is one release with its peers, and where it is announced.
type releaseStatus struct {
	seed.Status
	Connected []origin.Peer            `json:"connected"`
	Trackers  []announce.TrackerStatus `json:"trackers"`
}

// courseStatus is how it went: steps of [seconds since 1970, bytes per second, peers].
type courseStatus struct {
	Minutes []point `json:"minutes"` // the last ten, in steps of two seconds
	Day     []point `json:"day"`     // in steps of a minute
}

func (s *server) status() seederStatus {
	v := s.view.Load()
	st := seederStatus{Version: version(), PID: os.Getpid(), Ready: s.up.Load(), Since: s.begun, At: v.at, HTTP: s.home,
		Releases: v.states, Size: v.size, Trackers: append([]trackerStatus{}, v.trackers...), Unnamed: v.unnamed, Report: s.engine.Report()}
	if a := s.engine.External(); global(a) {
		st.External = a.String()
	}
	for _, c := range s.channels {
		st.Channels = append(st.Channels, channelStatus{c.channel().Dir, c.base, c.count()})
	}
	st.Problems = s.problems()
	mappings := s.mappings()
	st.Ports = portsOf(mappings)
	s.found(&st, mappings)
	return st
}

// maxProblems is how many problems with channels and releases on disk are told of
// one by one.
const maxProblems = 100

func (s *server) problems() []string {
	told, more := []string{}, 0
	for _, c := range s.channels {
		problems := c.problems()
		for _, p := range problems[:min(len(problems), maxProblems-len(told))] {
			told = append(told, p.Error())
		}
		more += len(problems)
	}
	if more -= len(told); more > 0 {
		told = append(told, fmt.Sprintf("and %d more", more))
	}
	return told
}

func portsOf(mappings []portmap.Mapping) (all []portStatus) {
	for _, m := range mappings {
		p := portStatus{Port: m.Port.String(), Protocol: m.Protocol, Until: m.Until, Problem: m.Problem}
		if m.External.IsValid() {
			p.External = m.External.String()
		}
		all = append(all, p)
	}
	return all
}

// found fills in whether others find and reach this seeder, and what could be done.
func (s *server) found(st *seederStatus, mappings []portmap.Mapping) {
	own, _ := netip.ParseAddr(ownAddress())
	var advice string
	st.Reachable, st.Reach, advice = surroundings{loopback(s.http.Addr()), s.begun, st.PeerPort, own, st.Incoming, mappings}.reach(s.now())
	st.Advice = []string{}
	for _, text := range []string{advice, s.homeAdvice(), unfound(st.Trackers)} {
		if text != "" {
			st.Advice = append(st.Advice, text)
		}
	}
}

func (s *server) list() releaseList {
	v := s.view.Load()
	return releaseList{append([]seed.Status{}, v.shown...), v.omitted}
}

// release finds one by its infohash.
func (s *server) release(infohash string) (releaseStatus, error) {
	st, ok := s.engine.Find(infohash)
	if !ok {
		return releaseStatus{}, seed.ErrUnknown
	}
	peers, err := s.engine.Peers(infohash)
	return releaseStatus{st, append([]origin.Peer{}, peers...), append([]announce.TrackerStatus{}, s.engine.Trackers(infohash)...)}, err
}

// statusHandler answers who asks how it goes. It changes nothing.
func (s *server) statusHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/status", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, s.status()) })
	mux.HandleFunc("GET /api/releases", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, s.list()) })
	mux.HandleFunc("GET /api/releases/{infohash}", func(w http.ResponseWriter, r *http.Request) {
		one, err := s.release(r.PathValue("infohash"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		writeJSON(w, one)
	})
	mux.HandleFunc("GET /api/history", func(w http.ResponseWriter, r *http.Request) {
		minutes, day := s.history.courses()
		writeJSON(w, courseStatus{minutes, day})
	})
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /{$}", s.livePage)
	mux.HandleFunc("GET /release/{infohash}", s.releasePage)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", templates.LivePolicy)
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // whoever asked has gone
}

package main

import (
	"encoding/json"
	"net/http"
	"os"
	"time"

	"commonseed/seed"
	"commonseed/seed/announce"
	"commonseed/seed/origin"
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
	Limits   limitStatus        `json:"limits"`
	Ports    []portStatus       `json:"ports,omitempty"` // as routers lead them here
	origin.Report
}

// limitStatus are the limits in force: bytes per second, 0 is none, and connections.
type limitStatus struct {
	Upload        int64 `json:"upload"`
	ReleaseUpload int64 `json:"release_upload"`
	Peers         int   `json:"peers"`
	ReleasePeers  int   `json:"release_peers"`
	AddressPeers  int   `json:"address_peers"`
}

// portStatus is a port and where the world reaches it.
type portStatus struct {
	Port     string    `json:"port"`               // like tcp/7448
	External string    `json:"external,omitempty"` // address and port; absent if no router leads here
	Protocol string    `json:"protocol,omitempty"`
	Until    time.Time `json:"until,omitzero"`
	Problem  string    `json:"problem,omitempty"`
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
		Releases: v.states, Size: v.size, Problems: []string{}, Report: s.engine.Report()}
	l := st.Report.Limits
	st.Limits = limitStatus{l.Upload, l.TorrentUpload, l.Peers, l.TorrentPeers, l.AddressPeers}
	for _, m := range s.mappings() {
		p := portStatus{Port: m.Port.String(), Protocol: m.Protocol, Until: m.Until, Problem: m.Problem}
		if m.External.IsValid() {
			p.External = m.External.String()
		}
		st.Ports = append(st.Ports, p)
	}
	for _, c := range s.channels {
		st.Channels = append(st.Channels, channelStatus{c.channel().Dir, c.base, c.count()})
		for _, p := range c.problems() {
			st.Problems = append(st.Problems, p.Error())
		}
	}
	return st
}

func (s *server) list() releaseList {
	v := s.view.Load()
	return releaseList{append([]seed.Status{}, v.shown...), v.omitted}
}

// release finds one by its infohash.
func (s *server) release(infohash string) (releaseStatus, error) {
	for _, st := range s.engine.Status() {
		if st.Infohash != infohash {
			continue
		}
		peers, err := s.engine.Peers(infohash)
		return releaseStatus{st, append([]origin.Peer{}, peers...), append([]announce.TrackerStatus{}, s.engine.Trackers(infohash)...)}, err
	}
	return releaseStatus{}, seed.ErrUnknown
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

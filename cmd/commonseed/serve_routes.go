package main

import (
	"fmt"
	"net/http"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"commonseed/publish"
	"commonseed/seed"
)

// prefixes chooses where below the address of this process each channel is
// served: one alone at "/", several below names made of their folders' names.
func prefixes(channels []*publish.Channel) []string {
	if len(channels) == 1 {
		return []string{"/"}
	}
	taken := map[string]bool{"announce": true, "scrape": true}
	var out []string
	for _, ch := range channels {
		name := segment(filepath.Base(ch.Dir))
		free := name
		for n := 2; taken[free]; n++ {
			free = fmt.Sprintf("%s-%d", name, n)
		}
		taken[free] = true
		out = append(out, "/"+free+"/")
	}
	return out
}

// segment turns a folder's name into one that needs no escape in an address.
func segment(folder string) string {
	words := strings.FieldsFunc(strings.ToLower(folder), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	if len(words) == 0 {
		return "channel"
	}
	return strings.Join(words, "-")
}

// oneSite answers for one channel: its pages, and the tracker beside them.
func oneSite(pages, track http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/announce", "/scrape":
			track.ServeHTTP(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}

// manySites answers for several channels, by the first segment of the path. It
// is given handlers by prefix, as made by prefixes.
func manySites(sites map[string]http.Handler, track http.Handler) http.Handler {
	return oneSite(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, below := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		site, ok := sites["/"+name+"/"]
		switch {
		case !ok:
			http.NotFound(w, r)
		case !below:
			// Relative, so that it holds behind any proxy.
			w.Header().Set("Location", "./"+name+"/")
			w.WriteHeader(http.StatusMovedPermanently)
		default:
			http.StripPrefix("/"+name, site).ServeHTTP(w, r)
		}
	}), track)
}

// gate keeps a payload back while it is known to be wrong: a web seed that
// answers with wrong bytes is banned by clients for good. public is the served
// directory, as known to state.
func gate(public string, state *health, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slug, ok := payloadSlug(r.URL.Path)
		if !ok || r.Method == http.MethodOptions || !state.wrong(filepath.Join(public, slug)) {
			pages.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cache-Control", "no-store")
		h.Set("Retry-After", "60")
		http.Error(w, "These files are not what their torrent describes; they are served again when they are.", http.StatusServiceUnavailable)
	})
}

// payloadSlug knows <slug>/files and what is below it, however it is spelled.
func payloadSlug(urlPath string) (string, bool) {
	slug, rest, _ := strings.Cut(strings.TrimPrefix(path.Clean("/"+urlPath), "/"), "/")
	return slug, rest == "files" || strings.HasPrefix(rest, "files/")
}

// statusAge is how long an answer of the engine counts.
const statusAge = time.Second

// health knows which payloads are wrong at present, without asking the engine
// for each request.
type health struct {
	status func() []seed.Status
	now    func() time.Time

	mu       sync.Mutex
	payloads map[string]string // infohash by release directory
	asked    time.Time
	bad      map[string]bool // by infohash
}

func newHealth(status func() []seed.Status, now func() time.Time) *health {
	return &health{status: status, now: now, payloads: map[string]string{}}
}

func (h *health) set(dir, infohash string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.payloads[dir] = infohash
}

func (h *health) forget(dir string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.payloads, dir)
}

// wrong says whether the payload of a release's directory is missing, damaged,
// or changed and not yet checked again.
func (h *health) wrong(dir string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	infohash, ok := h.payloads[dir]
	if !ok {
		return false
	}
	if now := h.now(); h.bad == nil || now.Sub(h.asked) >= statusAge {
		h.asked, h.bad = now, map[string]bool{}
		for _, st := range h.status() {
			h.bad[st.Infohash] = st.State == seed.Failed || st.State == seed.Checking && st.Reason != ""
		}
	}
	return h.bad[infohash]
}

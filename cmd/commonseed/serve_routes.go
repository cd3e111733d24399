package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"path/filepath"
	"runtime/debug"
	"strings"

	"commonseed/publish"
	"commonseed/seed"
	"commonseed/seed/web"
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
// answers with wrong bytes is banned by clients for good.
func gate(wrong func(slug string) bool, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slug, ok := payloadSlug(r.URL.Path)
		if !ok || r.Method == http.MethodOptions || !wrong(slug) {
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

// withheld says whether a payload is wrong, or not known to be right any more.
func withheld(st seed.Status) bool {
	return st.State == seed.Failed || st.State == seed.Checking && st.Reason != ""
}

// payloadSlug knows <slug>/files and what is below it, however it is spelled.
func payloadSlug(urlPath string) (string, bool) {
	slug, rest, _ := strings.Cut(strings.TrimPrefix(path.Clean("/"+urlPath), "/"), "/")
	return slug, rest == "files" || strings.HasPrefix(rest, "files/")
}

// sites answers for all channels: pages and tracker, below their prefixes.
func (s *server) sites() http.Handler {
	sites := map[string]http.Handler{}
	for _, c := range s.channels {
		wrong := func(slug string) bool {
			st, seeded := s.engine.Find(c.infohash(slug))
			return seeded && withheld(st)
		}
		sites["/"+strings.TrimPrefix(c.base, s.home)] = oneSite(gate(wrong, web.Handler(c.Public())), s.track)
	}
	if only, ok := sites["/"]; ok {
		return only
	}
	return manySites(sites, s.track)
}

// contained keeps what goes wrong in answering one request from the others, and
// tells of it without saying who asked.
func (s *server) contained(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p != http.ErrAbortHandler {
				s.event(slog.LevelError, fmt.Sprintf("%v: a request panicked: %v", errInternal, p), "path", r.URL.Path, "stack", string(debug.Stack()))
			}
			panic(http.ErrAbortHandler) // ends the connection: half an answer may be out
		}()
		h.ServeHTTP(w, r)
	})
}

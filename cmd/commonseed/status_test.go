package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"commonseed/seed"
)

// idle is a server that serves an empty channel to nobody.
func idle(t *testing.T) *server {
	t.Helper()
	s, ch := newServer(t, context.Background(), new(bytes.Buffer))
	s.home = "http://127.0.0.1/"
	s.channels = []*served{newServed(ch, s.home)}
	s.look()
	return s
}

// ask answers like the loopback port does.
func ask(s *server, method, target, host string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1/", nil)
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(target, "?")
	r.Host = host
	w := httptest.NewRecorder()
	s.contained(onlyLoopback(s.statusHandler())).ServeHTTP(w, r)
	return w
}

func TestStatusIsToldToThisMachineByItsOwnNamesAlone(t *testing.T) {
	s := idle(t)
	for host, want := range map[string]int{
		"127.0.0.1": 200, "127.0.0.1:7449": 200, "localhost:7449": 200, "localhost": 200, "[::1]:7449": 200, "127.5.5.5:1": 200,
		"": 421, "evil.example": 421, "evil.example:7449": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example:7449": 421,
		"192.0.2.1:7449": 421, "0.0.0.0:7449": 421, "[::]:7449": 421, "127.0.0.1:7449:7449": 421, "@127.0.0.1": 421, "2130706433": 421,
	} {
		for _, target := range []string{"/", "/api/status", "/metrics"} {
			if got := ask(s, "GET", target, host).Code; got != want {
				t.Errorf("%s asked by the name %q: %d, want %d", target, host, got, want)
			}
		}
	}
}

func TestStatusAnswersNothingElse(t *testing.T) {
	s := idle(t)
	long := strings.Repeat("x", 1<<20)
	for _, c := range []struct {
		method, target string
		want           int
	}{
		{"GET", "/?" + long, 200},
		{"GET", "/api/status?" + long, 200},
		{"HEAD", "/api/status", 200},
		{"POST", "/api/status", 405},
		{"PUT", "/", 405},
		{"DELETE", "/api/releases/00", 405},
		{"OPTIONS", "/api/status", 405},
		{"GET", "/api/releases/" + long, 404},
		{"GET", "/api/releases/..", 404},
		{"GET", "/api/releases/\x00\xff", 404},
		{"GET", "/release/<script>", 404},
		{"GET", "/api/releases/", 404},
		{"GET", "/commonseed.toml", 404},
		{"GET", "/api/status/", 404},
	} {
		w := ask(s, c.method, c.target, "localhost")
		if w.Code != c.want && !(c.want == 404 && w.Code/100 == 3) {
			t.Errorf("%s %.40q: %d, want %d", c.method, c.target, w.Code, c.want)
		}
		if strings.Contains(w.Body.String(), "<script>") && w.Code != 200 {
			t.Errorf("%.40q is said again", c.target)
		}
		h := w.Header()
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Access-Control-Allow-Origin") != "" ||
			h.Get("Cross-Origin-Resource-Policy") != "same-origin" || h.Get("Cache-Control") != "no-store" ||
			!strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'; ") {
			t.Errorf("%s %.40q: headers %v", c.method, c.target, h)
		}
	}
}

func TestARequestThatPanicsHarmsNoOther(t *testing.T) {
	s := idle(t)
	var log bytes.Buffer
	s.flags.Log, s.log = "text", slog.New(slog.NewTextHandler(&log, nil))
	h := s.contained(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic":
			panic("out of order")
		case "/abort":
			panic(http.ErrAbortHandler)
		}
	}))
	for path, want := range map[string]any{"/panic": http.ErrAbortHandler, "/abort": http.ErrAbortHandler, "/": nil} {
		func() {
			defer func() {
				if p := recover(); p != want { // net/http ends the connection, and says nothing
					t.Errorf("%s: panics with %v, want %v", path, p, want)
				}
			}()
			get(h, "GET", path)
		}()
	}
	text := log.String()
	if strings.Count(text, "level=ERROR") != 1 || !strings.Contains(text, "out of order") || !strings.Contains(text, "path=/panic") ||
		!strings.Contains(text, "status_test.go") {
		t.Errorf("the log says %q", text)
	}
	if strings.Contains(text, "192.0.2.1") {
		t.Error("the log names who asked")
	}
}

func TestSocketsOfChannelsWithLongNames(t *testing.T) {
	for _, length := range []int{10, 100, 101, 102, 103, 104, 105, 200} {
		t.Run(strconv.Itoa(length), func(t *testing.T) {
			root, err := os.MkdirTemp("/tmp", "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(root) })
			state := filepath.Join(root, strings.Repeat("d", max(1, length-len(root)-2-len(socketName))))
			if err := os.Mkdir(state, 0o700); err != nil {
				t.Fatal(err)
			}
			old, _, err := listenStatus(state) // of a process that was killed
			if err != nil {
				t.Fatal(err)
			}
			old.Close()
			if _, err := dialStatus(state); err == nil {
				t.Fatal("somebody answers at a socket that was left behind")
			}
			ln, remove, err := listenStatus(state)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				io.WriteString(conn, "here")
				conn.Close()
			}()
			conn, err := dialStatus(state)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(conn)
			conn.Close()
			if err != nil || string(got) != "here" {
				t.Errorf("got %q, %v", got, err)
			}
			info, err := os.Lstat(filepath.Join(state, socketName))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the socket is %v, %v", info.Mode(), err)
			}
			ln.Close()
			remove()
			if entries, _ := os.ReadDir(state); len(entries) != 0 {
				t.Errorf("%v is left", entries)
			}
		})
	}
}

// The text format as it is defined: HELP and TYPE before the samples of a family,
// all samples of a family together, no sample twice.
var (
	sampleForm = regexp.MustCompile(`^([a-z_][a-z0-9_]*)(\{[a-z]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z]+="(?:[^"\\\n]|\\[\\"n])*")*\})? (\S+)$`)
	headForm   = regexp.MustCompile(`^# (HELP|TYPE) ([a-z_][a-z0-9_]*) (.+)$`)
)

// readMetrics reads the samples, by name and labels, and fails on what Prometheus
// would refuse or warn of.
func readMetrics(t *testing.T, text string) map[string]float64 {
	t.Helper()
	samples, done, kinds := map[string]float64{}, map[string]bool{}, map[string]string{}
	var family, head string
	if !strings.HasSuffix(text, "\n") {
		t.Error("the last line has no end")
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := headForm.FindStringSubmatch(line); m != nil {
			if m[1] == "HELP" {
				done[family], family = true, m[2]
			}
			if m[2] != family || done[m[2]] || m[1] == head {
				t.Errorf("%q is out of order", line)
			}
			if head = m[1]; head == "TYPE" {
				kinds[family] = m[3]
			}
			continue
		}
		m := sampleForm.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("%q is no sample", line)
		}
		head = ""
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil || math.IsNaN(value) || value < 0 {
			t.Errorf("%q: %v", line, err)
		}
		if _, twice := samples[m[1]+m[2]]; twice || m[1] != family {
			t.Errorf("%q comes twice, or among the samples of %s", line, family)
		}
		if counter := strings.HasSuffix(m[1], "_total"); counter != (kinds[family] == "counter") {
			t.Errorf("%s is a %s", m[1], kinds[family])
		}
		samples[m[1]+m[2]] = value
	}
	return samples
}

func TestMetricsAreWhatPrometheusReads(t *testing.T) {
	s := idle(t)
	all := []seed.Status{
		{Infohash: "aa", Slug: "tide", State: seed.Seeding, Uploaded: 1 << 53, Size: 10, Peers: 3},
		{Infohash: "bb", Slug: "a\"b\\c\nd\xff{}", State: seed.Failed, Size: 5},
	}
	s.view.Store(newView(s.now(), s.engine.Report(), all, &view{}))
	s.channels[0].broken["x"] = errors.New("broken")
	w := ask(s, "GET", "/metrics", "localhost")
	if got := w.Header().Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	samples := readMetrics(t, w.Body.String())
	for name, want := range map[string]float64{
		`commonseed_releases{state="seeding"}`:                                        1,
		`commonseed_releases{state="error"}`:                                          1,
		`commonseed_releases{state="checking"}`:                                       0,
		`commonseed_payload_bytes`:                                                    15,
		`commonseed_problems`:                                                         1,
		`commonseed_uploaded_bytes_total`:                                             0,
		`commonseed_release_uploaded_bytes_total{slug="tide",infohash="aa"}`:          1 << 53,
		`commonseed_release_peers{slug="tide",infohash="aa"}`:                         3,
		`commonseed_release_peers{slug="a\"b\\c\nd` + "\uFFFD" + `{}",infohash="bb"}`: 0,
		`commonseed_tracker_peers`:                                                    0,
	} {
		if got, ok := samples[name]; !ok || got != want {
			t.Errorf("%s is %v (%v), want %v", name, got, ok, want)
		}
	}
	for _, name := range []string{"process_resident_memory_bytes", "process_open_fds", "go_goroutines", "process_start_time_seconds"} {
		if samples[name] <= 0 {
			t.Errorf("%s is %v", name, samples[name])
		}
	}
}

func TestMetricsOfVeryManyReleasesStayFew(t *testing.T) {
	s := idle(t)
	var all []seed.Status
	for i := range maxShown + 1 {
		all = append(all, seed.Status{Infohash: fmt.Sprint(i), Slug: fmt.Sprint(i), State: seed.Seeding, Peers: 1})
	}
	s.view.Store(newView(s.now(), s.engine.Report(), all, &view{}))
	if n := len(readMetrics(t, ask(s, "GET", "/metrics", "localhost").Body.String())); n > 50 {
		t.Errorf("%d time series", n)
	}
	s.view.Store(newView(s.now(), s.engine.Report(), all[:maxShown], &view{}))
	if n := len(readMetrics(t, ask(s, "GET", "/metrics", "localhost").Body.String())); n < 2*maxShown {
		t.Errorf("%d time series for %d releases", n, maxShown)
	}
}

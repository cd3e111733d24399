package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"commonseed/publish"
)

func TestPrefixes(t *testing.T) {
	for _, c := range []struct {
		dirs []string
		want []string
	}{
		{[]string{"/a/My Music"}, []string{"/"}},
		{[]string{"/a/x", "/b/x", "/c/X"}, []string{"/x/", "/x-2/", "/x-3/"}},
		{[]string{"/x", "/x-2", "/b/x"}, []string{"/x/", "/x-2/", "/x-3/"}},
		{[]string{"/announce", "/scrape"}, []string{"/announce-2/", "/scrape-2/"}},
		{[]string{"/{a} b/..c%2f", "/музыка", "/"}, []string{"/c-2f/", "/channel/", "/channel-2/"}},
	} {
		var channels []*publish.Channel
		for _, dir := range c.dirs {
			channels = append(channels, &publish.Channel{Dir: dir})
		}
		if got := prefixes(channels); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.dirs, got, c.want)
		}
	}
}

// say answers with a text and the path it was asked for.
func say(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text+" "+r.URL.Path) })
}

func get(h http.Handler, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w
}

func TestRoutes(t *testing.T) {
	track := say("tracker")
	one := oneSite(say("a"), track)
	many := manySites(map[string]http.Handler{"/a/": one, "/b/": oneSite(say("b"), track)}, track)
	for _, c := range []struct {
		h      http.Handler
		target string
		code   int
		body   string
	}{
		{one, "/", 200, "a /"},
		{one, "/tide/", 200, "a /tide/"},
		{one, "/announce?info_hash=x", 200, "tracker /announce"},
		{one, "/announce/", 200, "a /announce/"},
		{many, "/announce", 200, "tracker /announce"},
		{many, "/scrape", 200, "tracker /scrape"},
		{many, "/b/scrape", 200, "tracker /scrape"},
		{many, "/b/", 200, "b /"},
		{many, "/a/b/x%20y", 200, "a /b/x y"},
		{many, "/a", 301, ""},
		{many, "/", 404, "404 page not found\n"},
		{many, "/c/", 404, "404 page not found\n"},
	} {
		if w := get(c.h, "GET", c.target); w.Code != c.code || w.Body.String() != c.body {
			t.Errorf("%s: got %d %q, want %d %q", c.target, w.Code, w.Body, c.code, c.body)
		}
	}
	if got := get(many, "GET", "/a").Header().Get("Location"); got != "./a/" {
		t.Errorf("a prefix without its slash leads to %q", got)
	}
}

func TestGate(t *testing.T) {
	wrong := map[string]bool{"tide": true}
	h := gate(func(slug string) bool { return wrong[slug] }, say("a"))
	for _, c := range []struct {
		method, target string
		code           int
	}{
		{"GET", "/tide/files/Tide/tide.flac", 503},
		{"HEAD", "/tide/files/Tide/tide.flac", 503},
		{"GET", "/x/..//tide/./files/Tide/tide.flac", 503},
		{"GET", "/tide/files", 503},
		{"OPTIONS", "/tide/files/Tide/tide.flac", 200},
		{"GET", "/tide/index.html", 200},
		{"GET", "/tide/filesystem", 200},
		{"GET", "/other/files/x", 200},
	} {
		w := get(h, c.method, c.target)
		if w.Code != c.code {
			t.Errorf("%s %s: got %d %q, want %d", c.method, c.target, w.Code, w.Body, c.code)
		} else if retry := w.Header().Get("Retry-After"); (c.code == 503) != (retry == "60") {
			t.Errorf("%s: Retry-After %q with %d", c.target, retry, c.code)
		}
	}
	wrong["tide"] = false
	if w := get(h, "GET", "/tide/files/Tide/tide.flac"); w.Code != 200 {
		t.Errorf("a payload that is right again: %d", w.Code)
	}
}

// newServer serves an empty channel on free ports.
func newServer(t *testing.T, ctx context.Context, out *bytes.Buffer) (*server, *publish.Channel) {
	t.Helper()
	ch, err := publish.OpenChannel(filepath.Join(t.TempDir(), "channel"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Create([]byte("[channel]\ntitle = 'Test'\n")); err != nil {
		t.Fatal(err)
	}
	port := 0
	s := &server{env: &env{report: newReport(out, out), ctx: ctx, cli: &cli{}, now: time.Now},
		flags: serveFlags{HTTP: "127.0.0.1:0", PeerPort: &port}}
	if err := s.listen(ch); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	return s, ch
}

// ended waits for a server to end, no longer than is promised.
func ended(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(5 * time.Second):
		t.Fatal("the server has not ended within 5 seconds")
		return nil
	}
}

func TestAFailingHTTPServerEndsTheSeeder(t *testing.T) {
	var out bytes.Buffer
	s, ch := newServer(t, context.Background(), &out)
	done := make(chan error, 1)
	go func() { done <- s.seed([]*publish.Channel{ch}) }()
	resp, err := http.Get("http://" + s.http.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	s.http.Close()
	if err := ended(t, done); err == nil || !strings.Contains(err.Error(), "serving 127.0.0.1") {
		t.Errorf("got error %v", err)
	}
	unlock, err := ch.LockSeeding()
	if err != nil {
		t.Fatalf("the channel is still locked: %v", err)
	}
	unlock()
}

func TestAWaitingReaderDoesNotDelayTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var out bytes.Buffer
	s, ch := newServer(t, ctx, &out)
	// More than the buffers between the two hold, so that the answer is stuck.
	big, err := os.Create(filepath.Join(ch.Public(), "big.bin"))
	if err != nil {
		t.Fatal(err)
	}
	if err := big.Truncate(64 << 20); err != nil {
		t.Fatal(err)
	}
	big.Close()
	done := make(chan error, 1)
	go func() { done <- s.seed([]*publish.Channel{ch}) }()
	resp, err := http.Get("http://" + s.http.Addr().String() + "/big.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	cancel()
	if err := ended(t, done); err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}

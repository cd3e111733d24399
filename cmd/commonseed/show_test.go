package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"commonseed/feed"
)

// TestFetch bounds what is fetched.
func TestFetch(t *testing.T) {
	var redirects int
	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<rss/>")) })
	mux.HandleFunc("/gone", http.NotFound)
	mux.HandleFunc("/circle", func(w http.ResponseWriter, r *http.Request) {
		redirects++
		http.Redirect(w, r, "/circle", http.StatusFound)
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		for range feed.MaxDocument/1024 + 2 {
			_, _ = w.Write(make([]byte, 1024))
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	if data, err := fetch(context.Background(), server.URL+"/good"); err != nil || string(data) != "<rss/>" {
		t.Errorf("good: %q, %v", data, err)
	}
	for path, says := range map[string]string{"/gone": "404", "/circle": "redirects", "/large": "is larger than"} {
		if _, err := fetch(context.Background(), server.URL+path); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if redirects > fetchRedirects+1 {
		t.Errorf("followed %d redirects", redirects)
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"CC BY 4.0 · 潮":          "CC BY 4.0 · 潮",
		"\x1b[31mred\x1b[0m\r\n": " [31mred [0m  ",
		"a\u202eb":               "a b",
		"\u009b31m":              " 31m",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := printable(strings.Repeat("ä", 2000)); len([]rune(got)) != 501 {
		t.Errorf("long text: %d", len([]rune(got)))
	}
}

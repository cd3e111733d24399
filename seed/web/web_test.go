package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var payload = bytes.Repeat([]byte("0123456789abcdef"), 1<<16)

// site makes a public directory beside a secret, and serves it.
func site(t *testing.T) (url, public string) {
	t.Helper()
	dir := t.TempDir()
	public = filepath.Join(dir, "public")
	page := "<!doctype html><title>Tide</title>" + strings.Repeat("<p>tide</p>", 200)
	for name, content := range map[string][]byte{
		"../secret.txt":                   []byte("secret"),
		"index.html":                      []byte(page),
		"torrents.xml":                    []byte("<rss>" + strings.Repeat(" ", 1000) + "</rss>"),
		"podcast-2.xml":                   []byte("<rss></rss>"),
		"feed.json":                       []byte("{}"),
		"channels.opml":                   []byte("<opml/>"),
		".hidden":                         []byte("hidden"),
		"tide/index.html":                 []byte(page),
		"tide/release.json":               []byte("{}"),
		"tide/tide-00000000.torrent":      []byte("d4:infodee"),
		"tide/files/Ana - Tide/tide.mp3":  payload,
		"tide/files/Ana - Tide/a b#c.svg": []byte("<svg/>"),
	} {
		file := filepath.Join(public, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"out.txt": "../secret.txt", "up": ".."} {
		if err := os.Symlink(target, filepath.Join(public, link)); err != nil {
			t.Fatal(err)
		}
	}
	srv := httptest.NewUnstartedServer(Handler(public))
	srv.Config = NewServer(Handler(public))
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL, public
}

// ask sends one request as it is: no redirects, no decompression.
func ask(t *testing.T, method, url string, header ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

func TestContentTypes(t *testing.T) {
	url, _ := site(t)
	for path, want := range map[string]string{
		"/":                                   "text/html; charset=utf-8",
		"/tide/":                              "text/html; charset=utf-8",
		"/torrents.xml":                       "application/rss+xml; charset=utf-8",
		"/podcast-2.xml":                      "application/rss+xml; charset=utf-8",
		"/feed.json":                          "application/feed+json; charset=utf-8",
		"/channels.opml":                      "text/x-opml; charset=utf-8",
		"/tide/release.json":                  "application/json",
		"/tide/tide-00000000.torrent":         "application/x-bittorrent",
		"/tide/files/Ana%20-%20Tide/tide.mp3": "audio/mpeg",
		"/tide/files/Ana%20-%20Tide/a%20b%23c.svg": "image/svg+xml",
	} {
		resp, _ := ask(t, "GET", url+path)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != want {
			t.Errorf("%s: %d %q, want %q", path, resp.StatusCode, resp.Header.Get("Content-Type"), want)
		}
		if resp.Header.Get("Access-Control-Allow-Origin") != "*" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", path, resp.Header)
		}
	}
}

func TestNothingOutsideOrHiddenIsServed(t *testing.T) {
	url, _ := site(t)
	for _, path := range []string{"/../secret.txt", "/%2e%2e/secret.txt", "/tide/..%2f..%2fsecret.txt", "/out.txt", "/up/secret.txt",
		"/.hidden", "/tide/../.hidden", "/tide/files/", "/tide/files/Ana%20-%20Tide/", "/..%5csecret.txt", "/secret.txt%00", "/index.html/"} {
		resp, body := ask(t, "GET", url+path)
		if resp.StatusCode == 200 || bytes.Contains(body, []byte("secret")) || bytes.Contains(body, []byte("hidden")) {
			t.Errorf("%s: %d %q", path, resp.StatusCode, body)
		}
	}
}

func TestFoldersRedirectRelatively(t *testing.T) {
	url, _ := site(t)
	resp, _ := ask(t, "GET", url+"/tide")
	if resp.StatusCode != 301 || resp.Header.Get("Location") != "./tide/" {
		t.Errorf("%d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}

func TestRangesOfThePayload(t *testing.T) {
	url, _ := site(t)
	file := url + "/tide/files/Ana%20-%20Tide/tide.mp3"
	whole, _ := ask(t, "HEAD", file)
	if whole.ContentLength != int64(len(payload)) || whole.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("HEAD: %v", whole.Header)
	}
	tag := whole.Header.Get("ETag")
	if tag != strings.ToLower(tag) || strings.HasPrefix(tag, "W/") || len(tag) < 10 {
		t.Errorf("ETag %q", tag)
	}
	for spec, want := range map[string][]byte{
		"bytes=0-0": payload[:1], "bytes=16384-32767": payload[16384:32768], "bytes=-5": payload[len(payload)-5:],
		"bytes=1048570-": payload[1048570:],
	} {
		resp, body := ask(t, "GET", file, "Range", spec, "If-Range", tag, "Accept-Encoding", "gzip")
		if resp.StatusCode != 206 || !bytes.Equal(body, want) {
			t.Errorf("%s: %d, %d bytes", spec, resp.StatusCode, len(body))
		}
	}
	if resp, _ := ask(t, "GET", file, "Range", "bytes=99999999-"); resp.StatusCode != 416 {
		t.Errorf("a range past the end: %d", resp.StatusCode)
	}
	if resp, body := ask(t, "GET", file, "Range", "bytes=0-9", "If-Range", `"old"`); resp.StatusCode != 200 || len(body) != len(payload) {
		t.Errorf("a range of another version: %d, %d bytes", resp.StatusCode, len(body))
	}
}

func TestUnchangedIsNotSentAgain(t *testing.T) {
	url, public := site(t)
	resp, _ := ask(t, "GET", url+"/torrents.xml")
	tag, date := resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")
	for _, h := range [][]string{{"If-None-Match", tag}, {"If-Modified-Since", date}} {
		if resp, _ := ask(t, "GET", url+"/torrents.xml", h...); resp.StatusCode != 304 {
			t.Errorf("%v: %d", h, resp.StatusCode)
		}
	}
	// Replaced within the same second by a file of the same size: another ETag.
	file := filepath.Join(public, "torrents.xml")
	info, _ := os.Stat(file)
	if err := os.WriteFile(file+".new", bytes.Repeat([]byte("x"), int(info.Size())), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file+".new", time.Now(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	if resp, _ := ask(t, "GET", url+"/torrents.xml", "If-None-Match", tag); resp.StatusCode != 200 {
		t.Errorf("a replaced file: %d", resp.StatusCode)
	}
}

func TestTextsAreCompressedForThoseWhoAsk(t *testing.T) {
	url, _ := site(t)
	plain, want := ask(t, "GET", url+"/torrents.xml")
	for range 2 { // the second answer comes from the cache
		resp, body := ask(t, "GET", url+"/torrents.xml", "Accept-Encoding", "br, gzip;q=0.8")
		if resp.Header.Get("Content-Encoding") != "gzip" || resp.Header.Get("Vary") != "Accept-Encoding" {
			t.Fatalf("headers %v", resp.Header)
		}
		if resp.Header.Get("ETag") == plain.Header.Get("ETag") {
			t.Error("two representations have one ETag")
		}
		zip, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(zip); err != nil || !bytes.Equal(got, want) {
			t.Errorf("decompressed %d bytes, %v; want %d", len(got), err, len(want))
		}
		if again, _ := ask(t, "GET", url+"/torrents.xml", "Accept-Encoding", "gzip", "If-None-Match", resp.Header.Get("ETag")); again.StatusCode != 304 {
			t.Errorf("unchanged and compressed: %d", again.StatusCode)
		}
	}
	for _, accept := range []string{"", "identity", "gzip;q=0", "br"} {
		if resp, _ := ask(t, "GET", url+"/torrents.xml", "Accept-Encoding", accept); resp.Header.Get("Content-Encoding") != "" {
			t.Errorf("Accept-Encoding %q: compressed", accept)
		}
	}
}

func TestOtherMethods(t *testing.T) {
	url, _ := site(t)
	if resp, _ := ask(t, "OPTIONS", url+"/feed.json"); resp.StatusCode != 204 || !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "Range") {
		t.Errorf("OPTIONS: %d %v", resp.StatusCode, resp.Header)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "TRACE"} {
		if resp, _ := ask(t, method, url+"/"); resp.StatusCode != 405 {
			t.Errorf("%s: %d", method, resp.StatusCode)
		}
	}
	if resp, body := ask(t, "HEAD", url+"/"); resp.StatusCode != 200 || len(body) != 0 || resp.ContentLength <= 0 {
		t.Errorf("HEAD: %d, %d bytes, length %d", resp.StatusCode, len(body), resp.ContentLength)
	}
}

func FuzzFileName(f *testing.F) {
	for _, s := range []string{"/", "/a/../../b", "/%2e%2e/x", "//x", "/.git/config", "/a\\b", "/files/Ana - Tide/x.mp3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, urlPath string) {
		name, ok := fileName(urlPath)
		if ok && name != "." && !filepath.IsLocal(name) {
			t.Fatalf("%q becomes %q", urlPath, name)
		}
	})
}

func TestPadFilesAreZerosThatExistOnNoDisk(t *testing.T) {
	url, _ := site(t)
	folder := url + "/tide/files/Ana%20-%20Tide/.pad/"
	resp, body := ask(t, "GET", folder+"16383")
	if resp.StatusCode != 200 || !bytes.Equal(body, make([]byte, 16383)) {
		t.Errorf("a pad: %d, %d bytes", resp.StatusCode, len(body))
	}
	if resp, body := ask(t, "GET", folder+"1000", "Range", "bytes=10-19"); resp.StatusCode != 206 || !bytes.Equal(body, make([]byte, 10)) {
		t.Errorf("a part of a pad: %d %q", resp.StatusCode, body)
	}
	for _, bad := range []string{folder + "0", folder + "-1", folder + "007", folder + "99999999999", folder + "x", folder,
		url + "/tide/files/Nobody/.pad/5", url + "/tide/.pad/5", url + "/.pad/5", url + "/tide/files/..%2f../.pad/5"} {
		if resp, _ := ask(t, "GET", bad); resp.StatusCode != 404 {
			t.Errorf("%s: %d", bad, resp.StatusCode)
		}
	}
}

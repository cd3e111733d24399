package feed

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"commonseed/internal/peers"
)

// article is what qBittorrent makes of an item: a map without namespaces.
type article struct {
	ID, Title, Link, Date, License, InfoHash string
	TorrentURL                               string
}

// TestQBittorrentReadsTheFeedAndItsUpdate shows the real reader a feed, changes
// the feed within the same second, and expects the reader to notice.
func TestQBittorrentReadsTheFeedAndItsUpdate(t *testing.T) {
	peers.Need(t, "qbittorrent-nox")
	dir := t.TempDir()
	site := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer site.Close()
	ch := sampleChannel()
	ch.BaseURL = site.URL + "/"
	if err := write(dir, ch, sampleReleases(2), day); err != nil {
		t.Fatal(err)
	}
	api := startQBittorrent(t)
	api.call(t, "rss/addFeed", url.Values{"url": {ch.BaseURL + TorrentsName}, "path": {"feed"}})
	articles := api.articles(t, 2)
	r := sampleRelease(2)
	want := article{
		ID: r.Torrent.InfohashV1, Title: "Ana Ruiz - " + r.Title, Link: r.PageURL(ch.BaseURL), Date: "01 May 2026 14:00:00 +0000",
		License: bySA, InfoHash: r.Torrent.InfohashV1, TorrentURL: r.TorrentURL(ch.BaseURL),
	}
	if got := articles[want.ID]; got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if err := write(dir, ch, sampleReleases(3), day); err != nil {
		t.Fatal(err)
	}
	api.call(t, "rss/refreshItem", url.Values{"itemPath": {"feed"}})
	if _, ok := api.articles(t, 3)[sampleRelease(3).Torrent.InfohashV1]; !ok {
		t.Error("the new release was not noticed")
	}
}

type qbittorrent struct{ url string }

// startQBittorrent runs one with a profile of its own until the test ends.
func startQBittorrent(t *testing.T) qbittorrent {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	profile := t.TempDir()
	config := filepath.Join(profile, "qBittorrent", "config")
	if err := os.MkdirAll(config, 0o755); err != nil {
		t.Fatal(err)
	}
	settings := fmt.Sprintf("[LegalNotice]\nAccepted=true\n[Preferences]\nWebUI\\LocalHostAuth=false\nWebUI\\Address=127.0.0.1\n"+
		"WebUI\\Port=%d\n[BitTorrent]\nSession\\Interface=lo\nSession\\DHTEnabled=false\n[RSS]\nSession\\EnableProcessing=true\n", port)
	if err := os.WriteFile(filepath.Join(config, "qBittorrent.conf"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("qbittorrent-nox", "--profile="+profile)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // its error is the kill
	})
	api := qbittorrent{fmt.Sprintf("http://127.0.0.1:%d/api/v2/", port)}
	eventually(t, "qbittorrent-nox answers", func() bool {
		resp, err := http.Get(api.url + "app/version")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return api
}

func (q qbittorrent) call(t *testing.T, method string, form url.Values) []byte {
	t.Helper()
	resp, err := http.PostForm(q.url+method, form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v %s", method, resp.Status, err, body)
	}
	return body
}

// articles waits for n articles and returns them by id.
func (q qbittorrent) articles(t *testing.T, n int) map[string]article {
	t.Helper()
	var articles map[string]article
	eventually(t, fmt.Sprintf("%d articles", n), func() bool {
		var feeds map[string]struct{ Articles []article }
		body := q.call(t, "rss/items", url.Values{"withData": {"true"}})
		if err := json.Unmarshal(body, &feeds); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		articles = map[string]article{}
		for _, a := range feeds["feed"].Articles {
			articles[a.ID] = a
		}
		return len(articles) == n
	})
	return articles
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

package web

import (
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/anacrolix/torrent/bencode"

	"commonseed/internal/peers"
	"commonseed/internal/peers/clients"
	"commonseed/seed/seedtest"
)

// webSeed serves a payload, and its torrent with the address as the only source.
func webSeed(t *testing.T, v seedtest.Version) (p seedtest.Payload, torrent string, connections func() int) {
	t.Helper()
	p = seedtest.PayloadOf(t, v, map[string]int64{
		"LICENSE.txt": 1500, "art/cover é.bin": 64 << 10, "big #1?.bin": 24<<20 + 5, "empty": 0, "small": 20_000,
	})
	public := t.TempDir()
	files := filepath.Join(public, "tide", "files")
	if err := os.MkdirAll(filepath.Dir(files), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(p.Root, files); err != nil {
		t.Fatal(err)
	}
	p.Root = files
	var mu sync.Mutex
	seen := map[string]bool{}
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = NewServer(Handler(public))
	watch := srv.Config.ConnState
	srv.Config.ConnState = func(nc net.Conn, s http.ConnState) {
		watch(nc, s)
		mu.Lock()
		defer mu.Unlock()
		seen[nc.RemoteAddr().String()] = true
	}
	srv.Start()
	t.Cleanup(srv.Close)
	var outer map[string]bencode.Bytes
	if err := bencode.Unmarshal(p.Metainfo, &outer); err != nil {
		t.Fatal(err)
	}
	outer["url-list"] = bencode.MustMarshal([]string{srv.URL + "/tide/files/"})
	torrent = filepath.Join(t.TempDir(), "tide.torrent")
	if err := os.WriteFile(torrent, bencode.MustMarshal(outer), 0o644); err != nil {
		t.Fatal(err)
	}
	return p, torrent, func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(seen)
	}
}

func TestAria2CompletesFromTheWebSeedAlone(t *testing.T) {
	peers.Need(t, "aria2c")
	for _, v := range []seedtest.Version{seedtest.V1, seedtest.Hybrid} {
		t.Run(v.String(), func(t *testing.T) {
			p, torrent, connections := webSeed(t, v)
			dir := t.TempDir()
			peers.Run(t, "aria2c", "--no-conf", "--seed-time=0", "--enable-dht=false", "--enable-dht6=false",
				"--bt-enable-lpd=false", "--file-allocation=none", "--console-log-level=warn",
				"--max-connection-per-server=4", "--split=4", "--min-split-size=1M", "--dir="+dir, torrent)
			if diff := seedtest.Diff(t, p.Root, dir); diff != "" {
				t.Error(diff)
			}
			if n := connections(); n < 2 {
				t.Errorf("%d connections, want several", n)
			}
		})
	}
}

func TestLibtorrentCompletesFromTheWebSeedAlone(t *testing.T) {
	for _, v := range []seedtest.Version{seedtest.V1, seedtest.V2, seedtest.Hybrid} {
		t.Run(v.String(), func(t *testing.T) {
			p, torrent, _ := webSeed(t, v)
			dir := t.TempDir()
			clients.Libtorrent(t, clients.Download{Source: torrent, Dir: dir, Listen: netip.MustParseAddr("127.0.0.1")})
			if diff := seedtest.Diff(t, p.Root, dir); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSeveralRangesInOneRequest(t *testing.T) {
	url, _ := site(t)
	file := url + "/tide/files/Ana%20-%20Tide/tide.mp3"
	resp, body := ask(t, "GET", file, "Range", "bytes=0-3,10-13,-4")
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || resp.StatusCode != 206 || kind != "multipart/byteranges" {
		t.Fatalf("%d %q %v", resp.StatusCode, kind, err)
	}
	var got []string
	for parts := multipart.NewReader(strings.NewReader(string(body)), params["boundary"]); ; {
		part, err := parts.NextPart()
		if err != nil {
			break
		}
		b, _ := io.ReadAll(part)
		got = append(got, string(b))
	}
	if strings.Join(got, " ") != "0123 abcd cdef" {
		t.Errorf("parts %q", got)
	}
	// Ranges that add up to more than the file are answered with the file.
	if resp, body := ask(t, "GET", file, "Range", "bytes="+strings.Repeat("0-,", 500)+"0-"); resp.StatusCode != 200 || len(body) != len(payload) {
		t.Errorf("500 times everything: %d, %d bytes", resp.StatusCode, len(body))
	}
}

package origin

import (
	"context"
	"encoding/hex"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"commonseed/internal/peers"
	"commonseed/seed"
	"commonseed/seed/seedtest"
	"commonseed/seed/tracker"
)

// awkward is a payload with what other clients trip over: empty files, files of
// exactly a piece, more than 512 pieces in one file (two hash requests with
// proofs in v2).
var awkward = map[string]int64{
	"00 empty": 0, "a-b": 32 << 10, "a/x": 5, "a/zero": 0, "big.bin": 600*32<<10 + 123,
	"small": 20_000, "z last empty": 0,
}

// published is a payload that is seeded, and allowed at a tracker.
type published struct {
	seedtest.Payload
	engine *Engine
	file   string // the .torrent
}

func publish(t *testing.T, v seedtest.Version, sizes map[string]int64) published {
	t.Helper()
	return publishAt(t, "127.0.0.1", v, sizes)
}

func publishAt(t *testing.T, host string, v seedtest.Version, sizes map[string]int64) published {
	t.Helper()
	tr := tracker.New(tracker.Options{})
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: tr}}
	srv.Start()
	t.Cleanup(srv.Close)
	p := published{Payload: seedtest.PayloadOf(t, v, sizes, srv.URL+"/announce")}
	tr.Allow(swarmsOf(t, p.Payload)...)
	p.engine = open(t, Options{ListenHost: host})
	if _, err := p.engine.Add(context.Background(), p.Torrent()); err != nil {
		t.Fatal(err)
	}
	seedtest.Await(t, p.engine, p.Infohash, seed.Seeding)
	p.file = filepath.Join(t.TempDir(), "test.torrent")
	if err := os.WriteFile(p.file, p.Metainfo, 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

func swarmsOf(t *testing.T, p seedtest.Payload) (hashes [][20]byte) {
	t.Helper()
	for _, h := range []string{p.V1, p.V2} {
		if h == "" {
			continue
		}
		raw, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, [20]byte(raw[:20]))
	}
	return hashes
}

func TestLibtorrentCompletes(t *testing.T) {
	python := peers.NeedPython(t, "libtorrent")
	for _, tc := range []struct {
		name    string
		version seedtest.Version
		magnet  string // "": from the .torrent
		extra   string
		says    string
	}{
		{"v1", seedtest.V1, "", "", "v1"},
		{"v2", seedtest.V2, "", "", "v2"},
		{"hybrid", seedtest.Hybrid, "", "", "v1 v2"},
		{"hybrid encrypted", seedtest.Hybrid, "", "encrypted", "v1 v2"},
		{"hybrid plain alone", seedtest.Hybrid, "", "plain", "v1 v2"},
		{"hybrid uTP first", seedtest.Hybrid, "", "utp", "v1 v2"},
		{"hybrid over IPv6", seedtest.Hybrid, "", "", "v1 v2"},
		{"v1 magnet", seedtest.V1, "v1", "", "v1"},
		{"v2 magnet", seedtest.V2, "v2", "", "v2"},
		{"v1 magnet of a hybrid", seedtest.Hybrid, "v1", "", "v1"},
		{"v2 magnet of a hybrid", seedtest.Hybrid, "v2", "", "v2"},
		{"v2 magnet of a hybrid encrypted", seedtest.Hybrid, "v2", "encrypted", "v2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			host := "127.0.0.1"
			if strings.HasSuffix(tc.name, "IPv6") {
				host = "::1"
			}
			p := publishAt(t, host, tc.version, awkward)
			source := p.file
			switch tc.magnet {
			case "v1":
				source = "magnet:?xt=urn:btih:" + p.V1
			case "v2":
				source = "magnet:?xt=urn:btmh:1220" + p.V2
			}
			dir := t.TempDir()
			out := peers.Run(t, python, "testdata/leech.py", source, dir, p.engine.listener.Addr().String(), tc.extra)
			if !strings.Contains(out, "complete 0 ") || !strings.Contains(out, tc.says) {
				t.Errorf("libtorrent says %q", out)
			}
			if diff := seedtest.Diff(t, p.Root, dir); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Through the tracker alone: announce, list of peers, connection.
func TestLibtorrentFindsUsByTracker(t *testing.T) {
	t.Parallel()
	python := peers.NeedPython(t, "libtorrent")
	p := publish(t, seedtest.Hybrid, awkward)
	dir := t.TempDir()
	peers.Run(t, python, "testdata/leech.py", p.file, dir)
	if diff := seedtest.Diff(t, p.Root, dir); diff != "" {
		t.Error(diff)
	}
}

// aria2 1.36 takes another infohash from a hybrid .torrent than everybody else,
// because it drops the empty key of the file tree when it encodes the info
// dictionary again. So it gets a hybrid from the web seed (see package web), and
// v1 torrents from peers.
func TestAria2Completes(t *testing.T) {
	peers.Need(t, "aria2c")
	t.Parallel()
	p := publish(t, seedtest.V1, awkward)
	dir := t.TempDir()
	peers.Run(t, "aria2c", "--no-conf", "--seed-time=0", "--enable-dht=false", "--enable-dht6=false",
		"--enable-peer-exchange=false", "--bt-enable-lpd=false", "--file-allocation=none",
		"--console-log-level=warn", "--dir="+dir, p.file)
	if diff := seedtest.Diff(t, p.Root, dir); diff != "" {
		t.Error(diff)
	}
}

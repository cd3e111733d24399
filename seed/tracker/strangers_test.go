package tracker

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"commonseed/internal/peers"
	"commonseed/seed/seedtest"

	client "github.com/anacrolix/torrent/tracker"
	"github.com/anacrolix/torrent/types/infohash"
)

// serve runs a tracker over HTTP and UDP, at one address each, and returns the URLs.
func serve(t *testing.T, tr *Tracker, ip string) (httpURL, udpURL string) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		t.Skipf("this machine has no %s: %v", ip, err)
	}
	srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: tr}}
	srv.Start()
	t.Cleanup(srv.Close)
	udp := serveUDP(t, tr, "udp", net.JoinHostPort(ip, "0"))
	return srv.URL + "/announce", "udp://" + udp.String() + "/announce"
}

// The tracker client of anacrolix/torrent announces and scrapes.
func TestAnacrolixAnnounces(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "::1"} {
		tr := New(Options{})
		tr.Allow(hashA, hashA2)
		httpURL, udpURL := serve(t, tr, ip)
		for port, url := range map[uint16]string{1000: httpURL, 2000: udpURL} {
			t.Run(url, func(t *testing.T) { anacrolix(t, url, ip, port) })
		}
		if s := tr.Stats(); s.Peers != 4 || s.Announces != 8 || s.Scrapes != 2 || s.Refusals != 2 {
			t.Errorf("%+v", s)
		}
	}
}

// anacrolix announces two peers, the first of which completes.
func anacrolix(t *testing.T, url, ip string, port uint16) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cl, err := client.NewClient(url, client.NewClientOpts{Slogger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	announce := func(h [20]byte, port uint16, left int64, e client.AnnounceEvent) (client.AnnounceResponse, error) {
		return cl.Announce(ctx, client.AnnounceRequest{InfoHash: h, PeerId: [20]byte{'x'}, Left: left, Event: e, NumWant: -1, Port: port}, client.AnnounceOpt{})
	}
	if _, err := announce(hashA, port, 5, client.Started); err != nil {
		t.Fatal(err)
	}
	if _, err := announce(hashA, port, 0, client.Completed); err != nil {
		t.Fatal(err)
	}
	if _, err := announce(hashA, port+1, 5, client.None); err != nil {
		t.Fatal(err)
	}
	got, err := announce(hashA2, port+1, 5, client.None)
	if err != nil {
		t.Fatal(err)
	}
	named := false
	for _, p := range got.Peers {
		named = named || p.Port == int(port) && p.IP.Equal(net.ParseIP(ip))
	}
	if !named || got.Seeders < 1 || got.Leechers < 1 || got.Interval < 450 || got.Interval > 600 {
		t.Errorf("%+v does not name the seed at port %d", got, port)
	}
	if _, err := announce(hashB, port, 5, client.None); err == nil || !strings.Contains(err.Error(), errUnregistered.Error()) {
		t.Errorf("another torrent: %v", err)
	}
	files, err := cl.Scrape(ctx, []infohash.T{hashB, hashA})
	if err != nil || len(files) != 2 || files[1].Seeders < 1 || files[1].Completed < 1 || files[1].Leechers < 1 {
		t.Errorf("scrape: %+v, %v", files, err)
	}
}

// process is a program that says lines, and ends when its input does.
type process struct {
	t     *testing.T
	lines chan string
}

func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(name, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t, make(chan string, 1000)}
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		in.Close()
		kill := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
		for range p.lines {
		}
		cmd.Wait()
		kill.Stop()
	})
	return p
}

// await waits for a line that begins so.
func (p *process) await(begin string) string {
	p.t.Helper()
	var heard []string
	timeout := time.After(time.Minute)
	for {
		select {
		case line, ok := <-p.lines:
			if strings.HasPrefix(line, begin) {
				return line
			}
			heard = append(heard, line)
			if ok {
				continue
			}
		case <-timeout:
		}
		p.t.Fatalf("%q was not said, but\n%s", begin, strings.Join(heard, "\n"))
	}
}

func names(t *testing.T, p seedtest.Payload) (names [][20]byte) {
	t.Helper()
	for _, h := range []string{p.V1, p.V2} {
		if h == "" {
			continue
		}
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, [20]byte(b))
	}
	return names
}

func torrentFile(t *testing.T, p seedtest.Payload) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.torrent")
	if err := os.WriteFile(path, p.Metainfo, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// libtorrent finds a seed by each protocol, and scrapes.
func TestLibtorrentFindsPeers(t *testing.T) {
	python := peers.NeedPython(t, "libtorrent")
	for _, tc := range []struct {
		ip      string
		version seedtest.Version
	}{{"127.0.0.1", seedtest.V1}, {"127.0.0.1", seedtest.V2}, {"::1", seedtest.Hybrid}} {
		for _, scheme := range []string{"http", "udp"} {
			t.Run(fmt.Sprint(tc.ip, " ", tc.version, " ", scheme), func(t *testing.T) {
				t.Parallel()
				tr := New(Options{})
				url, udp := serve(t, tr, tc.ip)
				if scheme == "udp" {
					url = udp
				}
				p := seedtest.NewPayload(t, tc.version, url)
				tr.Allow(names(t, p)...)
				torrent, listen := torrentFile(t, p), net.JoinHostPort(tc.ip, "0")
				seeder := start(t, python, "testdata/peer.py", torrent, p.Root, listen)
				seeder.await("announced " + url)
				leecher := start(t, python, "testdata/peer.py", torrent, t.TempDir(), listen)
				leecher.await("announced " + url)
				leecher.await("complete")
				if got := seeder.await("scraped"); !strings.HasPrefix(got, "scraped "+url) {
					t.Errorf("got %q", got)
				}
				if s := tr.Stats(); s.Refusals != 0 || s.Scrapes == 0 {
					t.Errorf("%+v", s)
				}
			})
		}
	}
}

// aria2 finds a seed. Over UDP it announces only with its DHT running.
func TestAria2FindsPeers(t *testing.T) {
	peers.Need(t, "aria2c")
	python := peers.NeedPython(t, "libtorrent")
	tr := New(Options{})
	url, _ := serve(t, tr, "127.0.0.1")
	p := seedtest.NewPayload(t, seedtest.V1, url)
	tr.Allow(names(t, p)...)
	torrent, dir := torrentFile(t, p), t.TempDir()
	start(t, python, "testdata/peer.py", torrent, p.Root, "127.0.0.1:0").await("announced " + url)
	peers.Run(t, "aria2c", "--no-conf", "--dir", dir, "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false",
		"--enable-peer-exchange=false", "--seed-time=0", "--file-allocation=none", "--summary-interval=0", "--bt-stop-timeout=50", torrent)
	if got, err := os.ReadFile(filepath.Join(dir, p.Name, "song.bin")); err != nil || len(got) != 300_001 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if s := tr.Stats(); s.Refusals != 0 {
		t.Errorf("%+v", s)
	}
}

// Transmission announces by each protocol, and is told of the others.
func TestTransmissionAnnounces(t *testing.T) {
	peers.Need(t, "transmission-cli")
	for _, scheme := range []string{"http", "udp"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			tr := New(Options{})
			url, udp := serve(t, tr, "127.0.0.1")
			if scheme == "udp" {
				url = udp
			}
			p := seedtest.NewPayload(t, seedtest.V1, url)
			h := names(t, p)[0]
			tr.Allow(h)
			dir := t.TempDir()
			const settings = `{"dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "utp-enabled": false, "port-forwarding-enabled": false}`
			if err := os.WriteFile(filepath.Join(dir, "settings.json"), []byte(settings), 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("transmission-cli", "--config-dir", dir, "--download-dir", p.Root, "--no-portmap", "--port", freePort(t), torrentFile(t, p))
			cmd.Stdout = io.Discard
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Wait()
			defer cmd.Process.Kill()
			for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
				if c, _ := tr.scrape(&h); c.complete == 1 {
					break
				} else if time.Now().After(deadline) {
					t.Fatalf("transmission was not heard as a seed: %+v, %+v", c, tr.Stats())
				}
			}
			if s := tr.Stats(); s.Refusals != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).AddrPort().Port())
}

package announce

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"commonseed/internal/peers"
	embedded "commonseed/seed/tracker"
)

// Debian's opentracker judges our announces, over HTTP and UDP.
func TestOpentrackerKnowsUs(t *testing.T) {
	peers.Need(t, "opentracker")
	for _, scheme := range []string{"http", "udp"} {
		t.Run(scheme, func(t *testing.T) {
			host := startOpentracker(t, hashOf(1), hashOf(2), hashOf(3))
			beKnown(t, scheme+"://"+host+"/announce", "http://"+host+"/announce")
		})
	}
}

// The embedded tracker is to get along with us too.
func TestTheEmbeddedTrackerKnowsUs(t *testing.T) {
	for _, scheme := range []string{"http", "udp"} {
		t.Run(scheme, func(t *testing.T) {
			tr := embedded.New(embedded.Options{})
			for i := range 3 {
				tr.Allow(hashOf(i + 1))
			}
			srv := httptest.NewServer(tr)
			defer srv.Close()
			conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			check(t, err)
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := tr.ServeUDP(conn); err != nil {
					t.Error(err)
				}
			})
			defer wg.Wait()
			defer conn.Close()
			u := srv.URL + "/announce"
			if scheme == "udp" {
				u = "udp://" + conn.LocalAddr().String()
			}
			beKnown(t, u, srv.URL+"/announce")
		})
	}
}

// beKnown announces three torrents to a tracker, removes one, closes, and has a
// leecher ask over HTTP who is there.
func beKnown(t *testing.T, u, ask string) {
	for i := range 3 {
		if got := leech(t, ask, hashOf(i+1)); len(got) != 0 {
			t.Fatalf("%v are there from the start", got)
		}
	}
	var mu sync.Mutex
	found := map[string]Found{}
	a, err := New(Options{PeerID: us, Port: 7448, Found: func(f Found) {
		mu.Lock()
		defer mu.Unlock()
		found[f.ID] = f
	}})
	check(t, err)
	defer a.Close(0)
	for i := range 3 {
		a.Add(some(i+1, []string{u}))
	}
	await(t, "all announces", func() bool { return a.Trackers()[0].Good == 3 })
	here := netip.MustParseAddrPort("127.0.0.1:7448")
	there := func(i int) bool { return slices.Contains(leech(t, ask, hashOf(i)), here) }
	for i := range 3 {
		if !there(i + 1) {
			t.Errorf("a leecher of %d is not told of us", i+1)
		}
	}
	s := a.Status("1")
	if len(s) != 1 || s[0].URL != u || s[0].Error != "" || s[0].Seeds != 1 || s[0].Leechers != 1 ||
		time.Since(s[0].LastSuccess) > time.Minute || time.Until(s[0].Next) < time.Minute {
		t.Errorf("status %+v", s)
	}
	mu.Lock()
	if f := found["1"]; f.Hash != hashOf(1) || !slices.Contains(f.Peers, netip.MustParseAddrPort("127.0.0.1:9999")) || f.Leechers != 1 {
		t.Errorf("found %+v", f)
	}
	mu.Unlock()
	a.Remove("2")
	await(t, "a removed torrent to vanish", func() bool { return !there(2) })
	if !there(1) {
		t.Error("another one vanished with it")
	}
	a.Close(10 * time.Second)
	await(t, "all to vanish", func() bool { return !there(1) && !there(3) })
}

// leech announces a leecher to an HTTP tracker, and returns the peers it names.
func leech(t testing.TB, u string, h [20]byte) []netip.AddrPort {
	t.Helper()
	got, err := tryLeech(u, h)
	check(t, err)
	return got
}

func tryLeech(u string, h [20]byte) ([]netip.AddrPort, error) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	q := "?compact=1&left=5&port=9999&peer_id=aaaaaaaaaaaaaaaaaaaa&info_hash=" + string(appendEscaped(nil, h[:]))
	res, err := client.Get(u + q)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	a, _, err := parseHTTPAnswer(body)
	return slices.DeleteFunc(a.peers, func(p netip.AddrPort) bool { return p.Port() == 9999 }), err
}

// startOpentracker runs it with a list of infohashes, and answers with its
// address. As root it insists on another user and a folder of its own, which
// becomes its root directory.
func startOpentracker(t testing.TB, hashes ...[20]byte) string {
	t.Helper()
	dir := t.TempDir()
	var list []byte
	for _, h := range hashes {
		list = fmt.Appendf(list, "%X\n", h)
	}
	check(t, os.WriteFile(filepath.Join(dir, "allow"), list, 0o644))
	port := freePort(t)
	args := []string{"-i", "127.0.0.1", "-p", port, "-P", port}
	if os.Getuid() == 0 {
		check(t, os.Chmod(dir, 0o755))
		args = append(args, "-w", "/allow", "-d", dir, "-u", "nobody")
	} else {
		args = append(args, "-w", filepath.Join(dir, "allow"))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "opentracker", args...)
	check(t, cmd.Start())
	t.Cleanup(func() { cancel(); cmd.Wait() })
	host := net.JoinHostPort("127.0.0.1", port)
	await(t, "opentracker to know its list", func() bool {
		_, err := tryLeech("http://"+host+"/announce", hashes[0])
		return err == nil
	})
	return host
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	check(t, err)
	return port
}

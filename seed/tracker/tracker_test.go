package tracker

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

var (
	hashA  = [20]byte{'a', 0, '+', '&', '%', 0xff}
	hashA2 = [20]byte{'A'}
	hashB  = [20]byte{'b'}
)

// bench is a tracker on a virtual clock.
type bench struct {
	*Tracker
	t     *testing.T
	now   time.Time
	local net.IP // where requests arrive
}

func newBench(t *testing.T, o Options) *bench {
	b := &bench{t: t, now: time.Unix(1_000_000, 0), local: net.IPv4(198, 51, 100, 1)}
	o.Now = func() time.Time { return b.now }
	b.Tracker = New(o)
	return b
}

// ask sends a request from an address.
func (b *bench) ask(from, target string) string {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.RemoteAddr = from
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: b.local, Port: 80}))
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.t.Fatalf("%s: status %d", target, w.Code)
	}
	return w.Body.String()
}

// announce announces and returns the peers that were named, sorted, with the
// counts of seeds and leechers.
func (b *bench) announce(from string, h [20]byte, extra string) (peers []string, counts string) {
	b.t.Helper()
	body := b.ask(from, announceURL(h, extra))
	var a struct {
		Complete   int    `bencode:"complete"`
		Incomplete int    `bencode:"incomplete"`
		Peers      []byte `bencode:"peers"`
		Peers6     []byte `bencode:"peers6"`
	}
	if err := bencode.Unmarshal([]byte(body), &a); err != nil || strings.Contains(body, "failure") {
		b.t.Fatalf("answer %q, %v", body, err)
	}
	peers = append(compact(a.Peers, 4), compact(a.Peers6, 16)...)
	slices.Sort(peers)
	return peers, fmt.Sprintf("%d+%d", a.Complete, a.Incomplete)
}

func announceURL(h [20]byte, extra string) string {
	return "/announce?info_hash=" + url.QueryEscape(string(h[:])) + "&peer_id=" + strings.Repeat("p", 20) + "&" + extra
}

func compact(b []byte, size int) (peers []string) {
	for ; len(b) > 0; b = b[size+2:] {
		addr, _ := netip.AddrFromSlice(b[:size])
		peers = append(peers, netip.AddrPortFrom(addr, binary.BigEndian.Uint16(b[size:])).String())
	}
	return peers
}

func (b *bench) want(peers []string, counts string, wantPeers, wantCounts string) {
	b.t.Helper()
	if got := strings.Join(peers, " "); got != wantPeers || counts != wantCounts {
		b.t.Errorf("peers %q counts %s, want %q %s", got, counts, wantPeers, wantCounts)
	}
}

func TestPeersFindEachOther(t *testing.T) {
	b := newBench(t, Options{})
	b.Allow(hashA, hashA2)
	b.Allow(hashB)
	p, n := b.announce("1.1.1.1:5000", hashA, "port=1&left=100&event=started")
	b.want(p, n, "", "0+1")
	p, n = b.announce("[2001:db8::2]:5000", hashA2, "port=2&left=0") // by the v2 infohash
	b.want(p, n, "1.1.1.1:1", "1+1")
	p, n = b.announce("3.3.3.3:5000", hashA, "port=3&left=5")
	b.want(p, n, "1.1.1.1:1 [2001:db8::2]:2", "1+2")
	p, n = b.announce("4.4.4.4:5000", hashA, "port=4&left=0") // a seed is told leechers
	b.want(p, n, "1.1.1.1:1 3.3.3.3:3", "2+2")
	p, n = b.announce("4.4.4.4:5000", hashA, "port=4&left=0&event=started") // or is no seed, but has only a magnet link
	b.want(p, n, "1.1.1.1:1 3.3.3.3:3 [2001:db8::2]:2", "2+2")
	p, n = b.announce("1.1.1.1:6000", hashB, "port=1&left=1") // another swarm
	b.want(p, n, "", "0+1")
	p, n = b.announce("1.1.1.1:5000", hashA, "port=1&left=0&event=completed")
	b.want(p, n, "3.3.3.3:3", "3+1")
	p, n = b.announce("4.4.4.4:5000", hashA, "port=4&left=0&event=stopped")
	b.want(p, n, "", "2+1")
	p, n = b.announce("3.3.3.3:5000", hashA, "port=3&left=5&numwant=0")
	b.want(p, n, "", "2+1")

	body := b.ask("9.9.9.9:1", "/scrape?info_hash="+url.QueryEscape(string(hashA2[:]))+"&info_hash="+url.QueryEscape(string(hashB[:])))
	want := "d5:filesd20:" + string(hashA2[:]) + "d8:completei2e10:downloadedi1e11:downloadersi1e10:incompletei1ee20:" +
		string(hashB[:]) + "d8:completei0e10:downloadedi0e11:downloadersi1e10:incompletei1eeee"
	if body != want {
		t.Errorf("scrape %q, want %q", body, want)
	}
}

func TestSilentPeersAreForgotten(t *testing.T) {
	b := newBench(t, Options{Interval: 10 * time.Minute})
	b.Allow(hashA)
	b.announce("1.1.1.1:1", hashA, "port=1&left=1")
	b.now = b.now.Add(19 * time.Minute)
	p, n := b.announce("2.2.2.2:1", hashA, "port=2&left=1")
	b.want(p, n, "1.1.1.1:1", "0+2")
	b.now = b.now.Add(10 * time.Minute)
	p, n = b.announce("3.3.3.3:1", hashA, "port=3&left=1")
	b.want(p, n, "2.2.2.2:2", "0+2")
	b.now = b.now.Add(365 * 24 * time.Hour)
	if body := b.ask("9.9.9.9:1", "/scrape?info_hash="+url.QueryEscape(string(hashA[:]))); !strings.Contains(body, "incompletei0e") {
		t.Errorf("after a year: %q", body)
	}
	if n := b.Stats().Peers; n != 0 {
		t.Errorf("%d peers are counted", n)
	}
}

func TestAddressesInTheQueryAreIgnored(t *testing.T) {
	b := newBench(t, Options{})
	b.Allow(hashA)
	b.announce("1.1.1.1:1", hashA, "port=1&left=1&ip=6.6.6.6&ipv4=6.6.6.6&ipv6=2001:db8::6")
	p, n := b.announce("2.2.2.2:1", hashA, "port=2&left=1")
	b.want(p, n, "1.1.1.1:1", "0+2")
}

// The embedded seeder announces through the loopback interface, or from the
// address the tracker listens on to that very address.
func TestPeersOfThisMachineAreNamedAsTheAskerReachesIt(t *testing.T) {
	b := newBench(t, Options{})
	b.Allow(hashA)
	b.announce("127.0.0.1:1", hashA, "port=7448&left=0")
	p, n := b.announce("2.2.2.2:1", hashA, "port=2&left=1")
	b.want(p, n, "198.51.100.1:7448", "1+1")
	p, n = b.announce("127.0.0.1:9", hashA, "port=3&left=1")
	b.want(p, n, "127.0.0.1:7448 2.2.2.2:2", "1+2")
	b.Allow(hashB)
	b.announce("198.51.100.1:9", hashB, "port=7448&left=0")
	b.local = net.IPv4(203, 0, 113, 9) // another address of this machine
	p, n = b.announce("2.2.2.2:1", hashB, "port=2&left=1")
	b.want(p, n, "203.0.113.9:7448", "1+1")
	p, n = b.announce("[::ffff:127.0.0.1]:9", hashA, "port=3&left=1") // the same peer
	b.want(p, n, "127.0.0.1:7448 2.2.2.2:2", "1+2")
}

// A partial seed lacks something, wants nothing, and is no seed. BEP 21
func TestPartialSeeds(t *testing.T) {
	b := newBench(t, Options{})
	b.Allow(hashA)
	b.announce("1.1.1.1:1", hashA, "port=1&left=0")
	b.announce("2.2.2.2:1", hashA, "port=2&left=5&event=paused")
	p, n := b.announce("3.3.3.3:1", hashA, "port=3&left=5")
	b.want(p, n, "1.1.1.1:1 2.2.2.2:2", "1+2")
	p, n = b.announce("4.4.4.4:1", hashA, "port=4&left=5&event=paused")
	b.want(p, n, "3.3.3.3:3", "1+3")
	p, n = b.announce("1.1.1.1:1", hashA, "port=1&left=0&event=paused") // has everything after all
	b.want(p, n, "3.3.3.3:3", "1+3")
	scrape := "/scrape?info_hash=" + url.QueryEscape(string(hashA[:]))
	if body := b.ask("9.9.9.9:1", scrape); !strings.Contains(body, "8:completei1e10:downloadedi0e11:downloadersi1e10:incompletei3e") {
		t.Errorf("scrape %q", body)
	}
	b.announce("2.2.2.2:1", hashA, "port=2&left=5") // wants more
	if body := b.ask("9.9.9.9:1", scrape); !strings.Contains(body, "11:downloadersi2e10:incompletei3e") {
		t.Errorf("scrape %q", body)
	}
}

func TestADownloadIsCountedOnce(t *testing.T) {
	b := newBench(t, Options{})
	b.Allow(hashA)
	b.announce("1.1.1.1:1", hashA, "port=1&left=5")
	for range 3 {
		b.announce("1.1.1.1:1", hashA, "port=1&left=0&event=completed")
	}
	if body := b.ask("9.9.9.9:1", announceURL(hashA, "port=9&left=1")); !strings.HasPrefix(body, "d8:completei1e10:downloadedi1e11:external ip4:") {
		t.Errorf("answer %q", body)
	}
}

func TestAnswersToTheLetter(t *testing.T) {
	b := newBench(t, Options{Interval: time.Second}) // too short for a jitter
	b.Allow(hashA)
	const head = "d8:completei0e10:downloadedi0e11:external ip"
	got := b.ask("[2001:db8::1]:5", announceURL(hashA, "port=258&left=1&compact=1"))
	if want := head + "16:" + "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01" +
		"10:incompletei1e8:intervali1e12:min intervali0e5:peers0:e"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	got = b.ask("1.2.3.4:5", announceURL(hashA, "port=1&left=1"))
	if want := head + "4:\x01\x02\x03\x0410:incompletei2e8:intervali1e12:min intervali0e5:peers0:" +
		"6:peers618:\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01\x01\x02e"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	got = b.ask("4.4.4.4:5", announceURL(hashA, "port=1&left=1&compact=0"))
	if want := head + "4:\x04\x04\x04\x0410:incompletei3e8:intervali1e12:min intervali0e5:peersl" +
		"d2:ip7:1.2.3.44:porti1eed2:ip11:2001:db8::14:porti258eeee"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got, want := b.ask("4.4.4.4:5", announceURL(hashB, "port=1")), "d14:failure reason32:this torrent is not tracked heree"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	got = b.ask("4.4.4.4:5", "/scrape?info_hash="+url.QueryEscape(string(hashB[:]))) // not tracked: left out
	if want := "d5:filesdee"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Peers that came together are not sent back together.
func TestIntervalsVary(t *testing.T) {
	b := newBench(t, Options{Interval: 1000 * time.Second})
	b.Allow(hashA)
	least, most := 1<<30, 0
	for range 500 {
		var a struct {
			Interval    int `bencode:"interval"`
			MinInterval int `bencode:"min interval"`
		}
		if err := bencode.Unmarshal([]byte(b.ask("1.1.1.1:1", announceURL(hashA, "port=1&left=1"))), &a); err != nil || a.MinInterval != 500 {
			t.Fatal(err, a)
		}
		least, most = min(least, a.Interval), max(most, a.Interval)
	}
	if least < 750 || least > 800 || most > 1000 || most < 950 {
		t.Errorf("intervals from %d to %d, want 750 to 1000", least, most)
	}
}

func TestBadAnnouncesAreRefused(t *testing.T) {
	b := newBench(t, Options{})
	b.Allow(hashA)
	good := announceURL(hashA, "port=1&left=1")
	for target, reason := range map[string]string{
		announceURL(hashB, "port=1&left=1"):                    "not tracked",
		announceURL(hashA, "port=0&left=1"):                    "port",
		announceURL(hashA, "port=65536&left=1"):                "port",
		announceURL(hashA, "port=-1&left=1"):                   "port",
		announceURL(hashA, "left=1"):                           "port",
		announceURL(hashA, "port=1&left=x"):                    "left",
		announceURL(hashA, "port=1&left=-2"):                   "left",
		"/announce":                                            "info_hash",
		"/announce?info_hash=short&port=1":                     "info_hash",
		strings.Replace(good, strings.Repeat("p", 20), "p", 1): "peer_id",
		good + "&x=" + strings.Repeat("y", maxQuery):           "malformed",
		"/announce?%zz":                                        "info_hash",
		"/announce?info_hash=%zz":                              "info_hash",
		"/announce?info_hash=" + strings.Repeat("%4", 20):      "info_hash",
		good + "a":      "left",
		good + "&port=": "port",
		"/scrape":       "info_hash",
		"/scrape?" + strings.Repeat("info_hash=a&", maxScrape+1): "info_hash",
		"/scrape?info_hash=short":                                "info_hash",
	} {
		body := b.ask("1.1.1.1:1", target)
		if !strings.HasPrefix(body, "d14:failure reason") || !strings.Contains(body, reason) {
			t.Errorf("%.80q: %q, want a failure about %s", target, body, reason)
		}
	}
	if s := b.Stats(); s.Peers != 0 || s.Refusals == 0 || s.Announces != 0 {
		t.Errorf("%+v", s)
	}
}

func TestOtherRequests(t *testing.T) {
	tr := New(Options{})
	for _, tc := range []struct {
		method, target string
		status         int
	}{
		{"POST", "/announce", 405}, {"GET", "/", 404}, {"GET", "/announce/x", 404}, {"GET", "/channel/announce", 200},
	} {
		w := httptest.NewRecorder()
		tr.ServeHTTP(w, httptest.NewRequest(tc.method, tc.target, nil))
		if w.Code != tc.status {
			t.Errorf("%s %s: %d, want %d", tc.method, tc.target, w.Code, tc.status)
		}
	}
}

func TestNumwantIsBoundedAndTheChoiceVaries(t *testing.T) {
	b := newBench(t, Options{})
	b.Allow(hashA)
	for i := range 1000 {
		b.announce(fmt.Sprintf("10.0.%d.%d:1", i/250, i%250), hashA, "port=1&left=1")
	}
	seen := map[string]bool{}
	for range 60 {
		p, _ := b.announce("9.9.9.9:1", hashA, "port=1&left=1&numwant=100000")
		if len(p) != maxNumwant {
			t.Fatalf("%d peers named", len(p))
		}
		if len(slices.Compact(p)) != maxNumwant {
			t.Fatal("a peer is named twice")
		}
		for _, addr := range p {
			seen[addr] = true
		}
	}
	if len(seen) < 990 {
		t.Errorf("60 answers of 200 name only %d of 1000 peers", len(seen))
	}
}

func TestForgottenTorrentsAreRefused(t *testing.T) {
	b := newBench(t, Options{})
	b.Allow(hashA)
	b.announce("1.1.1.1:1", hashA, "port=1&left=1")
	b.Allow(hashA, hashA2) // joins the swarm that is there
	if p, n := b.announce("2.2.2.2:1", hashA2, "port=2&left=1"); n != "0+2" {
		t.Errorf("peers %v, counts %s", p, n)
	}
	b.Forget(hashA, hashB)
	if _, n := b.announce("2.2.2.2:1", hashA2, "port=2&left=1"); n != "0+2" {
		t.Errorf("the other name lost peers: %s", n)
	}
	b.Forget(hashA2)
	if body := b.ask("1.1.1.1:1", announceURL(hashA2, "port=1&left=1")); !strings.Contains(body, "not tracked") {
		t.Errorf("answer %q", body)
	}
	if s := b.Stats(); s.Peers != 0 || s.Torrents != 0 || len(b.places) != 0 {
		t.Errorf("left: %+v, %d names", s, len(b.places))
	}
}

// Announces over both protocols go on while torrents come and go.
func TestManyAtOnce(t *testing.T) {
	tr := New(Options{MaxPeers: 20, MaxTotal: 30 * shards})
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			d := tr.newUDPDesk()
			from := v4(uint32(worker), 1).Addr()
			for i := range 500 {
				h := [20]byte{byte(i % 7)}
				id := d.reply(pack(uint64(udpMagic), uint32(udpConnect), transaction), from, home)[8:]
				d.reply(udpAnnouncement(binary.BigEndian.Uint64(id), h, uint64(i%2), event(i%4), -1, uint16(1+i)), from, home)
				r := httptest.NewRequest(http.MethodGet, announceURL(h, fmt.Sprintf("port=%d&left=1", 1+i)), nil)
				tr.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
	all.Go(func() {
		for i := range 500 {
			tr.Allow([20]byte{byte(i % 7)}, [20]byte{byte(i % 7), 2})
			tr.Forget([20]byte{byte(i % 5)}, [20]byte{byte(i % 5), 2})
			tr.Stats()
		}
	})
	all.Wait()
	(&bench{Tracker: tr, t: t}).checkLinks()
}

func FuzzAnnounce(f *testing.F) {
	f.Add(announceURL(hashA, "port=1&left=1&numwant=5&event=started&compact=1")[len("/announce?"):])
	f.Add("info_hash=%00&port=%31&left=99999999999999999999")
	tr := New(Options{MaxPeers: 50})
	tr.Allow(hashA)
	f.Fuzz(func(t *testing.T, query string) {
		for _, path := range []string{"/announce", "/scrape"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.URL.RawQuery = query
			w := httptest.NewRecorder()
			tr.ServeHTTP(w, r)
			var answer map[string]any
			if err := bencode.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Fatalf("%q: %v", w.Body, err)
			}
		}
	})
}

func FuzzUnescape(f *testing.F) {
	f.Add("%41%4z")
	f.Add(url.QueryEscape(string(hashA[:])))
	f.Add(strings.Repeat("+", 20))
	f.Fuzz(func(t *testing.T, s string) {
		var got [20]byte
		ok := unescape(got[:], s)
		want, err := url.QueryUnescape(s)
		if ok != (err == nil && len(want) == 20) || ok && string(got[:]) != want {
			t.Errorf("%q: %t %q, want %q, %v", s, ok, got, want, err)
		}
	})
}

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
	var a announceAnswer
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
	p, n = b.announce("1.1.1.1:6000", hashB, "port=1&left=1") // another swarm
	b.want(p, n, "", "0+1")
	p, n = b.announce("1.1.1.1:5000", hashA, "port=1&left=0&event=completed")
	b.want(p, n, "3.3.3.3:3", "3+1")
	p, n = b.announce("4.4.4.4:5000", hashA, "port=4&left=0&event=stopped")
	b.want(p, n, "", "2+1")
	p, n = b.announce("3.3.3.3:5000", hashA, "port=3&left=5&numwant=0")
	b.want(p, n, "", "2+1")

	body := b.ask("9.9.9.9:1", "/scrape?info_hash="+url.QueryEscape(string(hashA2[:]))+"&info_hash="+url.QueryEscape(string(hashB[:])))
	want := "d5:filesd20:" + string(hashA2[:]) + "d8:completei2e10:downloadedi1e10:incompletei1ee20:" +
		string(hashB[:]) + "d8:completei0e10:downloadedi0e10:incompletei1eeee"
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
	if b.total != 0 {
		t.Errorf("%d peers are counted", b.total)
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

func TestBadAnnouncesAreRefused(t *testing.T) {
	b := newBench(t, Options{})
	b.Allow(hashA)
	good := announceURL(hashA, "port=1&left=1")
	for target, reason := range map[string]string{
		announceURL(hashB, "port=1&left=1"):                      "not tracked",
		announceURL(hashA, "port=0&left=1"):                      "port",
		announceURL(hashA, "port=65536&left=1"):                  "port",
		announceURL(hashA, "port=-1&left=1"):                     "port",
		announceURL(hashA, "left=1"):                             "port",
		announceURL(hashA, "port=1&left=x"):                      "left",
		announceURL(hashA, "port=1&left=-2"):                     "left",
		"/announce":                                              "info_hash",
		"/announce?info_hash=short&port=1":                       "info_hash",
		strings.Replace(good, strings.Repeat("p", 20), "p", 1):   "peer_id",
		good + "&x=" + strings.Repeat("y", maxQuery):             "malformed",
		"/announce?%zz":                                          "malformed",
		"/announce?a;b":                                          "malformed",
		"/scrape":                                                "info_hash",
		"/scrape?" + strings.Repeat("info_hash=a&", maxScrape+1): "info_hash",
		"/scrape?info_hash=short":                                "info_hash",
	} {
		body := b.ask("1.1.1.1:1", target)
		if !strings.HasPrefix(body, "d14:failure reason") || !strings.Contains(body, reason) {
			t.Errorf("%.80q: %q, want a failure about %s", target, body, reason)
		}
	}
	if b.total != 0 {
		t.Errorf("%d peers were remembered", b.total)
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

func TestMemoryIsBounded(t *testing.T) {
	b := newBench(t, Options{MaxPeers: 100, MaxTotal: 150})
	b.Allow(hashA)
	b.Allow(hashB)
	for i := range 400 {
		h := hashA
		if i%2 == 1 {
			h = hashB
		}
		b.announce(fmt.Sprintf("10.0.%d.%d:1", i/200, i%200), h, "port=1&left=1")
	}
	if b.total != 150 || len(b.swarms[hashA].peers) > 100 || len(b.swarms[hashB].peers) > 100 {
		t.Errorf("total %d, A %d, B %d", b.total, len(b.swarms[hashA].peers), len(b.swarms[hashB].peers))
	}
	// A full tracker still answers, and takes new peers when old ones are gone.
	if p, _ := b.announce("9.9.9.9:1", hashA, "port=1&left=1"); len(p) != defaultNumwant {
		t.Errorf("%d peers named", len(p))
	}
	b.now = b.now.Add(time.Hour)
	b.announce("9.9.9.9:1", hashA, "port=1&left=1")
	b.announce("9.9.9.9:1", hashB, "port=1&left=1")
	if b.total != 2 || !b.swarms[hashA].has(netip.MustParseAddrPort("9.9.9.9:1")) {
		t.Errorf("after an hour %d are remembered", b.total)
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
	if b.total != 0 || len(b.swarms) != 0 {
		t.Errorf("%d peers, %d swarms are left", b.total, len(b.swarms))
	}
}

// The same order of operations on a simple model has to give the same counts.
func TestSwarmKeepsItsIndex(t *testing.T) {
	s := newSwarm()
	model := map[netip.AddrPort]bool{}
	x := uint32(1)
	for range 20_000 {
		x = x*1664525 + 1013904223
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{1, 1, 1, byte(x >> 24 % 40)}), 1)
		if x>>8%3 == 0 {
			s.remove(addr)
			delete(model, addr)
		} else {
			p := peer{addr: addr, seed: x>>16%2 == 0}
			s.put(p, false)
			model[addr] = p.seed
		}
		seeds := 0
		for _, seed := range model {
			if seed {
				seeds++
			}
		}
		if len(s.peers) != len(model) || len(s.index) != len(model) || s.seeds != seeds {
			t.Fatalf("%d peers, %d in the index, %d seeds; want %d, %d", len(s.peers), len(s.index), s.seeds, len(model), seeds)
		}
		for addr, i := range s.index {
			if s.peers[i].addr != addr {
				t.Fatal("the index points elsewhere")
			}
		}
	}
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

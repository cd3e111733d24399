package announce

import (
	"bufio"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/anacrolix/dht/v2"
	"github.com/anacrolix/dht/v2/krpc"
	alog "github.com/anacrolix/log"
	"github.com/anacrolix/torrent/metainfo"
	"golang.org/x/time/rate"

	"commonseed/internal/peers"
)

// listenUDP opens a socket on loopback.
func listenUDP(t testing.TB, f family) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket(f.network("udp"), []string{"127.0.0.1:0", "[::1]:0"}[f])
	if err != nil {
		t.Skipf("no loopback of this family: %v", err)
	}
	return conn
}

// others are nodes of a DHT. What peers they remember they share.
type others struct {
	servers []*dht.Server

	mu    sync.Mutex
	peers map[[20]byte][]krpc.NodeAddr
}

// AddPeer and GetPeers make others a store of the library, whose own mixes
// addresses up.
func (o *others) AddPeer(h metainfo.Hash, p krpc.NodeAddr) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.peers[h] = append(o.peers[h], p)
}

func (o *others) GetPeers(h metainfo.Hash) []krpc.NodeAddr {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.peers[h])
}

func startDHT(t testing.TB, n int, f family) *others {
	t.Helper()
	o := &others{peers: map[[20]byte][]krpc.NodeAddr{}}
	var first []dht.Addr
	for range n {
		s, err := dht.NewServer(&dht.ServerConfig{
			Conn: listenUDP(t, f), NoSecurity: true, PeerStore: o, Logger: alog.NewLogger().FilterLevel(alog.Disabled),
			DefaultWant:   [][]krpc.Want{{krpc.WantNodes}, {krpc.WantNodes6}}[f],
			StartingNodes: func() ([]dht.Addr, error) { return first, nil },
			SendLimiter:   rate.NewLimiter(rate.Inf, 0), // the default one is shared
		})
		check(t, err)
		if first == nil {
			first = []dht.Addr{dht.NewAddr(s.Addr())}
		} else if _, err := s.Bootstrap(); err != nil {
			t.Fatal(err)
		}
		o.servers = append(o.servers, s)
	}
	t.Cleanup(func() {
		for _, s := range o.servers {
			s.Close()
		}
	})
	return o
}

func (o *others) node(i int) string { return o.servers[i].Addr().String() }

// know says whether they would name a peer of an infohash.
func (o *others) know(h [20]byte, p string) bool {
	return slices.ContainsFunc(o.GetPeers(h), func(a krpc.NodeAddr) bool { return a.String() == p })
}

// waitForDHT waits for what the library does not end at once: its queries take 2 s
// to give up.
func (a *Announcer) waitForDHT() { a.wire.dht.wg.Wait() }

func TestTheDHTKnowsUs(t *testing.T) {
	for f, host := range []string{"127.0.0.1", "[::1]"} {
		t.Run(host, func(t *testing.T) {
			o := startDHT(t, 3, family(f))
			options := DHT{Nodes: []string{o.node(0), "no port"}}
			if family(f) == v4 {
				options.Conn = listenUDP(t, v4)
			} else {
				options.Conn6 = listenUDP(t, v6)
			}
			var mu sync.Mutex
			found := map[netip.AddrPort]bool{}
			a, err := New(Options{PeerID: us, Port: 7448, DHT: options, Found: func(f Found) {
				mu.Lock()
				defer mu.Unlock()
				for _, p := range f.Peers {
					found[p] = true
				}
			}})
			check(t, err)
			defer a.waitForDHT()
			defer a.Close(0)
			a.Add(Torrent{ID: "hybrid", Hashes: [][20]byte{hashOf(1), hashOf(2)}})
			a.Add(Torrent{ID: "private", Hashes: [][20]byte{hashOf(3)}, Private: true})
			us := host + ":7448"
			await(t, "both infohashes to be known", func() bool { return o.know(hashOf(1), us) && o.know(hashOf(2), us) })
			if o.know(hashOf(3), us) {
				t.Error("a private torrent is in the DHT")
			}
			if s := a.Status("hybrid"); len(s) != 1 || s[0].URL != dhtURL || s[0].Error != "" || s[0].Seeds != -1 {
				t.Errorf("status %+v", s)
			}
			a.AddressChanged()
			a.SetPorts(7449, 0)
			await(t, "nodes to be worth saving", func() bool { return len(a.Nodes()) > 0 })
			if a := a.Nodes()[0]; !strings.HasPrefix(a, host) {
				t.Errorf("node %q", a)
			}
		})
	}
}

// Nodes of libtorrent take our announcements, and name us to a leecher that knows
// nothing but one of them: by both infohashes of a hybrid, over IPv4 and IPv6.
func TestLibtorrentFindsUsInItsDHT(t *testing.T) {
	python := peers.NeedPython(t, "libtorrent")
	v1, v2 := hashOf(1), hashOf(2)
	for f, host := range []string{"127.0.0.1", "[::1]"} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			conn := listenUDP(t, family(f))
			read, write := io.Pipe()
			defer read.Close() // before the program is waited for
			p := peers.Start(t, "testdata", write, python, "dht.py", host, "5", hex.EncodeToString(v1[:]), hex.EncodeToString(v2[:]))
			go func() {
				<-p.Done
				write.Close()
			}()
			late := time.AfterFunc(time.Minute, func() { p.Signal(syscall.SIGKILL) })
			defer late.Stop()
			lines := bufio.NewScanner(read)
			if !lines.Scan() {
				t.Fatal("libtorrent names no node")
			}
			options := DHT{Nodes: []string{lines.Text()}}
			if family(f) == v4 {
				options.Conn = conn
			} else {
				options.Conn6 = conn
			}
			a, err := New(Options{PeerID: us, Port: 7448, DHT: options})
			check(t, err)
			defer a.waitForDHT()
			defer a.Close(0)
			a.Add(Torrent{ID: "hybrid", Hashes: [][20]byte{v1, v2}})
			found := map[string]bool{}
			for len(found) < 2 && lines.Scan() {
				if h, ok := strings.CutSuffix(lines.Text(), " "+host+":7448"); ok {
					found[h] = true
				}
			}
			if len(found) < 2 {
				t.Errorf("libtorrent finds us by %v alone", found)
			}
		})
	}
}

func TestADHTWithoutNodesFails(t *testing.T) {
	gone := listenUDP(t, v4)
	gone.Close()
	a, err := New(Options{Port: 1, DHT: DHT{Conn: listenUDP(t, v4), Nodes: []string{gone.LocalAddr().String()}}})
	check(t, err)
	defer a.waitForDHT()
	defer a.Close(0)
	a.Add(some(1))
	await(t, "a failure", func() bool { return a.Trackers()[0].Failures > 0 })
	if h := a.Trackers()[0]; h.Error == "" || time.Until(h.Retry) > 2*dhtRetry {
		t.Errorf("%+v", h)
	}
}

// Packets that end a process with the library in it, or fill its memory.
var poison = []string{
	"d1:q13:announce_peer1:t1:x1:y1:qe",
	"d1:q3:put1:t1:x1:y1:qe",
	"d1:q3:get1:t1:x1:y1:qe",
	"d2:ip0:1:t1:x1:y1:re",
	"d1:rd6:valuesl0:ee1:t1:x1:y1:re",
	"d1:ad2:id20:aaaaaaaaaaaaaaaaaaaae1:q9:abcdefghi1:t1:x1:y1:qe",
	"d1:ad2:id20:aaaaaaaaaaaaaaaaaaaa1:vi1ee1:q3:put1:t1:x1:y1:qe",
	"d1:t1:xe",
	"garbage",
	"",
}

func TestPoisonedPacketsAreHarmless(t *testing.T) {
	conn := listenUDP(t, v4)
	a, err := New(Options{Port: 1, DHT: DHT{Conn: conn, Nodes: []string{}}})
	check(t, err)
	defer a.waitForDHT()
	defer a.Close(0)
	nc, err := net.Dial("udp4", conn.LocalAddr().String())
	check(t, err)
	defer nc.Close()
	for _, p := range poison {
		nc.Write([]byte(p))
	}
	await(t, "an answer to a ping", func() bool {
		nc.Write([]byte("d1:ad2:id20:bbbbbbbbbbbbbbbbbbbbe1:q4:ping1:t2:zz1:y1:qe"))
		nc.SetReadDeadline(time.Now().Add(time.Second))
		buf := make([]byte, 2048)
		n, _ := nc.Read(buf)
		return strings.Contains(string(buf[:n]), "1:t2:zz1:y1:r")
	})
	conn.Close() // behind the library's back: that is no reason to panic
	time.Sleep(100 * time.Millisecond)
}

// pipe is a connection that reads what a test gives it, and writes nowhere.
type pipe struct {
	net.PacketConn
	packets chan []byte
	ready   chan struct{} // one for each packet that was taken in
}

func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p.ready <- struct{}{}:
	default:
	}
	packet, ok := <-p.packets
	if !ok {
		return 0, nil, net.ErrClosed
	}
	return copy(b, packet), &net.UDPAddr{IP: net.IPv4(1, 2, 3, 4), Port: 5}, nil
}

func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) { return len(b), nil }
func (p *pipe) LocalAddr() net.Addr                       { return &net.UDPAddr{IP: net.IPv4(1, 1, 1, 1), Port: 1} }
func (p *pipe) Close() error                              { return nil }

// What passes the guard, the library survives.
func FuzzDHTPacket(f *testing.F) {
	for _, p := range poison {
		f.Add([]byte(p))
	}
	f.Add([]byte("d1:ad2:id20:aaaaaaaaaaaaaaaaaaaa9:info_hash20:bbbbbbbbbbbbbbbbbbbbe1:q9:get_peers1:t1:x1:y1:qe"))
	f.Add([]byte("d1:ad2:id20:aaaaaaaaaaaaaaaaaaaa6:target20:bbbbbbbbbbbbbbbbbbbb4:wantl2:n4ee1:q9:find_node1:t1:x1:y1:qe"))
	f.Add([]byte("d1:rd2:id20:aaaaaaaaaaaaaaaaaaaa5:nodes0:5:token1:xe1:t1:x1:y1:re"))
	f.Add([]byte("d1:eli201e1:xe1:t1:x1:y1:ee"))
	p := &pipe{packets: make(chan []byte), ready: make(chan struct{}, 1)}
	g := newGuard(p)
	g.queries = rate.NewLimiter(rate.Inf, 0)
	config := dhtConfig(v4, p, DHT{Nodes: []string{}}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	config.Conn = g
	s, err := dht.NewServer(config)
	check(f, err)
	f.Cleanup(func() { s.Close(); close(p.packets) })
	<-p.ready
	f.Fuzz(func(t *testing.T, b []byte) {
		g.harmless(b)
		p.packets <- b
		<-p.ready
	})
}

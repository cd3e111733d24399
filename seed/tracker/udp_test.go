package tracker

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	alice = netip.MustParseAddr("1.1.1.1")
	bob   = netip.MustParseAddr("2001:db8::2")
	home  = netip.MustParseAddr("198.51.100.1") // where packets arrive
)

// pack puts numbers and byte strings behind each other.
func pack(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case [20]byte:
			b = append(b, p[:]...)
		case []byte:
			b = append(b, p...)
		default:
			b, _ = binary.Append(b, binary.BigEndian, p)
		}
	}
	return b
}

const transaction = uint32(0xfeedbeef)

// udpBench speaks UDP to a tracker, without a network.
type udpBench struct {
	*bench
	desk *udpDesk
}

func newUDPBench(t *testing.T, o Options) *udpBench {
	b := newBench(t, o)
	b.Allow(hashA, hashA2)
	return &udpBench{b, b.newUDPDesk()}
}

func (b *udpBench) connect(from netip.Addr) uint64 {
	b.t.Helper()
	got := b.desk.reply(pack(uint64(udpMagic), uint32(udpConnect), transaction), from, home)
	if len(got) != 16 || !bytes.Equal(got[:8], pack(uint32(udpConnect), transaction)) {
		b.t.Fatalf("connect: %x", got)
	}
	return binary.BigEndian.Uint64(got[8:])
}

func udpAnnouncement(id uint64, h [20]byte, left uint64, e event, numwant int32, port uint16) []byte {
	return pack(id, uint32(udpAnnounce), transaction, h, strings.Repeat("p", 20), uint64(1), left, uint64(2),
		uint32(e), uint32(0x06060606), uint32(7), numwant, port)
}

func (b *udpBench) want(got, want []byte) {
	b.t.Helper()
	if !bytes.Equal(got, want) {
		b.t.Errorf("got  %x\nwant %x", got, want)
	}
}

func TestUDPToTheLetter(t *testing.T) {
	b := newUDPBench(t, Options{Interval: time.Second}) // too short for a jitter
	idA, idB := b.connect(alice), b.connect(bob)
	head := func(leechers, seeders uint32) []byte {
		return pack(uint32(udpAnnounce), transaction, uint32(1), leechers, seeders)
	}
	b.want(b.desk.reply(udpAnnouncement(idA, hashA, 5, eventStarted, -1, 258), alice, home), head(1, 0))
	// The other kind of address is not named here, and counts.
	b.want(b.desk.reply(udpAnnouncement(idB, hashA2, 0, eventNone, -1, 1), bob, home), head(1, 1))
	b.want(b.desk.reply(udpAnnouncement(idB, hashA, 9, eventNone, -1, 2), bob, home), pack(head(2, 1), bob.AsSlice(), uint16(1)))
	// BEP 41: options behind the announce.
	asked := append(udpAnnouncement(idA, hashA, 9, eventNone, -1, 7), "\x02\x09/announce\x01\x00"...)
	b.want(b.desk.reply(asked, alice, home), pack(head(3, 1), alice.AsSlice(), uint16(258)))
	b.want(b.desk.reply(udpAnnouncement(idA, hashA, 9, eventNone, 0, 7), alice, home), head(3, 1))
	b.want(b.desk.reply(udpAnnouncement(idA, hashA, 9, eventStopped, -1, 7), alice, home), head(2, 1))
	b.want(b.desk.reply(udpAnnouncement(idA, hashA, 0, eventCompleted, -1, 258), alice, home), head(1, 2))
	// Over HTTP they are the same swarm.
	p, n := b.announce("3.3.3.3:1", hashA, "port=3&left=1")
	b.bench.want(p, n, "1.1.1.1:258 [2001:db8::2]:1 [2001:db8::2]:2", "2+2")

	scrape := pack(idA, uint32(udpScrape), transaction, hashB, hashA2)
	b.want(b.desk.reply(scrape, alice, home), pack(uint32(udpScrape), transaction, make([]byte, 12), uint32(2), uint32(1), uint32(2)))

	refused := func(packet []byte, reason string) {
		t.Helper()
		b.want(b.desk.reply(packet, alice, home), pack(uint32(udpError), transaction, reason))
	}
	refused(udpAnnouncement(idA, hashB, 5, eventNone, -1, 1), "this torrent is not tracked here")
	refused(udpAnnouncement(idA, hashA, 5, eventNone, -1, 0), "port must be 1 to 65535")
	refused(udpAnnouncement(idB, hashA, 5, eventNone, -1, 1), "Connection ID missmatch.\x00")
	refused(pack(idB, uint32(udpScrape), transaction, hashA), "Connection ID missmatch.\x00")
	refused(pack(idA, uint32(udpScrape), transaction, make([]byte, 20*(maxScrape+1))), "scrape needs 1 to 74 info_hash")
	if got := b.desk.reply(pack(idA, uint32(udpScrape), transaction, make([]byte, 20*maxScrape)), alice, home); len(got) != 8+12*maxScrape {
		t.Errorf("a scrape of %d infohashes gives %d bytes", maxScrape, len(got))
	}
	for _, packet := range [][]byte{
		nil, make([]byte, 15), make([]byte, 16), make([]byte, 2000),
		pack(uint64(udpMagic+1), uint32(udpConnect), transaction),
		udpAnnouncement(idA, hashA, 5, eventNone, -1, 1)[:97],
		pack(idA, uint32(udpScrape), transaction, make([]byte, 19)),
		pack(idA, uint32(udpError), transaction, hashA), pack(idA, uint32(99), transaction, hashA),
	} {
		if got := b.desk.reply(packet, alice, home); got != nil {
			t.Errorf("%x: got %x, want no answer", packet, got)
		}
	}
	if s := b.Stats(); s.Announces != 8 || s.Scrapes != 2 || s.Refusals != 5 {
		t.Errorf("%+v", s)
	}
}

// A partial seed says so over UDP too, as libtorrent does. BEP 21
func TestUDPPartialSeeds(t *testing.T) {
	b := newUDPBench(t, Options{})
	b.desk.reply(udpAnnouncement(b.connect(alice), hashA, 5, eventPaused, -1, 1), alice, home)
	if c, _ := b.scrape(&hashA); c != (counts{incomplete: 1}) {
		t.Errorf("%+v", c)
	}
}

// One datagram has to pass every network, and still many peers are named.
func TestUDPAnswersFitAPacket(t *testing.T) {
	for _, tc := range []struct {
		from  netip.Addr
		addr  func(i int) netip.AddrPort
		named int
	}{
		{alice, func(i int) netip.AddrPort { return v4(uint32(i), 1) }, 200},
		{bob, func(i int) netip.AddrPort { return v6(uint64(i), 1) }, 67},
	} {
		b := newUDPBench(t, Options{})
		for i := range 500 {
			b.tell(hashA, tc.addr(i), false, eventNone)
		}
		got := b.desk.reply(udpAnnouncement(b.connect(tc.from), hashA, 5, eventNone, 1000, 1), tc.from, home)
		if want := 20 + tc.named*len(tc.from.AsSlice()) + tc.named*2; len(got) != want || len(got) > maxAnswer {
			t.Errorf("%s: %d bytes, want %d", tc.from, len(got), want)
		}
	}
}

func TestConnectionIDsCountForTwoMinutes(t *testing.T) {
	b := newUDPBench(t, Options{})
	for second := range 60 {
		b.now = time.Unix(1_000_000+int64(second), 0)
		id := b.connect(alice)
		if other := b.connect(bob); other == id {
			t.Fatal("two addresses have one connection id")
		}
		took := func(after time.Duration) bool {
			b.now = time.Unix(1_000_000+int64(second), 0).Add(after)
			got := b.desk.reply(udpAnnouncement(id, hashA, 5, eventNone, -1, 1), alice, home)
			return binary.BigEndian.Uint32(got) == udpAnnounce
		}
		if !took(0) || !took(2*time.Minute) || took(3*time.Minute) || took(time.Hour) || took(-time.Minute) {
			t.Fatalf("in second %d: %t %t %t %t %t", second, took(0), took(2*time.Minute), took(3*time.Minute), took(time.Hour), took(-time.Minute))
		}
	}
	id := b.connect(alice)
	if other := newUDPBench(t, Options{}); other.connect(alice) == id {
		t.Error("two trackers share a key")
	}
}

// Nobody can have us send to a victim more than he sends himself.
func TestUDPDoesNotAmplify(t *testing.T) {
	b := newUDPBench(t, Options{})
	for i := range 300 {
		b.tell(hashA, v4(uint32(i), 1), false, eventNone)
	}
	for n := range 2000 {
		packet := make([]byte, n)
		for action := range uint32(5) {
			if n >= 12 {
				binary.BigEndian.PutUint64(packet, rand.Uint64())
				if action == udpConnect {
					binary.BigEndian.PutUint64(packet, udpMagic)
				}
				binary.BigEndian.PutUint32(packet[8:], action)
			}
			if got := b.desk.reply(packet, alice, home); len(got) > n {
				t.Fatalf("%d bytes, action %d: %d bytes in return", n, action, len(got))
			}
		}
	}
	if n := b.Stats().Peers; n != 300 {
		t.Errorf("%d peers, want none more", n)
	}
}

// serveUDP serves on an address, and closes in the end.
func serveUDP(t *testing.T, tr *Tracker, network, addr string) netip.AddrPort {
	t.Helper()
	pc, err := net.ListenPacket(network, addr)
	if err != nil {
		t.Skipf("this machine has no %s: %v", addr, err)
	}
	served := make(chan error, 1)
	go func() { served <- tr.ServeUDP(pc.(*net.UDPConn)) }()
	t.Cleanup(func() {
		pc.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return pc.LocalAddr().(*net.UDPAddr).AddrPort()
}

// Answers come from the address that was asked, whatever the socket is bound to.
func TestUDPSockets(t *testing.T) {
	for _, tc := range []struct{ network, listen, ask string }{
		{"udp4", "127.0.0.1:0", "127.0.0.1"},
		{"udp4", "0.0.0.0:0", "127.0.0.1"},
		{"udp4", "0.0.0.0:0", "127.0.0.77"},
		{"udp", ":0", "127.0.0.1"},
		{"udp", ":0", "127.0.0.77"},
		{"udp", ":0", "::1"},
		{"udp6", "[::1]:0", "::1"},
		{"udp6", "[::]:0", "::1"},
	} {
		t.Run(tc.network+" "+tc.listen+" "+tc.ask, func(t *testing.T) {
			tr := New(Options{})
			tr.Allow(hashA)
			port := serveUDP(t, tr, tc.network, tc.listen).Port()
			first, second := dialUDP(t, tc.ask, port), dialUDP(t, tc.ask, port)
			first.announce(hashA, 11)
			if got, want := second.announce(hashA, 12), netip.AddrPortFrom(first.local(), 11); !slices.Equal(got, []netip.AddrPort{want}) {
				t.Errorf("named %v, want %v", got, want)
			}
		})
	}
}

// udpPeer announces through a socket that hears only whom it asked.
type udpPeer struct {
	t  *testing.T
	nc *net.UDPConn
}

func dialUDP(t *testing.T, ip string, port uint16) *udpPeer {
	t.Helper()
	nc, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), port)))
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	return &udpPeer{t, nc}
}

func (p *udpPeer) local() netip.Addr { return p.nc.LocalAddr().(*net.UDPAddr).AddrPort().Addr() }

func (p *udpPeer) ask(packet []byte) []byte {
	p.t.Helper()
	answer := make([]byte, 4096)
	if _, err := p.nc.Write(packet); err != nil {
		p.t.Fatal(err)
	}
	n, err := p.nc.Read(answer)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer[:n]
}

func (p *udpPeer) announce(h [20]byte, port uint16) (named []netip.AddrPort) {
	p.t.Helper()
	id := binary.BigEndian.Uint64(p.ask(pack(uint64(udpMagic), uint32(udpConnect), transaction))[8:])
	got := p.ask(udpAnnouncement(id, h, 5, eventStarted, -1, port))
	if len(got) < 20 || binary.BigEndian.Uint32(got) != udpAnnounce {
		p.t.Fatalf("answer %q", got)
	}
	size := len(p.local().AsSlice())
	for b := got[20:]; len(b) > 0; b = b[size+2:] {
		ip, _ := netip.AddrFromSlice(b[:size])
		named = append(named, netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[size:])))
	}
	return named
}

// A socket that is closed at once ends the service, and so does one under load.
func TestServeUDPEndsWithItsSocket(t *testing.T) {
	tr := New(Options{})
	for range 20 {
		pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- tr.ServeUDP(pc.(*net.UDPConn)) }()
		nc, err := net.Dial("udp4", pc.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		for range rand.IntN(50) {
			nc.Write(pack(uint64(udpMagic), uint32(udpConnect), transaction))
		}
		pc.Close()
		nc.Close()
		if err := <-served; err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzUDP(f *testing.F) {
	id := uint64(0x1122334455667788) // is replaced by a valid one where the first byte is 0x11
	f.Add(pack(uint64(udpMagic), uint32(udpConnect), transaction), false)
	f.Add(udpAnnouncement(id, hashA, 5, eventStarted, -1, 1), false)
	f.Add(udpAnnouncement(id, hashA, 0, eventStopped, 1<<30, 1), true)
	f.Add(append(udpAnnouncement(id, hashA, 0, eventPaused, 0, 65535), "\x02\x09/announce\x01\x00"...), true)
	f.Add(pack(id, uint32(udpScrape), transaction, hashA, hashA2, hashB), false)
	f.Add(pack(uint64(5), uint32(udpScrape), transaction, hashA), true)
	f.Fuzz(func(t *testing.T, packet []byte, six bool) {
		b := newUDPBench(t, Options{MaxPeers: 50})
		from := alice
		if six {
			from = bob
		}
		valid := len(packet) > 8 && packet[0] == 0x11
		if valid {
			binary.BigEndian.PutUint64(packet, b.connect(from))
		}
		for i := range 100 {
			b.tell(hashA, v4(uint32(i), 1), false, eventNone)
			b.tell(hashA, v6(uint64(i), 1), i%2 == 0, eventNone)
		}
		before := b.Stats()
		got := b.desk.reply(packet, from, home)
		switch {
		case got == nil:
		case !valid && len(got) > len(packet), len(got) > maxAnswer, len(got) < 8:
			t.Fatalf("%d bytes for %d", len(got), len(packet))
		case !bytes.Equal(got[4:8], packet[12:16]):
			t.Fatal("another transaction id")
		}
		if !valid && b.Stats().Announces != before.Announces {
			t.Fatal("an announce without a connection id counts")
		}
		b.checkLinks()
	})
}

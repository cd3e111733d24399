package tracker

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"
)

// tell announces without a protocol around it.
func (b *bench) tell(h [20]byte, from netip.AddrPort, seed bool, e event) answer {
	b.t.Helper()
	var out answer
	a := announcement{infohash: h, port: from.Port(), seed: seed, event: e, numwant: defaultNumwant, from: from.Addr(), v4: true, v6: true}
	if err := b.Tracker.announce(&a, &out); err != nil {
		b.t.Fatal(err)
	}
	return out
}

func v4(n uint32, port uint16) netip.AddrPort {
	var ip [4]byte
	binary.BigEndian.PutUint32(ip[:], 0x50000000+n) // public addresses
	return netip.AddrPortFrom(netip.AddrFrom4(ip), port)
}

// v6 is an address in one of many networks.
func v6(network, host uint64) netip.AddrPort {
	var ip [16]byte
	binary.BigEndian.PutUint64(ip[:], 0x2a00<<48+network)
	binary.BigEndian.PutUint64(ip[8:], host)
	return netip.AddrPortFrom(netip.AddrFrom16(ip), 6881)
}

// The same order of operations on a simple model has to give the same counts.
func TestStoreAgreesWithASimpleModel(t *testing.T) {
	b := newBench(t, Options{Interval: time.Hour})
	type member struct {
		seed, paused bool
		seen         time.Time
	}
	const torrents = 40
	hash := func(i int) [20]byte { return [20]byte{byte(i), 1} }
	model := make([]map[netip.AddrPort]member, torrents)
	completed := make([]int, torrents)
	for i := range model {
		b.Allow(hash(i))
		model[i] = map[netip.AddrPort]member{}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 30_000 {
		b.now = b.now.Add(time.Duration(rnd.IntN(3)) * time.Second)
		i := rnd.IntN(torrents)
		addr := v4(uint32(rnd.IntN(60)), uint16(1+rnd.IntN(3)))
		if rnd.IntN(3) == 0 {
			addr = v6(uint64(rnd.IntN(30)), uint64(rnd.IntN(3)))
		}
		e, seed := event(rnd.IntN(5)), rnd.IntN(3) == 0
		if rnd.IntN(2000) == 0 {
			b.Forget(hash(i))
			b.Allow(hash(i))
			model[i], completed[i] = map[netip.AddrPort]member{}, 0
		}
		for other, m := range model[i] {
			if b.now.Sub(m.seen) > 2*time.Hour {
				delete(model[i], other)
			}
		}
		got := b.tell(hash(i), addr, seed, e)
		if e == eventStopped {
			delete(model[i], addr)
		} else {
			if e == eventCompleted && !model[i][addr].seed {
				completed[i]++
			}
			model[i][addr] = member{seed, !seed && e == eventPaused, b.now}
		}
		want := counts{downloaded: completed[i]}
		for _, m := range model[i] {
			switch {
			case m.seed:
				want.complete++
			default:
				want.incomplete++
				if !m.paused {
					want.downloaders++
				}
			}
		}
		if got.counts != want {
			t.Fatalf("got %+v, want %+v", got.counts, want)
		}
	}
	b.checkLinks()
	if b.Stats().Peers < 100 {
		t.Errorf("only %d peers took part", b.Stats().Peers)
	}
}

// checkLinks holds the lists of every shard against each other.
func (b *bench) checkLinks() {
	b.t.Helper()
	for i := range b.shards {
		s := &b.shards[i]
		seen, last := 0, int32(0)
		for i := s.peers[0].newer; i != 0; i = s.peers[i].newer {
			p := &s.peers[i]
			if at, _, _ := s.find(p); at != i {
				b.t.Fatalf("entry %d is found as %d", i, at)
			}
			if s.torrents[p.torrent].peers[p.place] != i || s.peers[p.newer].older != i || p.seen < last {
				b.t.Fatalf("entry %d is linked wrongly", i)
			}
			seen, last = seen+1, p.seen
		}
		listed := 0
		for _, t := range s.torrents {
			listed += len(t.peers)
			if cap(t.peers) > 4*len(t.peers) {
				b.t.Fatalf("%d peers hold memory for %d", len(t.peers), cap(t.peers))
			}
		}
		if seen != s.count || listed != s.count {
			b.t.Fatalf("%d peers in the ring, %d in the lists, %d counted", seen, listed, s.count)
		}
	}
}

func TestTheNewestReplacesTheOneSilentForLongest(t *testing.T) {
	b := newBench(t, Options{MaxTotal: 100 * shards, MaxPeers: 60})
	b.Allow(hashA) // the first shard
	b.Allow(hashB) // the second
	for i := range 1000 {
		b.now = b.now.Add(time.Second)
		b.tell(hashA, v4(uint32(i), 1), false, eventNone)
		b.tell(hashB, v6(uint64(i), 1), false, eventNone)
	}
	if got := b.tell(hashA, v4(999, 1), false, eventNone); got.incomplete != 60 {
		t.Errorf("a torrent of at most 60 peers has %d", got.incomplete)
	}
	b.checkLinks()
	old := 0
	for i := range uint32(800) { // of 60, the choice of 8 each time leaves hardly one so old
		if at, _, _ := b.shards[0].find(&peer{addr: v4(i, 1).Addr().As16(), port: 1, flags: fromIPv4}); at != 0 {
			old++
		}
	}
	if old > 3 {
		t.Errorf("%d of 60 are among the oldest 800 of 1000", old)
	}
	// All torrents of a shard together: there the order is exact.
	b = newBench(t, Options{MaxTotal: 100 * shards})
	for i := range 2 * shards {
		b.Allow([20]byte{byte(i)})
	}
	for i := range uint32(150) { // torrents 0 and 16 share the first shard
		b.now = b.now.Add(time.Second)
		b.tell([20]byte{byte(i % 2 * shards)}, v4(i, 1), false, eventNone)
	}
	for i := range uint32(150) {
		p := peer{addr: v4(i, 1).Addr().As16(), port: 1, flags: fromIPv4, torrent: i % 2}
		if at, _, _ := b.shards[0].find(&p); (at != 0) != (i >= 50) {
			t.Errorf("of 150 peers where 100 have room, number %d: there is %t", i, at != 0)
		}
	}
	b.checkLinks()
}

// One host may have a household behind it, and may not fill a swarm.
func TestOneHostCannotFillASwarm(t *testing.T) {
	b := newBench(t, Options{})
	b.Allow(hashA)
	for i := range 10 {
		b.tell(hashA, v4(uint32(i), 6881), false, eventNone)
	}
	for port := range 20_000 {
		b.now = b.now.Add(time.Millisecond)
		b.tell(hashA, v4(500, uint16(port+1)), false, eventNone)
		b.tell(hashA, v6(7, uint64(port)), false, eventNone) // addresses of one network
	}
	got := b.tell(hashA, v4(0, 6881), false, eventNone)
	if got.incomplete != 10+2*perHost {
		t.Errorf("%d peers, want 10 and %d of each host", got.incomplete, perHost)
	}
	if at, _, _ := b.shards[0].find(&peer{addr: v4(500, 1).Addr().As16(), port: 20_000, flags: fromIPv4}); at == 0 {
		t.Error("the latest of the host was not remembered")
	}
	b.checkLinks()
}

// A laboratory has all its leechers on one machine.
func TestOneMachineMayHoldManyPeers(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "::1", "10.1.2.3", "fd00::1", "fe80::1"} {
		b := newBench(t, Options{})
		b.Allow(hashA)
		for port := range uint16(2000) {
			b.tell(hashA, netip.AddrPortFrom(netip.MustParseAddr(addr), port+1), false, eventNone)
		}
		if n := b.Stats().Peers; n != perPrivateHost {
			t.Errorf("%s: %d peers of one address, want %d", addr, n, perPrivateHost)
		}
	}
}

// What a torrent and a peer may cost; the package documentation states it.
const (
	bytesPerTorrent = 165
	bytesPerPeer    = 65
)

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what pools hold is let go by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestManyIdleTorrentsCostLittle(t *testing.T) {
	for _, n := range []uint32{60_000, 100_000, 120_000} { // maps are emptiest after they have grown
		before := heap()
		tr := New(Options{})
		for i := range n {
			v1, v2 := [20]byte{1}, [20]byte{2}
			binary.BigEndian.PutUint32(v1[10:], i)
			binary.BigEndian.PutUint32(v2[10:], i)
			tr.Allow(v1, v2)
		}
		got := (heap() - before) / int64(n)
		if t.Logf("%d torrents: %d bytes each", n, got); got > bytesPerTorrent {
			t.Errorf("want at most %d", bytesPerTorrent)
		}
		runtime.KeepAlive(tr)
	}
}

// A flood of announces from everywhere, with every kind of torrent, address and peer
// id, stays below the bound that the package states, and leaves a tracker that answers.
func TestAFloodStaysWithinItsMemory(t *testing.T) {
	const torrents, most, announces = flood / 100, flood / 5, flood
	before := heap()
	b := newUDPBench(t, Options{MaxTotal: most})
	hash := func(i uint32) (h [20]byte) { binary.BigEndian.PutUint32(h[:], i+1); return h }
	for i := range uint32(torrents) {
		b.Allow(hash(i))
	}
	var worst int64
	for i := range announces {
		b.now = b.now.Add(50 * time.Microsecond)
		var addr netip.AddrPort
		if n := rand.Uint32(); n%2 == 0 {
			addr = v4(n>>1, uint16(1+n%1000))
		} else {
			addr = v6(uint64(n), rand.Uint64())
		}
		at := rand.Uint32N(torrents)
		if i%3 == 0 { // a wave that goes over the torrents one by one
			at = uint32(i / 3000 % torrents)
		}
		packet := udpAnnouncement(b.connect(addr.Addr()), hash(at), uint64(i%5), event(i%3), -1, addr.Port())
		rand.NewChaCha8([32]byte{byte(i), byte(i >> 8)}).Read(packet[36:56]) // the peer id
		if got := b.desk.reply(packet, addr.Addr(), home); binary.BigEndian.Uint32(got) != udpAnnounce {
			t.Fatalf("answer %q", got)
		}
		if i%(announces/4) == announces/4-1 {
			worst = max(worst, heap()-before)
		}
	}
	if s := b.Stats(); s.Peers != most || s.Announces != announces {
		t.Errorf("%+v, want %d peers", s, most)
	}
	if bound := int64(most*bytesPerPeer + torrents*bytesPerTorrent); worst > bound {
		t.Errorf("%d bytes, want at most %d", worst, bound)
	} else {
		t.Logf("%d bytes, %d a peer", worst, worst/most)
	}
	b.checkLinks()
	b.now = b.now.Add(time.Hour)
	if n := b.Stats().Peers; n != 0 {
		t.Errorf("%d peers are left after an hour", n)
	}
	if got := b.tell(hash(1), v4(1, 1), true, eventNone); got.complete != 1 || got.incomplete != 0 {
		t.Errorf("after the flood %v", got.counts)
	}
	b.checkLinks()
}

package tracker

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"time"
)

// peer is one entry of a swarm.
type peer struct {
	addr netip.AddrPort
	seed bool
	here bool // on the machine of this tracker
	seen time.Time
}

// swarm is the peers of one torrent. The list allows a random choice in time
// that does not depend on its length, the index finds a peer in it.
type swarm struct {
	names     int // infohashes that lead here
	peers     []peer
	index     map[netip.AddrPort]int
	seeds     int
	completed int // downloads that ended here, as told
	swept     time.Time
}

func newSwarm() *swarm { return &swarm{index: map[netip.AddrPort]int{}} }

func (s *swarm) has(addr netip.AddrPort) bool {
	_, ok := s.index[addr]
	return ok
}

// put adds or refreshes a peer and returns how many were added. completed says
// that its download ended just now.
func (s *swarm) put(p peer, completed bool) (added int) {
	i, ok := s.index[p.addr]
	if !ok {
		i = len(s.peers)
		s.peers = append(s.peers, peer{addr: p.addr})
		s.index[p.addr] = i
		added = 1
	}
	if completed && !s.peers[i].seed {
		s.completed++
	}
	s.count(s.peers[i].seed, -1)
	s.count(p.seed, 1)
	s.peers[i] = p
	return added
}

func (s *swarm) count(seed bool, n int) {
	if seed {
		s.seeds += n
	}
}

// remove drops a peer and returns how many were dropped.
func (s *swarm) remove(addr netip.AddrPort) int {
	i, ok := s.index[addr]
	if !ok {
		return 0
	}
	s.count(s.peers[i].seed, -1)
	delete(s.index, addr)
	last := len(s.peers) - 1
	if i != last {
		s.peers[i] = s.peers[last]
		s.index[s.peers[i].addr] = i
	}
	s.peers[last] = peer{}
	s.peers = s.peers[:last]
	return 1
}

// expire drops the peers that were silent for longer than age, and returns how
// many. It looks only now and then, so that an announce stays cheap.
func (s *swarm) expire(now time.Time, age time.Duration) (dropped int) {
	if now.Sub(s.swept) < age/8 {
		return 0
	}
	s.swept = now
	for i := len(s.peers) - 1; i >= 0; i-- {
		if now.Sub(s.peers[i].seen) > age {
			dropped += s.remove(s.peers[i].addr)
		}
	}
	return dropped
}

// view is whom a list of peers is for.
type view struct {
	self  peer
	local netip.Addr // the machine of this tracker, as the asker reached it
}

// sees translates a peer's address for the asker. A seed has no use for seeds.
// A peer on this machine, such as the embedded seeder, announced from an address
// that may mean nothing elsewhere: others reach it where they reached the tracker.
func (v view) sees(p peer) (netip.AddrPort, bool) {
	if p.addr == v.self.addr || v.self.seed && p.seed {
		return netip.AddrPort{}, false
	}
	if !p.here || v.self.here {
		return p.addr, true
	}
	ok := v.local.IsValid() && !v.local.IsLoopback() && !v.local.IsUnspecified()
	return netip.AddrPortFrom(v.local, p.addr.Port()), ok
}

// pick chooses up to n peers: a walk through the list from a random place with
// a random stride. It looks at a bounded number of them. BEP 7, BEP 23
func (s *swarm) pick(n int, v view) (v4, v6 []byte) {
	v4 = []byte{}
	size := len(s.peers)
	if size == 0 {
		return v4, nil
	}
	at, stride := rand.IntN(size), coprime(size)
	for range min(size, 4*n) {
		p := s.peers[at]
		at = (at + stride) % size
		addr, ok := v.sees(p)
		if !ok {
			continue
		}
		if n--; n < 0 {
			break
		}
		if addr.Addr().Is4() {
			v4 = appendPeer(v4, addr)
		} else {
			v6 = appendPeer(v6, addr)
		}
	}
	return v4, v6
}

func appendPeer(b []byte, a netip.AddrPort) []byte {
	b = append(b, a.Addr().AsSlice()...)
	return binary.BigEndian.AppendUint16(b, a.Port())
}

// coprime is a random stride that visits each of size places once.
func coprime(size int) int {
	for {
		if k := 1 + rand.IntN(size); gcd(size, k) == 1 {
			return k
		}
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

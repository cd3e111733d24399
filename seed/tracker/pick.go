package tracker

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
)

// sees translates a peer's address for the one that asks. Who only uploads has no
// use for others of the kind; but who starts may be one that has only a magnet link, and
// says that nothing is left since it knows no size (aria2). A peer on this machine, such as the embedded
// seeder, announced from an address that may mean nothing elsewhere: others reach
// it where they reached the tracker.
func (a *announcement) sees(self, p *peer) (netip.Addr, bool) {
	const uploads = seeding | paused
	idle := self.flags&uploads != 0 && p.flags&uploads != 0 && a.event != eventStarted
	if p.addr == self.addr && p.port == self.port || idle {
		return netip.Addr{}, false
	}
	if p.flags&here == 0 || self.flags&here != 0 {
		return p.ip(), true
	}
	return a.local, a.local.IsValid() && !a.local.IsLoopback() && !a.local.IsUnspecified()
}

// pick chooses peers for an answer: a walk through the list from a random place
// with a random stride. It looks at a bounded number of them. BEP 7, BEP 23
func (s *shard) pick(a *announcement, self *peer, out *answer) {
	list := s.torrents[self.torrent].peers
	size, n := len(list), a.numwant
	at, stride := 0, 1
	if size > n {
		at, stride = rand.IntN(size), coprime(size)
	}
	for range min(size, 4*n) {
		p := &s.peers[list[at]]
		if at += stride; at >= size {
			at -= size
		}
		addr, ok := a.sees(self, p)
		switch {
		case !ok:
			continue
		case addr.Is4() && a.v4:
			out.v4 = appendPeer(out.v4, addr, p.port)
		case !addr.Is4() && a.v6:
			out.v6 = appendPeer(out.v6, addr, p.port)
		default:
			continue
		}
		if n--; n == 0 {
			return
		}
	}
}

func appendPeer(b []byte, addr netip.Addr, port uint16) []byte {
	if addr.Is4() {
		ip := addr.As4()
		b = append(b, ip[:]...)
	} else {
		ip := addr.As16()
		b = append(b, ip[:]...)
	}
	return binary.BigEndian.AppendUint16(b, port)
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

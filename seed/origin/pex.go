package origin

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// Peer exchange (BEP 11).
const (
	pexInterval = time.Minute
	maxPex      = 50 // addresses that are told of
	maxPexTaken = 100
	ourPexID    = 2 // the number under which peers send us ut_pex. BEP 10
)

// Flags of an address. BEP 11
const (
	pexEncrypts  = 0x01
	pexSeed      = 0x02
	pexReachable = 0x10
)

// pexRounds is what was told in the last round, under the lock of awake.
type pexRounds struct {
	last time.Time
	told map[netip.AddrPort]byte // flags by address
}

type pexMessage struct {
	Added    []byte `bencode:"added"`
	AddedF   []byte `bencode:"added.f"`
	Added6   []byte `bencode:"added6"`
	Added6F  []byte `bencode:"added6.f"`
	Dropped  []byte `bencode:"dropped"`
	Dropped6 []byte `bencode:"dropped6"`
}

// exchange tells the peers who were told of others before what changed since,
// once a minute.
func (a *awake) exchange(now time.Time) {
	a.mu.Lock()
	if a.private || now.Sub(a.pex.last) < pexInterval {
		a.mu.Unlock()
		return
	}
	a.pex.last = now
	before := a.pex.told
	a.pex.told = a.listening(before)
	current := a.pex.told
	var tell []*conn
	for c := range a.conns {
		if c.exchanging {
			tell = append(tell, c)
		}
	}
	a.mu.Unlock()
	for _, c := range tell {
		c.tellOf(before, current)
	}
}

// introduce tells a peer that speaks the extension of the others.
func (a *awake) introduce(c *conn) {
	a.mu.Lock()
	if a.private || c.exchanging {
		a.mu.Unlock()
		return
	}
	c.exchanging = true
	a.pex.told = a.listening(a.pex.told)
	current := a.pex.told
	a.mu.Unlock()
	c.tellOf(nil, current)
}

func (c *conn) tellOf(before, now map[netip.AddrPort]byte) {
	self, _ := c.listensAt()
	if m := pexDiff(before, now, self); m != nil {
		c.send(message(msgExtended, append([]byte{byte(c.pexID.Load())}, m...)))
	}
}

// listening chooses the addresses that peers are told of: those of before that
// are still there, and others as far as there is room.
func (a *awake) listening(before map[netip.AddrPort]byte) map[netip.AddrPort]byte {
	all, current := map[netip.AddrPort]byte{}, map[netip.AddrPort]byte{}
	for c := range a.conns {
		if addr, flags := c.listensAt(); addr.IsValid() {
			all[addr] = flags
			if _, ok := before[addr]; ok {
				current[addr] = flags
			}
		}
	}
	for addr, flags := range all {
		if len(current) >= maxPex {
			break
		}
		current[addr] = flags
	}
	return current
}

// pexDiff is the message that turns one list into another for a peer that is
// itself at self, nil if there is nothing to tell.
func pexDiff(before, now map[netip.AddrPort]byte, self netip.AddrPort) []byte {
	var m pexMessage
	told := false
	for addr, flags := range now {
		if _, ok := before[addr]; ok || addr == self {
			continue
		}
		told = true
		if addr.Addr().Is4() {
			m.Added, m.AddedF = appendAddr(m.Added, addr), append(m.AddedF, flags)
		} else {
			m.Added6, m.Added6F = appendAddr(m.Added6, addr), append(m.Added6F, flags)
		}
	}
	for addr := range before {
		if _, ok := now[addr]; ok || addr == self {
			continue
		}
		told = true
		if addr.Addr().Is4() {
			m.Dropped = appendAddr(m.Dropped, addr)
		} else {
			m.Dropped6 = appendAddr(m.Dropped6, addr)
		}
	}
	if !told {
		return nil
	}
	return bencode.MustMarshal(&m)
}

func appendAddr(b []byte, a netip.AddrPort) []byte {
	b = append(b, a.Addr().AsSlice()...)
	return binary.BigEndian.AppendUint16(b, a.Port())
}

// parsePex reads the addresses that a peer tells of.
func parsePex(p []byte) (peers []netip.AddrPort, err error) {
	var m pexMessage
	if err := unmarshalPrefix(p, &m); err != nil {
		return nil, errors.New("malformed peer exchange")
	}
	peers = append(compactPeers(m.Added, 4), compactPeers(m.Added6, 16)...)
	return peers[:min(len(peers), maxPexTaken)], nil
}

// compactPeers reads addresses of size bytes, each with a port. BEP 7, BEP 23
func compactPeers(b []byte, size int) (peers []netip.AddrPort) {
	for ; len(b) >= size+2; b = b[size+2:] {
		addr, _ := netip.AddrFromSlice(b[:size])
		peers = append(peers, netip.AddrPortFrom(addr, binary.BigEndian.Uint16(b[size:])))
	}
	return peers
}

// onPex takes addresses, as candidates to dial.
func (c *conn) onPex(p []byte) error {
	if c.a.private {
		return nil
	}
	peers, err := parsePex(p)
	if err != nil {
		return err
	}
	now := time.Now()
	if now.Sub(c.pexTaken) < pexInterval/2 {
		return nil // told too often
	}
	c.pexTaken = now
	c.e.dialer.offer(c.t, c.hello.infohash, peers, now)
	return nil
}

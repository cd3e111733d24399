package announce

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
)

// Bounds on what is taken from a tracker.
const (
	maxPeers  = 200
	maxReason = 200 // characters
	numWant   = 50
)

// askTime is how long an announcement by packets takes at most.
const askTime = time.Minute

// A family that fails at a tracker whose other one works is left alone.
const (
	firstDetour = 10 * time.Minute
	maxDetour   = 6 * time.Hour
)

// family of addresses. A tracker learns of the address an announcement comes
// from, so both are announced over. BEP 7
type family int

const (
	v4 family = iota
	v6
)

// network is "tcp4" for "tcp".
func (f family) network(kind string) string { return kind + [...]string{"4", "6"}[f] }

// wire makes announcements.
type wire struct {
	peerID   [20]byte
	uploaded func(string) int64
	ports    [2]atomic.Uint32 // by family
	http     [2]*httpClient
	udp      [2]*udpSocket
	dht      *dhtNodes // nil: none
}

func newWire(o Options) (*wire, error) {
	w := &wire{
		peerID: o.PeerID, uploaded: o.Uploaded,
		http: [2]*httpClient{newHTTPClient(v4), newHTTPClient(v6)},
		udp:  [2]*udpSocket{newUDPSocket(v4), newUDPSocket(v6)},
	}
	if w.uploaded == nil {
		w.uploaded = func(string) int64 { return 0 }
	}
	w.setPorts(o.Port, o.Port6)
	var err error
	w.dht, err = newDHTNodes(o.DHT, logger(o))
	return w, err
}

// setPorts says whether they changed.
func (w *wire) setPorts(port, port6 uint16) bool {
	if port6 == 0 {
		port6 = port
	}
	old := w.ports[v4].Swap(uint32(port))
	old6 := w.ports[v6].Swap(uint32(port6))
	return old != uint32(port) || old6 != uint32(port6)
}

func (w *wire) port(f family) uint16 { return uint16(w.ports[f].Load()) }

// key tells a tracker that we are who we were when our address changed.
func (w *wire) key() uint32 { return binary.BigEndian.Uint32(w.peerID[16:]) }

func (w *wire) close() {
	if w == nil {
		return
	}
	for f := range w.http {
		w.http[f].close()
		w.udp[f].close()
	}
	w.dht.close()
}

// ask makes one announcement, over the families the tracker has. It went well
// if one of them did.
func (w *wire) ask(ctx context.Context, r request) (answer, error) {
	if r.tracker.isDHT() {
		ctx, cancel := context.WithTimeout(ctx, askTime)
		defer cancel()
		return w.dht.announce(ctx, r.hash, w)
	}
	var got [2]answer
	var errs [2]error
	l := r.tracker.link
	families := l.families(time.Now())
	if len(families) == 1 {
		return w.askOver(ctx, families[0], r)
	}
	var wg sync.WaitGroup
	for _, f := range families {
		wg.Go(func() { got[f], errs[f] = w.askOver(ctx, f, r) })
	}
	wg.Wait()
	if ctx.Err() == nil {
		l.judge(errs, time.Now())
	}
	return join(got, errs)
}

func (w *wire) askOver(ctx context.Context, f family, r request) (answer, error) {
	if r.tracker.link.url.Scheme == "udp" {
		ctx, cancel := context.WithTimeout(ctx, askTime)
		defer cancel()
		return w.askUDP(ctx, f, r)
	}
	return w.askHTTP(ctx, f, r)
}

// join makes one answer of those over both families.
func join(got [2]answer, errs [2]error) (answer, error) {
	switch {
	case errs[v4] != nil && errs[v6] != nil:
		if f, ok := errors.AsType[*failure](errs[v6]); ok && f.refused {
			return answer{}, errs[v6]
		}
		return answer{}, errs[v4]
	case errs[v4] != nil:
		return got[v6], nil
	case errs[v6] != nil:
		return got[v4], nil
	}
	a, b := got[v4], got[v6]
	a.peers = append(a.peers, b.peers...)
	a.peers = a.peers[:min(len(a.peers), maxPeers)]
	a.seeds, a.leechers = max(a.seeds, b.seeds), max(a.leechers, b.leechers)
	if !a.external.IsValid() {
		a.external = b.external
	}
	return a, nil
}

// link is the way to a tracker.
type link struct {
	url  *url.URL
	site site     // that of url
	has  []family // what its host can have: one for an address

	mu    sync.Mutex
	id    string // "tracker id", to be sent back
	paths [2]path
}

// path is the way over one family.
type path struct {
	failures int // in a row, while the other family worked
	until    time.Time
	udp      udpPath
	addresses
}

func newLink(u *url.URL) *link {
	l := &link{url: u, has: []family{v4, v6}}
	l.site = siteOf(u, l)
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		l.has = []family{familyOf(addr)}
	}
	return l
}

func familyOf(a netip.Addr) family {
	if a.Unmap().Is4() {
		return v4
	}
	return v6
}

// families lists those worth a try.
func (l *link) families(now time.Time) (out []family) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.has {
		if !now.Before(l.paths[f].until) {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		return l.has
	}
	return out
}

// judge remembers which of two families works.
func (l *link) judge(errs [2]error, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.has {
		p := &l.paths[f]
		switch {
		case errs[f] == nil:
			p.failures, p.until = 0, time.Time{}
		case errs[1-f] == nil:
			p.until = now.Add(min(firstDetour<<min(p.failures, 10), maxDetour))
			p.failures++
		}
	}
}

// validPeers drops what nobody can listen on, and what is too much.
func validPeers(peers []netip.AddrPort) []netip.AddrPort {
	out := peers[:0]
	for _, p := range peers {
		addr := p.Addr().Unmap().WithZone("")
		if len(out) == maxPeers {
			break
		}
		if addr.IsValid() && p.Port() != 0 && !addr.IsUnspecified() && !addr.IsMulticast() && addr != broadcast {
			out = append(out, netip.AddrPortFrom(addr, p.Port()))
		}
	}
	return out
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// brief makes what a stranger says fit for a log and a page.
func brief(s string) string {
	if len(s) > 4*maxReason {
		s = s[:4*maxReason]
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.ToValidUTF8(s, "?"))
	if r := []rune(s); len(r) > maxReason {
		s = string(r[:maxReason])
	}
	return s
}

package origin

import (
	"net/netip"
	"time"

	"commonseed/seed"
	"commonseed/seed/lsd"
)

// newDiscovery announces on the local network, where peers are near.
func (e *Engine) newDiscovery(o Options) *lsd.Discovery {
	next := 0
	return lsd.New(lsd.Options{
		Port: uint16(e.PeerPort()),
		Next: func() (hashes [][20]byte) {
			hashes, next = e.nextLocal(next)
			return hashes
		},
		Found:  e.foundLocally,
		Logger: o.Logger,
	})
}

// nextLocal chooses what is announced: what has peers, and of the others as many
// as fit, in turn from the one numbered at on.
func (e *Engine) nextLocal(at int) (hashes [][20]byte, next int) {
	seen := map[*torrent]bool{}
	add := func(t *torrent) {
		if !seen[t] && !t.private && t.serving() {
			seen[t] = true
			hashes = append(hashes, t.swarms...)
		}
	}
	for _, t := range e.listAwake() {
		add(t)
	}
	all := e.list()
	for range all {
		if len(hashes) >= lsd.MaxHashes {
			break
		}
		add(all[at%len(all)])
		at++
	}
	return hashes, at
}

// serving says whether a torrent is in service.
func (t *torrent) serving() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state == seed.Seeding && !t.gone
}

// foundLocally takes a peer on the local network that wants some torrent.
func (e *Engine) foundLocally(infohash [20]byte, peer netip.AddrPort) {
	if t := e.bySwarm(infohash); t != nil && !t.private {
		// It is near: no need to wait whether it comes by itself.
		e.dialer.offer(t, infohash, []netip.AddrPort{peer}, time.Now().Add(-dialAfter))
	}
}

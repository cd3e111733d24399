package origin

import (
	"net/netip"
	"slices"
	"time"

	"commonseed/seed"
)

// Report is the engine as a whole, as it stands.
type Report struct {
	Uploaded int64     `json:"uploaded"` // payload bytes sent since New
	Rate     float64   `json:"rate"`     // of it per second, over the last few seconds
	Peers    int       `json:"peers"`    // connected, also those that still shake hands
	Torrents int       `json:"torrents"`
	Awake    int       `json:"awake"` // torrents that have peers, or had some a moment ago
	Slots    int       `json:"slots"` // peers that may ask at a time, beside those that are super-seeded
	Waiting  int       `json:"waiting"`
	Limits   Limits    `json:"limits"`
	PeerPort int       `json:"peer_port"`
	Incoming time.Time `json:"incoming,omitzero"` // when somebody last came in from beyond the local network: the port is reachable
}

// Report answers how the engine does.
func (e *Engine) Report() Report {
	e.mu.Lock()
	r := Report{
		Peers: len(e.conns), Torrents: len(e.torrents), Awake: len(e.awake),
		Rate: e.meter.perSecond(time.Now()), Incoming: e.incoming,
	}
	e.mu.Unlock()
	r.Uploaded = e.uploaded.Load()
	r.Limits = *e.limits.Load()
	r.PeerPort = e.PeerPort()
	r.Slots, r.Waiting = e.choker.count()
	return r
}

// Peer is one connected peer.
type Peer struct {
	Address    netip.AddrPort `json:"address"`
	Client     string         `json:"client,omitempty"` // as it calls itself: anything
	Since      time.Time      `json:"since"`
	Have       float64        `json:"have"` // of the pieces, 0 to 1
	Sent       int64          `json:"sent"` // payload bytes
	Rate       float64        `json:"rate"` // of it per second
	Dialled    bool           `json:"dialled,omitempty"`
	Encrypted  bool           `json:"encrypted,omitempty"`
	Interested bool           `json:"interested,omitempty"`
	Unchoked   bool           `json:"unchoked,omitempty"`
	Passed     int            `json:"passed,omitempty"` // pieces that others got from it first
}

// Peers lists the peers of a torrent, the longest connected first.
// Errors: seed.ErrUnknown.
func (e *Engine) Peers(infohash string) ([]Peer, error) {
	t := e.byID(infohash)
	if t == nil {
		return nil, seed.ErrUnknown
	}
	a := t.current()
	if a == nil {
		return nil, nil
	}
	now := time.Now()
	var out []Peer
	for _, c := range a.peers() {
		out = append(out, c.report(now))
	}
	slices.SortFunc(out, func(p, q Peer) int { return p.Since.Compare(q.Since) })
	return out, nil
}

func (c *conn) report(now time.Time) Peer {
	p := Peer{
		Address: remote(c.nc), Since: c.since, Sent: c.sent.Load(),
		Dialled: c.dialled, Encrypted: c.encrypted,
	}
	c.mu.Lock()
	p.Client, p.Interested, p.Unchoked = c.client, c.interested, !c.choked
	c.mu.Unlock()
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	p.Have = float64(c.have.count) / float64(c.have.n)
	p.Rate, p.Passed = c.meter.perSecond(now), c.passed
	return p
}

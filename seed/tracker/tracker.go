// Package tracker is the embedded tracker, over HTTP and UDP: it tells the peers of
// a channel's own torrents about each other.
//
//   - tracker.go  Options, Tracker: which torrents, what an announce and a scrape do
//   - shard.go    the peers of many torrents, in little memory
//   - evict.go    who has to go: the silent ones, and when it is full
//   - pick.go     which peers an answer names
//   - http.go     answers over HTTP (BEP 3, 7, 21, 23, 24, 48)
//   - query.go    reads a request, with suspicion
//   - udp.go      answers over UDP (BEP 15)
//   - connid.go   the connection ids of UDP
//   - post_linux.go, post_other.go  packets from and to a socket
//
// It knows only the torrents it is told of, keeps everything in memory and
// within bounds, and believes no peer about its address.
//
// A torrent with two infohashes costs 110 to 165 bytes, and a remembered peer 65 at
// most: the heap stays below 65·MaxTotal + 165·torrents whatever is announced.
package tracker

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Options configures a Tracker. The zero value is usable.
type Options struct {
	Interval time.Duration    // between two announces of a peer, at most; 0: 10 minutes
	MaxPeers int              // remembered per torrent; 0: 10,000
	MaxTotal int              // remembered over all torrents; 0: 500,000
	Now      func() time.Time // nil: time.Now
}

// Tracker answers announces and scrapes for the torrents it was told of. It may
// be used from several goroutines.
type Tracker struct {
	interval time.Duration
	now      func() time.Time
	start    time.Time
	key      []byte // of the connection ids

	// Announces hold mu for reading while they work, so a torrent never changes
	// its place meanwhile.
	mu     sync.RWMutex
	places map[[20]byte]uint32 // by every infohash of a torrent: torrent·shards + shard
	turn   uint32              // the shard of the next torrent
	shards [shards]shard

	announces, scrapes, refusals atomic.Int64
}

// New returns a Tracker that knows no torrent.
func New(o Options) *Tracker {
	if o.Interval <= 0 {
		o.Interval = 10 * time.Minute
	}
	if o.MaxPeers <= 0 {
		o.MaxPeers = 10_000
	}
	if o.MaxTotal <= 0 {
		o.MaxTotal = 500_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	t := &Tracker{interval: o.Interval, now: o.Now, start: o.Now(), key: newKey(), places: map[[20]byte]uint32{}}
	for i := range t.shards {
		t.shards[i].init(max(1, o.MaxTotal/shards), o.MaxPeers)
	}
	return t
}

// Allow lets peers announce one torrent. All its infohashes go into one call,
// the v1 one and the v2 one cut to 20 bytes: they name one swarm, so that
// clients of both versions find each other. Allowing again changes nothing.
func (t *Tracker) Allow(infohashes ...[20]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	place, known := uint32(0), false
	for _, h := range infohashes {
		if !known {
			place, known = t.places[h]
		}
	}
	for _, h := range infohashes {
		if _, ok := t.places[h]; ok {
			continue
		}
		if !known {
			place, known = t.shards[t.turn].add()*shards+t.turn, true
			t.turn = (t.turn + 1) % shards
		}
		t.places[h] = place
		t.shards[place%shards].torrents[place/shards].names++
	}
}

// Forget takes infohashes back. A torrent without any loses its peers.
func (t *Tracker) Forget(infohashes ...[20]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range infohashes {
		place, ok := t.places[h]
		if !ok {
			continue
		}
		delete(t.places, h)
		s := &t.shards[place%shards]
		if s.torrents[place/shards].names--; s.torrents[place/shards].names == 0 {
			s.forget(place / shards)
		}
	}
}

// event is what happened to a peer, by the numbers of BEP 15. paused is BEP 21.
type event uint32

const (
	eventNone event = iota
	eventCompleted
	eventStarted
	eventStopped
	eventPaused
)

// announcement is what an announce says that matters here. Addresses in it are
// ignored: a peer could name a victim.
type announcement struct {
	infohash [20]byte
	port     uint16
	seed     bool
	event    event
	numwant  int        // bounded by the reader
	from     netip.Addr // where it came from, unmapped and without a zone
	local    netip.Addr // where it arrived; invalid if that is not known
	v4, v6   bool       // the kinds of addresses that the answer can hold
}

// answer is what is told to a peer. It is used again and again.
type answer struct {
	counts
	interval int    // seconds
	v4, v6   []byte // peers, compact. BEP 7, BEP 23
}

// counts are the sizes of a swarm.
type counts struct {
	complete, incomplete int
	downloaded           int // downloads that ended here, as told
	downloaders          int // incomplete ones that are no partial seeds. BEP 21
}

// announce remembers the peer, or drops one that stops, and names others to it.
func (t *Tracker) announce(a *announcement, out *answer) error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	place, ok := t.places[a.infohash]
	if !ok {
		return errUnregistered
	}
	s, id := &t.shards[place%shards], place/shards
	s.mu.Lock()
	defer s.mu.Unlock()
	now := t.seconds()
	s.expire(now - t.patience())
	self := a.peer(id, now)
	out.v4, out.v6 = out.v4[:0], out.v6[:0]
	if a.event == eventStopped {
		s.drop(&self)
	} else {
		s.put(&self, a.event == eventCompleted)
		s.pick(a, &self, out)
	}
	out.counts = s.torrents[id].counts()
	// Peers that came at the same moment do not come back at the same moment.
	most := max(1, int(t.interval/time.Second))
	out.interval = most - rand.IntN(most/4+1)
	t.announces.Add(1)
	return nil
}

// minInterval is how soon a peer may come back, in seconds.
func (t *Tracker) minInterval() int { return int(t.interval / 2 / time.Second) }

// scrape counts a torrent's peers. It is false for a torrent that is not tracked here.
func (t *Tracker) scrape(infohash *[20]byte) (counts, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	place, ok := t.places[*infohash]
	if !ok {
		return counts{}, false
	}
	s := &t.shards[place%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(t.seconds() - t.patience())
	return s.torrents[place/shards].counts(), true
}

// seconds is the time in the peers' own count.
func (t *Tracker) seconds() int32 { return int32(t.now().Sub(t.start) / time.Second) }

// patience is how long a peer may be silent, in seconds: an announce may get lost.
func (t *Tracker) patience() int32 { return int32(2 * t.interval / time.Second) }

// Stats says how much a Tracker knows, and what it did since it was made.
type Stats struct {
	Torrents  int   // that are tracked
	Peers     int   // that are remembered
	Announces int64 // answered with peers
	Scrapes   int64 // answered
	Refusals  int64 // requests answered with a reason
}

// Stats counts the peers, without those who were silent for too long.
func (t *Tracker) Stats() Stats {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := Stats{Announces: t.announces.Load(), Scrapes: t.scrapes.Load(), Refusals: t.refusals.Load()}
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		s.expire(t.seconds() - t.patience())
		all.Torrents += len(s.torrents) - len(s.unused)
		all.Peers += s.count
		s.mu.Unlock()
	}
	return all
}

// Package tracker is the embedded HTTP tracker: it tells the peers of a channel's
// own torrents about each other.
//
//   - tracker.go  Options, Tracker: which torrents, what is answered
//   - query.go    reads a request, with suspicion
//   - swarm.go    the peers of one torrent
//
// It knows only the torrents it is told of, keeps everything in memory and
// within bounds, and believes no peer about its address.
package tracker

import (
	"net/http"
	"net/netip"
	"path"
	"sync"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// Options configures a Tracker. The zero value is usable.
type Options struct {
	Interval time.Duration    // between two announces of a peer; 0: 10 minutes
	MaxPeers int              // remembered per torrent; 0: 2000
	MaxTotal int              // remembered over all torrents; 0: 50000
	Now      func() time.Time // nil: time.Now
}

// Tracker answers /announce and /scrape for the torrents it was told of. It may
// be used from several goroutines.
type Tracker struct {
	interval time.Duration
	maxPeers int
	maxTotal int
	now      func() time.Time

	mu     sync.Mutex
	swarms map[[20]byte]*swarm // by every infohash of a torrent
	total  int                 // peers in all swarms
}

// New returns a Tracker that knows no torrent.
func New(o Options) *Tracker {
	t := &Tracker{
		interval: o.Interval, maxPeers: o.MaxPeers, maxTotal: o.MaxTotal, now: o.Now,
		swarms: map[[20]byte]*swarm{},
	}
	if t.interval <= 0 {
		t.interval = 10 * time.Minute
	}
	if t.maxPeers <= 0 {
		t.maxPeers = 2000
	}
	if t.maxTotal <= 0 {
		t.maxTotal = 50_000
	}
	if t.now == nil {
		t.now = time.Now
	}
	return t
}

// Allow lets peers announce one torrent. All its infohashes go into one call,
// the v1 one and the v2 one cut to 20 bytes: they name one swarm, so that
// clients of both versions find each other. Allowing again changes nothing.
func (t *Tracker) Allow(infohashes ...[20]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var s *swarm
	for _, h := range infohashes {
		if s == nil {
			s = t.swarms[h]
		}
	}
	if s == nil {
		s = newSwarm()
	}
	for _, h := range infohashes {
		if t.swarms[h] == nil {
			t.swarms[h] = s
			s.names++
		}
	}
}

// Forget takes infohashes back. A torrent without any loses its peers.
func (t *Tracker) Forget(infohashes ...[20]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range infohashes {
		s := t.swarms[h]
		if s == nil {
			continue
		}
		delete(t.swarms, h)
		if s.names--; s.names == 0 {
			t.total -= len(s.peers)
		}
	}
}

// ServeHTTP answers paths that end in /announce and /scrape. Refusals are a
// "failure reason" with status 200, as clients expect. BEP 3
func (t *Tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	var answer any
	var err error
	switch path.Base(r.URL.Path) {
	case "announce":
		answer, err = t.announce(r)
	case "scrape":
		answer, err = t.scrape(r)
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		answer = &failure{err.Error()}
	}
	body, err := bencode.Marshal(answer)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body)
}

type failure struct {
	Reason string `bencode:"failure reason"`
}

// announceAnswer is the answer of BEP 3 with the compact lists of BEP 7 and 23
// and the address of BEP 24.
type announceAnswer struct {
	Complete    int    `bencode:"complete"`
	ExternalIP  []byte `bencode:"external ip"`
	Incomplete  int    `bencode:"incomplete"`
	Interval    int    `bencode:"interval"`
	MinInterval int    `bencode:"min interval"`
	Peers       []byte `bencode:"peers"`
	Peers6      []byte `bencode:"peers6,omitempty"`
}

func (t *Tracker) announce(r *http.Request) (any, error) {
	q, err := parseAnnounce(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	addr, err := clientAddr(r)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.swarms[q.infohash]
	if s == nil {
		return nil, errUnregistered
	}
	now := t.now()
	t.total -= s.expire(now, 2*t.interval)
	local := localAddr(r)
	self := peer{
		addr: netip.AddrPortFrom(addr, q.port),
		seed: q.left == 0,
		here: addr.IsLoopback() || addr == local,
		seen: now,
	}
	if q.event == "stopped" {
		t.total -= s.remove(self.addr)
	} else if s.has(self.addr) || t.roomLocked(s, now) {
		t.total += s.put(self, q.event == "completed")
	}
	a := &announceAnswer{
		Complete: s.seeds, Incomplete: len(s.peers) - s.seeds,
		ExternalIP:  addr.AsSlice(),
		Interval:    int(t.interval / time.Second),
		MinInterval: int(t.interval / 2 / time.Second),
		Peers:       []byte{},
	}
	if q.event != "stopped" {
		a.Peers, a.Peers6 = s.pick(q.numwant, view{self, local})
	}
	return a, nil
}

// roomLocked says whether one more peer fits, after dropping who went away.
func (t *Tracker) roomLocked(s *swarm, now time.Time) bool {
	if len(s.peers) >= t.maxPeers {
		return false
	}
	if t.total >= t.maxTotal {
		for _, other := range t.swarms {
			t.total -= other.expire(now, 2*t.interval)
		}
	}
	return t.total < t.maxTotal
}

type scrapeAnswer struct {
	Files map[string]scrapeFile `bencode:"files"`
}

type scrapeFile struct {
	Complete   int `bencode:"complete"`
	Downloaded int `bencode:"downloaded"`
	Incomplete int `bencode:"incomplete"`
}

// scrape counts the peers of the torrents asked for. BEP 48
func (t *Tracker) scrape(r *http.Request) (any, error) {
	hashes, err := parseScrape(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	a := &scrapeAnswer{Files: map[string]scrapeFile{}}
	for _, h := range hashes {
		if s := t.swarms[h]; s != nil {
			t.total -= s.expire(t.now(), 2*t.interval)
			a.Files[string(h[:])] = scrapeFile{s.seeds, s.completed, len(s.peers) - s.seeds}
		}
	}
	return a, nil
}

package origin

import (
	"errors"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"commonseed/seed"
)

// linger is how long a torrent stays awake after its last peer left.
const linger = time.Minute

// awake is what a torrent has in memory while peers are there.
type awake struct {
	*layout
	t       *torrent
	handles *handles
	stamps  []stamp // under which its files are served
	trees   trees
	limit   *rate.Limiter // upload of this torrent alone

	mu     sync.Mutex
	over   bool // halted: nobody joins any more
	conns  map[*conn]struct{}
	empty  time.Time // since when nobody is there
	avail  []uint16  // by piece, how many of the peers have it
	spread spread
	pex    pexRounds
	meter  meter
}

// errNotServed ends a handshake for a torrent that is not in service.
var errNotServed = errors.New("the torrent is not served at present")

// wake reads the torrent for peers, unless it is awake. Its files have to be
// those that were checked.
func (e *Engine) wake(t *torrent) (*awake, error) {
	t.waking.Lock()
	defer t.waking.Unlock()
	t.mu.Lock()
	a, good, served := t.awake, t.good, t.state == seed.Seeding && !t.gone
	waiting := t.queued && !t.gone
	t.mu.Unlock()
	if !served {
		if waiting {
			e.checkFirst(t)
		}
		return nil, errNotServed
	}
	if a != nil {
		return a, nil
	}
	l, err := t.load()
	if err != nil {
		e.fail(t, nil, err.Error())
		return nil, errNotServed
	}
	stamps, err := t.survey(l)
	if changed := l.doubtful(good, printsOf(stamps)); err != nil || changed != nil {
		e.suspend(t, changeReason(l, changed, err))
		return nil, errNotServed
	}
	a = newAwake(t, e.handles, l, stamps, e.spreadWake)
	a.setLimit(e.limits.Load().TorrentUpload)
	t.mu.Lock()
	served = t.state == seed.Seeding && !t.gone
	if served {
		t.awake = a
	}
	t.mu.Unlock()
	if !served {
		return nil, errNotServed
	}
	e.rouse(t)
	return a, nil
}

func changeReason(l *layout, changed []int, err error) string {
	if err != nil {
		return err.Error()
	}
	return quote(l.files[changed[0]].path) + " changed"
}

func newAwake(t *torrent, h *handles, l *layout, stamps []stamp, begun chan struct{}) *awake {
	a := &awake{
		layout: l, t: t, handles: h, stamps: stamps,
		limit: rate.NewLimiter(rate.Inf, maxBlock),
		conns: map[*conn]struct{}{},
		empty: time.Now(),
		avail: make([]uint16, l.numPieces()),
	}
	a.spread.init(l.numPieces(), l.pieceLength, begun)
	return a
}

func (a *awake) setLimit(bytesPerSecond int64) { setRate(a.limit, bytesPerSecond) }

// join counts a peer in, unless the torrent is not served any more or has enough.
func (a *awake) join(c *conn, most int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over || len(a.conns) >= most {
		return false
	}
	a.conns[c] = struct{}{}
	return true
}

func (a *awake) leave(c *conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.conns[c]; !ok {
		return
	}
	delete(a.conns, c)
	for i := range a.avail {
		if c.have.has(i) {
			a.avail[i]--
		}
	}
	a.spread.left(a, c)
	a.give(time.Now())
	if len(a.conns) == 0 {
		a.empty = time.Now()
	}
}

// peers lists who is connected.
func (a *awake) peers() []*conn {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]*conn, 0, len(a.conns))
	for c := range a.conns {
		out = append(out, c)
	}
	return out
}

// dismiss disconnects all peers for good.
func (a *awake) dismiss() {
	a.mu.Lock()
	a.over = true
	a.mu.Unlock()
	for _, c := range a.peers() {
		c.close()
	}
	a.handles.forget(a)
}

// had notes that a peer has a piece, and answers whether that is news.
func (a *awake) had(c *conn, i int, now time.Time) bool {
	if !c.have.add(i) {
		return false
	}
	if a.avail[i] < math.MaxUint16 {
		a.avail[i]++
	}
	a.spread.had(a, c, i, now)
	return true
}

// status adds what is known of a torrent that is awake.
func (a *awake) status(s *seed.Status, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.Rate = a.meter.perSecond(now)
	for c := range a.conns {
		s.Peers++
		if c.super.Load() {
			s.SuperSeeding = true
		}
	}
}

// sample lets the meters see the counters, and answers whether the torrent may
// go to sleep; called about once a second.
func (a *awake) sample(now time.Time) (sleepy bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.meter.add(now, a.t.uploaded.Load())
	for c := range a.conns {
		c.meter.add(now, c.sent.Load())
	}
	a.spread.weigh(a, a.meter.perSecond(now), now)
	a.spread.expire(a, now)
	a.give(now)
	return len(a.conns) == 0 && now.Sub(a.empty) > linger
}

package origin

import (
	"sync"
	"sync/atomic"
	"time"

	"commonseed/seed"
)

// torrent is one added torrent: what it is, how its files stand, who is there.
type torrent struct {
	*layout
	id          string // seed.Status.Infohash
	slug, title string
	root        string

	checked  atomic.Int64
	uploaded atomic.Int64

	mu     sync.Mutex
	state  seed.State
	reason string
	good   []stamp   // per file: the content that matches the torrent; zero: none known
	seen   []stamp   // per file: what the last check found, right or not
	retry  time.Time // no new check before, after a file could not be read
	queued bool      // waits for the checker
	conns  map[*conn]struct{}
	gone   bool // removed: nothing is served and nobody joins any more
	rate   meter
}

// verified answers with the stamp under which a file may be served.
func (t *torrent) verified(file int) (stamp, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.good[file], t.state == seed.Seeding
}

// join counts a peer in, unless the torrent is not served.
func (t *torrent) join(c *conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone || t.state != seed.Seeding {
		return false
	}
	t.conns[c] = struct{}{}
	return true
}

func (t *torrent) leave(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, c)
}

// halt takes the torrent out of service: every peer is disconnected, since each
// was told that all pieces are here.
func (t *torrent) halt(state seed.State, reason string) (was seed.State) {
	t.mu.Lock()
	was = t.state
	t.state, t.reason = state, reason
	conns := make([]*conn, 0, len(t.conns))
	for c := range t.conns {
		conns = append(conns, c)
	}
	clear(t.conns)
	t.mu.Unlock()
	for _, c := range conns {
		c.close()
	}
	return was
}

func (t *torrent) status(now time.Time) seed.Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	return seed.Status{
		Infohash: t.id, Slug: t.slug, Title: t.title,
		State: t.state, Reason: t.reason,
		Peers: len(t.conns), Uploaded: t.uploaded.Load(),
		Size: t.payload, Checked: t.checked.Load(),
		Rate: t.rate.perSecond(now),
	}
}

// sample lets the meter see the counter; called about once a second.
func (t *torrent) sample(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rate.add(now, t.uploaded.Load())
}

// meter is a counter's slope over the last few samples.
type meter struct {
	at    [6]time.Time
	total [6]int64
	n     int // samples so far, up to len(at); the newest is the last
}

func (m *meter) add(now time.Time, total int64) {
	if m.n == len(m.at) {
		copy(m.at[:], m.at[1:])
		copy(m.total[:], m.total[1:])
		m.n--
	}
	m.at[m.n], m.total[m.n] = now, total
	m.n++
}

func (m *meter) perSecond(now time.Time) float64 {
	if m.n < 2 {
		return 0
	}
	span := now.Sub(m.at[0]).Seconds()
	if span <= 0 {
		return 0
	}
	return float64(m.total[m.n-1]-m.total[0]) / span
}

package origin

import (
	"context"
	"time"
)

// housekeeping does what recurs each second: meters, time-outs, and what awake
// torrents need.
func (e *Engine) housekeeping(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			e.clock.Store(now.UnixNano())
			e.mu.Lock()
			e.meter.add(now, e.uploaded.Load())
			e.mu.Unlock()
			for _, t := range e.listAwake() {
				e.tend(t, now)
			}
		}
	}
}

// lookout is how often super-seeding looks at what has left.
const lookout = 20 * time.Millisecond

// spreading has the torrents that are super-seeded looked at often, as long as
// pieces of them are under way.
func (e *Engine) spreading(ctx context.Context) {
	tick := time.NewTicker(lookout)
	defer tick.Stop()
	for {
		busy := false
		now := time.Now()
		for _, t := range e.listAwake() {
			if a := t.current(); a != nil && a.look(now) {
				busy = true
			}
		}
		if !busy {
			select {
			case <-ctx.Done():
				return
			case <-e.spreadWake:
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tend looks after a torrent that is awake.
func (e *Engine) tend(t *torrent, now time.Time) {
	a := t.current()
	if a == nil || a.sample(now) {
		e.rest(t, a)
		return
	}
	if !a.superSeeded(now) {
		a.endSuperSeeding()
	}
	for _, c := range a.peers() {
		c.tend(now.UnixNano())
	}
	a.exchange(now)
}

// tend closes a connection on which nothing is heard, and keeps it alive.
func (c *conn) tend(now int64) {
	if now-c.heard.Load() > int64(silence) {
		c.close()
		return
	}
	if now-max(c.wrote.Load(), c.since.UnixNano()) < int64(keepAlive) {
		return
	}
	c.wrote.Store(now)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.control)+len(c.queue) == 0 {
		c.controlLocked(make([]byte, 4)) // keep-alive. BEP 3
	}
}

// current is what the torrent has in memory for peers, nil while it sleeps.
func (t *torrent) current() *awake {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.awake
}

// rouse lists a torrent among those that are awake.
func (e *Engine) rouse(t *torrent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.awake[t] = struct{}{}
}

// rest forgets what a torrent had in memory for peers; a is nil where that has
// happened already.
func (e *Engine) rest(t *torrent, a *awake) {
	if a != nil {
		t.mu.Lock()
		if t.awake == a {
			t.awake = nil
		}
		t.mu.Unlock()
		a.dismiss() // who is just joining comes again
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if t.current() == nil {
		delete(e.awake, t)
	}
}

func (e *Engine) listAwake() []*torrent {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]*torrent, 0, len(e.awake))
	for t := range e.awake {
		out = append(out, t)
	}
	return out
}

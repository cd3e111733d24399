package origin

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Who may ask. Peers of torrents that are super-seeded are told what to ask for
// and need no slot; all others share the upload slots of the engine.
const (
	leastSlots = 8
	slotRound  = time.Second
	slotTime   = 20 * time.Second // a peer keeps its slot at least, while others wait
	idleSlot   = time.Second      // unless it takes next to nothing by then
	wastedTime = time.Minute      // it comes after those who waited so much less, each time that happens
	provenTime = time.Minute      // and who tells of the pieces that it got comes before who does not
	deafTime   = 3 * time.Second
	slotStep   = 1 << 10 // bytes per second that each further slot has to be worth
)

// choker gives the upload slots to interested peers, in turn.
type choker struct {
	mu    sync.Mutex
	slots int
	held  []*conn // unchoked
	wait  []*conn // interested and choked, longest first
}

func newChoker() *choker { return &choker{slots: leastSlots} }

// want gives c a slot, at once if one is free.
func (k *choker) want(c *conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slices.Contains(k.held, c) || slices.Contains(k.wait, c) {
		return
	}
	c.turn = time.Now()
	k.wait = append(k.wait, c)
	k.fill()
}

// adopt takes over a peer that was super-seeded: it is unchoked.
func (k *choker) adopt(c *conn, interested bool) {
	if !interested {
		c.choke()
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.Contains(k.held, c) && !slices.Contains(k.wait, c) {
		c.turn = time.Now()
		k.held = append(k.held, c)
	}
}

// drop takes c out: it left, or wants nothing at present.
func (k *choker) drop(c *conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if i := slices.Index(k.wait, c); i >= 0 {
		k.wait = slices.Delete(k.wait, i, i+1)
	}
	if i := slices.Index(k.held, c); i >= 0 {
		k.held = slices.Delete(k.held, i, i+1)
		c.choke()
		k.fill()
	}
}

// fill gives free slots to those who wait.
func (k *choker) fill() {
	for len(k.held) < k.slots && len(k.wait) > 0 {
		c := k.wait[0]
		k.wait = slices.Delete(k.wait, 0, 1)
		k.held = append(k.held, c)
		c.turn = time.Now()
		c.sentBefore, c.gainedBefore = c.sent.Load(), c.gained.Load()
		c.sentLast = c.sentBefore
		c.unchoke()
	}
}

// idles says whether a peer that holds a slot took next to nothing since the last
// round, or took much and tells of no piece that came of it: it does not read
// what it asks for, most likely.
func (c *conn) idles(now time.Time) bool {
	sent := c.sent.Load()
	took := sent - c.sentLast
	c.sentLast = sent
	held := now.Sub(c.turn)
	if held < idleSlot {
		return false
	}
	gained := c.gained.Load() > c.gainedBefore
	return took < slotStep || held >= deafTime && !gained && sent-c.sentBefore > 2*c.a.pieceLength
}

func (k *choker) run(ctx context.Context) {
	tick := time.NewTicker(slotRound)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			k.round(now)
		}
	}
}

// round counts the slots anew, and passes on those that were held long enough.
func (k *choker) round(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.slots = k.enough(now)
	slices.SortStableFunc(k.wait, func(c, d *conn) int { return c.claim(now).Compare(d.claim(now)) })
	slices.SortStableFunc(k.held, func(c, d *conn) int { return c.turn.Compare(d.turn) })
	k.fill()
	free := len(k.wait) // who waits now, and not only since this round
	for _, c := range slices.Clone(k.held) {
		idle := c.idles(now)
		over := len(k.held) > k.slots
		if !over && (free == 0 || !idle && (now.Sub(c.turn) < slotTime || !k.wait[0].precedes(c, now))) {
			continue
		}
		if idle {
			c.wasted++
		}
		k.release(c, now)
		if !over {
			free--
		}
	}
	k.fill()
}

// release has a peer that holds a slot wait again.
func (k *choker) release(c *conn, now time.Time) {
	i := slices.Index(k.held, c)
	k.held = slices.Delete(k.held, i, i+1)
	c.turn = now
	c.choke()
	k.wait = append(k.wait, c)
}

// enough answers how many slots the uplink carries: one more than there are peers
// that get enough, where each further one has to get more than the one before.
func (k *choker) enough(now time.Time) int {
	var rates []float64
	for _, c := range k.held {
		rates = append(rates, c.rate(now))
	}
	slices.SortFunc(rates, func(a, b float64) int { return int(b - a) })
	n := 0
	for n < len(rates) && rates[n] >= float64(slotStep*(n+1)) {
		n++
	}
	return max(leastSlots, n+1)
}

// count is how many slots there are, and how many peers wait for one.
func (k *choker) count() (slots, waiting int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.slots, len(k.wait)
}

// claim is since when c waits: earlier for those who tell of what they got, and
// pass it on, later for those who did not use a slot.
func (c *conn) claim(now time.Time) time.Time { return c.claimFrom(c.turn, now) }

func (c *conn) claimFrom(turn, now time.Time) time.Time {
	claim := turn.Add(time.Duration(c.wasted) * wastedTime)
	if c.gained.Load() > 0 {
		claim = claim.Add(-provenTime)
	}
	if c.given > 0 {
		waited := now.Sub(turn)
		claim = claim.Add(-waited * time.Duration(min(c.passed, c.given)) / time.Duration(c.given))
	}
	return claim
}

// precedes says whether c, which waits, comes before d, should that wait from now
// on.
func (c *conn) precedes(d *conn, now time.Time) bool {
	return c.claim(now).Before(d.claimFrom(now, now))
}

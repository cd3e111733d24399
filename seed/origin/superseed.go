package origin

import "time"

// Super-seeding (BEP 16): while no other complete copy is known, a peer is told
// of single pieces only, each of which goes to one peer before it goes to a
// second. What peers tell of the pieces they have shows who passes them on.
//
// Few pieces are under way at a time: a piece that has arrived can be passed on,
// half a piece cannot. How few is what pipe finds out.

// Bounds of an errand.
const (
	errandTime  = 10 * time.Second // after which it holds up nobody else, unless pipe knows better
	lateTime    = time.Minute      // after which it is given up
	silentTime  = time.Second      // after all of it was sent: the peer does not tell
	leastFlying = 2                // pieces under way
)

// errand is a piece that one peer was told of and that has not arrived.
type errand struct {
	piece     int
	begun     time.Time
	delivered int64     // in all, when it began
	sent      int64     // bytes
	done      time.Time // when all was sent
	late      bool      // not counted as under way any more
}

// spread is the state of super-seeding a torrent, under the lock of awake.
type spread struct {
	pipe   pipe
	flying int64   // bytes of all errands
	coming []uint8 // by piece: errands
	sole   []*conn // by piece: the one peer that has it, of those who are told of pieces
	cursor int     // where the search for a rare piece goes on
	floor  int     // no piece is rarer than that, as far as is known
}

func (s *spread) init(pieces int) {
	s.coming = make([]uint8, pieces)
	s.sole = make([]*conn, pieces)
}

// give tells peers of pieces until enough is under way.
func (a *awake) give(now time.Time) {
	target := max(a.spread.pipe.target(), leastFlying*a.pieceLength)
	for a.spread.flying < target {
		c := a.neediest()
		if c == nil {
			return
		}
		piece, ok := a.rarestFor(c)
		if !ok {
			c.sated = true
			continue
		}
		a.spread.send(a, c, piece, now)
	}
}

// neediest chooses who is told of a piece next: of those with the fewest under
// way, who keeps fewest to himself, and then who got least. nil: nobody.
func (a *awake) neediest() (best *conn) {
	for c := range a.conns {
		if !c.super.Load() || c.sated || len(c.errands) > 0 && c.errands[0].late {
			continue
		}
		if best == nil || c.before(best) {
			best = c
		}
	}
	return best
}

func (c *conn) before(d *conn) bool {
	switch {
	case c.deaf != d.deaf:
		return d.deaf
	case len(c.errands) != len(d.errands):
		return len(c.errands) < len(d.errands)
	case c.kept != d.kept:
		return c.kept < d.kept
	case c.given != d.given:
		return c.given < d.given
	}
	return c.have.count < d.have.count
}

// rarestFor finds the piece that fewest peers have or are getting, among those
// that c neither has nor was told of.
func (a *awake) rarestFor(c *conn) (piece int, ok bool) {
	s := &a.spread
	n := a.numPieces()
	least := -1
	for k := range n {
		i := s.cursor + k
		if i >= n {
			i -= n
		}
		if c.have.has(i) || c.told.has(i) {
			continue
		}
		copies := int(a.avail[i]) + int(s.coming[i])
		if least < 0 || copies < least {
			least, piece = copies, i
			if copies <= s.floor {
				break
			}
		}
	}
	if least < 0 {
		return 0, false
	}
	s.floor = least
	s.cursor = piece + 1
	if s.cursor == n {
		s.cursor = 0
	}
	return piece, true
}

func (s *spread) send(a *awake, c *conn, piece int, now time.Time) {
	c.errands = append(c.errands, errand{piece: piece, begun: now, delivered: s.pipe.delivered})
	c.given++
	s.flying += a.pieceSize(piece)
	s.coming[piece]++
	c.tell(piece)
}

// had ends the errand of a piece that arrived, and notes who passed it on.
func (s *spread) had(a *awake, c *conn, piece int, now time.Time) {
	if a.avail[piece] == 1 {
		s.sole[piece] = c
		c.kept++
	} else if first := s.sole[piece]; first != nil {
		s.sole[piece] = nil
		first.kept--
		first.passed++
	}
	for i, x := range c.errands {
		if x.piece == piece {
			s.pipe.arrived(a.pieceSize(piece), x, now)
			s.end(a, c, i)
			c.deaf = false
			break
		}
	}
}

// end forgets errand i of c.
func (s *spread) end(a *awake, c *conn, i int) {
	s.forget(a, &c.errands[i])
	c.errands = append(c.errands[:i], c.errands[i+1:]...)
}

// forget counts an errand as under way no more.
func (s *spread) forget(a *awake, x *errand) {
	if !x.late {
		x.late = true
		s.flying -= a.pieceSize(x.piece)
		s.coming[x.piece]--
		s.floor = 0
	}
}

// left takes back what a peer that is gone had.
func (s *spread) left(a *awake, c *conn) {
	for len(c.errands) > 0 {
		s.end(a, c, 0)
	}
	for i, first := range s.sole {
		if first == c {
			s.sole[i] = nil
		}
	}
	s.floor = 0
}

// expire counts errands that take too long no more, and ends those of peers that
// do not tell what they have to who told them of it.
func (s *spread) expire(a *awake, now time.Time) {
	patience := s.pipe.patience()
	for c := range a.conns {
		for i := len(c.errands) - 1; i >= 0; i-- {
			x := &c.errands[i]
			switch age := now.Sub(x.begun); {
			case !x.done.IsZero() && now.Sub(x.done) > silentTime:
				a.had(c, x.piece, now)
			case age > lateTime:
				c.deaf = x.sent == 0
				s.end(a, c, i)
			case age > patience:
				s.forget(a, x)
			}
		}
	}
}

// sentTo notes what of an errand was written.
func (a *awake) sentTo(c *conn, blocks []block, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range blocks {
		for i := range c.errands {
			x := &c.errands[i]
			if x.piece != int(b.index) {
				continue
			}
			if x.sent += int64(b.length); x.sent >= a.pieceSize(x.piece) {
				x.done = now
			}
		}
	}
}

// endSuperSeeding tells every peer of all pieces.
func (a *awake) endSuperSeeding() {
	a.mu.Lock()
	var told []*conn
	for c := range a.conns {
		if c.super.Load() {
			c.super.Store(false)
			for len(c.errands) > 0 {
				a.spread.end(a, c, 0)
			}
			told = append(told, c)
		}
	}
	a.mu.Unlock()
	for _, c := range told {
		c.tellAll()
	}
}

// pipe estimates how much has to be under way so that the uplink never waits:
// twice what arrives in the time that one piece takes when it is alone.
// Bandwidth is the best of the last seconds, delay the least.
type pipe struct {
	delivered int64 // bytes
	now, past pipeWindow
	turn      time.Time // when now began
}

type pipeWindow struct {
	bandwidth float64       // bytes per second
	delay     time.Duration // 0: unknown
}

const pipeMemory = 5 * time.Second

// arrived takes the errand of a piece of n bytes as a measurement.
func (p *pipe) arrived(n int64, x errand, now time.Time) {
	p.delivered += n
	took := now.Sub(x.begun)
	if took <= 0 {
		return
	}
	p.roll(now)
	p.now.bandwidth = max(p.now.bandwidth, float64(p.delivered-x.delivered)/took.Seconds())
	if p.now.delay == 0 || took < p.now.delay {
		p.now.delay = took
	}
}

func (p *pipe) roll(now time.Time) {
	if now.Sub(p.turn) > pipeMemory {
		p.past, p.now, p.turn = p.now, pipeWindow{}, now
	}
}

// target is how many bytes should be under way.
func (p *pipe) target() int64 {
	bandwidth := max(p.now.bandwidth, p.past.bandwidth)
	return int64(2 * bandwidth * p.delay().Seconds())
}

// delay is the shortest time a piece took of late, 0 if unknown.
func (p *pipe) delay() time.Duration {
	delay := p.now.delay
	if d := p.past.delay; delay == 0 || d != 0 && d < delay {
		delay = d
	}
	return delay
}

// patience is how long a piece may take before it holds up nobody else.
func (p *pipe) patience() time.Duration {
	delay := p.delay()
	if delay == 0 {
		return errandTime
	}
	return min(max(8*delay, 2*time.Second), 3*errandTime)
}

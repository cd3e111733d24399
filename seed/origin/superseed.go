package origin

import "time"

// Super-seeding (BEP 16): while no other complete copy is known, a peer is told
// of single pieces only, each of which goes to one peer before it goes to a
// second. What peers tell of the pieces they have shows who passes them on.
//
// Few pieces are under way at a time: a piece that has arrived can be passed on,
// half a piece cannot. How few is what window finds out.

// Bounds of an errand.
const (
	errandTime = 10 * time.Second // after which it holds up nobody else, unless window knows better
	lateTime   = time.Minute      // after which it is given up
	silentTime = time.Second      // after all of it was sent: the peer does not tell
)

// errand is a piece that one peer was told of and that has not arrived.
type errand struct {
	piece  int
	begun  time.Time
	sent   int64     // bytes
	done   time.Time // when all was sent
	landed bool      // not counted as under way any more
	late   bool
}

// spread is the state of super-seeding a torrent, under the lock of awake.
type spread struct {
	window window
	flying int64         // bytes of errands under way
	coming []uint8       // by piece: errands under way
	sole   []*conn       // by piece: the one peer that has it, of those who are told of pieces
	cursor int           // where the search for a rare piece goes on
	floor  int           // no piece is rarer than that, as far as is known
	begun  chan struct{} // told when something is under way

	given, passed int // pieces that we sent, and that peers passed on first

	seeds   int       // peers that became complete, and left us
	on      bool      // peers that come are told of single pieces
	arrived int64     // bytes of pieces that peers told of one by one, ours or not
	arrival meter     // of arrived
	uplink  float64   // bytes per second that we sent at best, of late
	carried bool      // the peers give each other much more than we could
	doubted time.Time // when a peer was last seen that nobody carries
}

func (s *spread) init(pieces int, pieceLength int64, begun chan struct{}) {
	s.begun = begun
	s.window = newWindow(pieceLength)
	s.coming = make([]uint8, pieces)
	s.sole = make([]*conn, pieces)
}

// give tells peers of pieces until enough is under way.
func (a *awake) give(now time.Time) {
	for a.spread.flying < a.spread.window.size {
		c := a.neediest()
		if c == nil {
			return
		}
		piece, copies, ok := a.rarestFor(c)
		if !ok {
			c.sated = true
			continue
		}
		if a.spread.carried && copies+a.spread.seeds >= spreadCopies {
			return
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
func (a *awake) rarestFor(c *conn) (piece, copies int, ok bool) {
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
		return 0, 0, false
	}
	s.floor = least
	s.cursor = piece + 1
	if s.cursor == n {
		s.cursor = 0
	}
	return piece, least, true
}

func (s *spread) send(a *awake, c *conn, piece int, now time.Time) {
	c.errands = append(c.errands, errand{piece: piece, begun: now})
	c.given++
	s.given++
	if s.flying == 0 {
		signal(s.begun)
	}
	s.flying += a.pieceSize(piece)
	s.coming[piece]++
	c.tell(piece)
}

// had ends the errand of a piece that arrived, and notes who passed it on.
func (s *spread) had(a *awake, c *conn, piece int, now time.Time) {
	c.grew = now
	if a.avail[piece] == 1 {
		s.sole[piece] = c
		c.kept++
	} else if first := s.sole[piece]; first != nil {
		s.sole[piece] = nil
		first.kept--
		if c.told.n == 0 || !c.told.has(piece) { // it did not come from us
			first.passed++
			s.passed++
		}
	}
	for i, x := range c.errands {
		if x.piece == piece {
			s.window.took(now.Sub(x.begun))
			s.end(a, c, i)
			c.deaf = false
			if a.backlog() == 0 {
				s.window.starved(now)
			}
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
	if !x.landed {
		x.landed = true
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

// A piece that so many peers have or are getting can be left to them, when they
// give each other carriedBy times as much as we ever sent: what we could add
// would hardly be noticed. Peers may lie about what they have; so a single one
// that wants something and gets nothing for stallTime is reason to help them all,
// for doubtTime.
const (
	spreadCopies = 3
	carriedBy    = 8
	stallTime    = 10 * time.Second
	doubtTime    = time.Minute
)

// weigh compares what peers give each other with what we send; called once a
// second.
func (s *spread) weigh(a *awake, sent float64, now time.Time) {
	s.arrival.add(now, s.arrived)
	s.uplink = max(sent, s.uplink*0.99)
	for c := range a.conns {
		if c.stalls(now) {
			s.doubted = now
		}
	}
	s.carried = s.arrival.perSecond(now) > carriedBy*s.uplink && now.Sub(s.doubted) > doubtTime
}

// stalls says whether c wants pieces and gets none from anybody.
func (c *conn) stalls(now time.Time) bool {
	if now.Sub(c.grew) < stallTime || now.Sub(c.since) < stallTime || c.have.full() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.interested
}

// expire counts errands that take too long no more, and ends those of peers that
// do not tell what they have to who told them of it.
func (s *spread) expire(a *awake, now time.Time) {
	patience := s.window.patience()
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
				x.late = true
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

// look counts the errands whose last byte the peer's system has acknowledged as
// under way no more, and gives out others. It answers whether any are under way.
func (a *awake) look(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.spread.flying == 0 {
		return false
	}
	waiting := int64(0)
	for c := range a.conns {
		if len(c.errands) == 0 {
			continue
		}
		unsent := c.unsent()
		waiting += unsent
		if unsent > 0 {
			continue
		}
		for i := range c.errands {
			if x := &c.errands[i]; !x.done.IsZero() {
				a.spread.forget(a, x)
			}
		}
	}
	a.spread.window.saw(waiting, now)
	a.give(now)
	return true
}

// backlog is how many bytes of errands wait to leave.
func (a *awake) backlog() (n int64) {
	for c := range a.conns {
		if len(c.errands) > 0 {
			n += c.unsent()
		}
	}
	return n
}

// unsent is how many bytes were asked for and have not arrived at the peer's
// system, as far as is known.
func (c *conn) unsent() (n int64) {
	n = unacknowledged(c.nc)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.queue {
		n += int64(b.length)
	}
	return n
}

// superSeeded says whether peers are told of single pieces: while no other
// complete copy is known, and from then on as long as the swarm carries itself.
func (a *awake) superSeeded(now time.Time) bool {
	alone := a.numPieces() >= leastSuper && a.t.alone(now)
	a.mu.Lock()
	defer a.mu.Unlock()
	s := &a.spread
	s.on = (alone || s.on && s.carried) && !s.vain()
	return s.on
}

// vain says whether super-seeding gains nothing: everything was sent twice, and
// the peers passed on next to nothing of it. They cannot reach each other, most
// likely.
func (s *spread) vain() bool { return s.given >= 2*len(s.sole) && s.passed < s.given/16 }

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

package torrentfile

import (
	"slices"
	"sync"

	"commonseed/internal/hashpair"
)

const (
	runSize = 4 << 20                  // bytes of pieces that a core takes at a time, if they are shorter than half of it
	maxLag  = viewsKept / 2 * viewSize // how far a chain and the runs of its file may be apart: they are to share views, and the disk is to be asked once
)

// job is what one core does next: a run of pieces, or a part of a chain.
type job struct {
	first, last int // pieces
	want        kinds
	chain       *chain
}

// schedule hands out jobs. The runs come in order, so that a disk is read in order.
type schedule struct {
	h      *hashing
	step   int // pieces in a run
	pieces int
	lag    int // pieces

	mu     sync.Mutex
	change sync.Cond
	next   int // first piece that is in no run yet
	chains []*chain
	failed int // first piece of the job that err is of
	err    error
}

func newSchedule(h *hashing) *schedule {
	s := &schedule{h: h, pieces: h.lay.numPieces()}
	s.step = int(max(2, runSize/h.lay.pieceLength))
	s.lag = max(s.step, int(maxLag/h.lay.pieceLength))
	s.change.L = &s.mu
	return s
}

// take waits for a job. There is none after an error.
func (s *schedule) take() (job, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && s.h.ctx.Err() == nil {
		if c := s.ready(); c != nil {
			c.busy = true
			return job{first: c.next, last: min(c.next+s.step, c.last), chain: c}, true
		}
		if s.next < s.pieces && !s.ahead() {
			return s.cut(), true
		}
		if s.next == s.pieces && len(s.chains) == 0 {
			break
		}
		s.change.Wait()
	}
	return job{}, false
}

// wake lets those that wait look again.
func (s *schedule) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change.Broadcast()
}

// done notes the end of a job. Of several errors the one of the lowest piece is kept:
// the same whatever the timing, for jobs are begun in order.
func (s *schedule) done(j job, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && (s.err == nil || j.first < s.failed) {
		s.failed, s.err = j.first, err
	}
	if c := j.chain; c != nil {
		c.next, c.busy = j.last, false
		s.chains = slices.DeleteFunc(s.chains, func(c *chain) bool { return c.next == c.last })
	}
	s.change.Broadcast()
}

// chain is the hash of a whole file under way. It begins when the file's first run
// does, and goes on beside the runs.
type chain struct {
	entry       int
	first, last int // pieces
	next        int // piece
	busy        bool
	sum         hashpair.SHA256
}

// ready is a chain that can go on, nil if there is none.
func (s *schedule) ready() *chain {
	for _, c := range s.chains {
		if !c.busy && (s.next >= c.last || c.next-s.next <= s.lag) {
			return c
		}
	}
	return nil
}

// ahead says whether the runs of a file have to wait for its chain.
func (s *schedule) ahead() bool {
	if len(s.chains) == 0 {
		return false
	}
	c := s.chains[len(s.chains)-1]
	return s.next < c.last && s.next-c.next > s.lag
}

// cut takes the next run off the pieces. A file with a chain has runs of its own.
func (s *schedule) cut() job {
	j := job{first: s.next, last: min(s.next+s.step, s.pieces), want: s.h.want}
	if s.h.foundSum != nil {
		entry, chained := s.entryOf(j.first)
		if chained {
			j.want.v2 = false // the chain's
			first, n := s.h.lay.piecesOf(s.h.lay.entries[entry])
			j.last = min(j.last, first+n)
			if first == j.first {
				c := &chain{entry: entry, first: first, last: first + n, next: first}
				c.sum.Reset()
				s.chains = append(s.chains, c)
			}
		}
		for piece := j.first; !chained && piece < j.last; piece++ {
			if _, other := s.entryOf(piece); other {
				j.last = piece
			}
		}
	}
	s.next = j.last
	s.change.Broadcast()
	return j
}

// entryOf is the file that begins in or before a piece, and whether it has a chain.
func (s *schedule) entryOf(piece int) (entry int, chained bool) {
	entry = s.h.lay.at(int64(piece) * s.h.lay.pieceLength)
	return entry, s.h.chained(entry)
}

package torrentfile

import (
	"context"
	"crypto/sha256"
	"runtime/debug"

	"commonseed/internal/hashpair"
)

// worker is what one core needs.
type worker struct {
	h     *hashing
	lanes [2]lane
	leaf  hashpair.SHA256 // of a chain
}

// work does jobs until there are no more.
func (h *hashing) work(s *schedule) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // see fault
	w := &worker{h: h}
	for i := range w.lanes {
		w.lanes[i].h = h
	}
	for j, ok := s.take(); ok; j, ok = s.take() {
		s.done(j, w.do(j))
	}
}

func (w *worker) do(j job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = w.fault(p)
		}
	}()
	if j.chain != nil {
		err = w.chain(j.chain, j.first, j.last)
	} else {
		err = w.run(j)
	}
	for i := range w.lanes {
		l := &w.lanes[i]
		if left := l.leave(); err == nil {
			err = left
		}
		w.h.meter.add(l.told)
		l.told = 0
	}
	return err
}

// fault turns a panic into the error of the file that was mapped where it happened:
// the system has no bytes there, or not any more.
func (w *worker) fault(p any) error {
	if f, ok := p.(interface{ Addr() uintptr }); ok {
		for i := range w.lanes {
			if err := w.lanes[i].lost(f.Addr()); err != nil {
				return err
			}
		}
	}
	panic(p)
}

// run hashes a run of pieces, two at a time.
func (w *worker) run(j job) error {
	a, b := &w.lanes[0], &w.lanes[1]
	for piece := w.h.wanted(j.first, j.last); piece < j.last; {
		a.begin(piece, j.want)
		second := w.h.wanted(piece+1, j.last)
		if second < j.last {
			b.begin(second, j.want)
		} else {
			b.idle()
		}
		if err := w.pair(a, b, j.want); err != nil {
			return err
		}
		w.found(a, j.want)
		if second < j.last {
			w.found(b, j.want)
		}
		piece = w.h.wanted(second+1, j.last)
	}
	return nil
}

// pair takes two pieces through to their ends, block by block: each is hashed by both
// hashes while it is in the innermost cache.
func (w *worker) pair(a, b *lane, want kinds) error {
	for a.more() || b.more() {
		if w.h.ctx.Err() != nil {
			return context.Cause(w.h.ctx)
		}
		p, dataP, err := a.block()
		if err != nil {
			return err
		}
		q, dataQ, err := b.block()
		if err != nil {
			return err
		}
		if want.v1 {
			hashpair.WriteSHA1(&a.sha1, &b.sha1, a.whole(p), b.whole(q))
		}
		if want.v2 {
			leaves(a, b, p[:dataP], q[:dataQ])
		}
	}
	if want.v1 {
		a.sumV1, b.sumV1 = hashpair.SumSHA1(&a.sha1, &b.sha1, a.rest, b.rest)
	}
	return nil
}

// leaves hashes a block of each lane, if it has one.
func leaves(a, b *lane, p, q []byte) {
	switch {
	case len(p) > 0 && len(q) > 0:
		x, y := hashpair.SumPair(p, q)
		a.leaves, b.leaves = append(a.leaves, x), append(b.leaves, y)
	case len(p) > 0:
		a.leaves = append(a.leaves, sha256.Sum256(p))
	case len(q) > 0:
		b.leaves = append(b.leaves, sha256.Sum256(q))
	}
}

// found tells the hashes of the piece that a lane has finished.
func (w *worker) found(l *lane, want kinds) {
	if want.v1 {
		w.h.foundV1(l.piece, l.sumV1)
	}
	if !want.v2 {
		return
	}
	entry := w.h.lay.at(int64(l.piece) * w.h.lay.pieceLength)
	levels := levelsFor(w.h.lay.pieceLength / blockSize)
	if w.h.lay.entries[entry].length <= w.h.lay.pieceLength {
		levels = levelsFor(int64(len(l.leaves)))
	}
	if w.h.lay.entries[entry].length <= blockSize && w.h.summed(entry) {
		w.h.foundSum(entry, l.leaves[0])
	}
	w.h.foundV2(l.piece, climb(l.leaves, levels, digest{}))
}

// chain takes the hash of a whole file, with those of its blocks, through a run of
// its pieces.
func (w *worker) chain(c *chain, first, last int) error {
	l := &w.lanes[0]
	l.again = true
	defer func() { l.again = false }()
	for piece := first; piece < last; piece++ {
		l.begin(piece, kinds{v2: true})
		for l.more() {
			if w.h.ctx.Err() != nil {
				return context.Cause(w.h.ctx)
			}
			block, _, err := l.block()
			if err != nil {
				return err
			}
			w.leaf.Reset()
			whole := l.whole(block)
			hashpair.WriteSHA256(&c.sum, &w.leaf, whole, whole)
			l.leaves = append(l.leaves, w.leaf.Sum(l.rest))
		}
		w.found(l, kinds{v2: true})
	}
	if last == c.last {
		w.h.foundSum(c.entry, c.sum.Sum(l.rest))
	}
	return nil
}

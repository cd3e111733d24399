package torrentfile

import (
	"context"
	"crypto/sha256"
	"runtime"
	"sync"
)

// kinds says which hashes are wanted. v2 needs an aligned layout.
type kinds struct{ v1, v2 bool }

// hashing is one read of a payload, on all cores. A core takes a run of whole pieces
// and hashes two of them at a time, each stretch with both hashes while it is in the
// core's cache, so nothing is handed from core to core.
//
// The SHA-256 of a whole file, where it is wanted, has to take its bytes in order: that
// is a chain, which goes through the file beside the runs. It hashes each byte for the
// whole and for its v2 block at once; the runs of that file are left with SHA-1.
type hashing struct {
	ctx      context.Context
	lay      *layout
	want     kinds
	open     func(entry int) (Content, error)
	progress func(done int64) // may be nil
	read     int64            // bytes done before

	// skip, if not nil, leaves a piece out.
	skip func(piece int) bool

	// foundV1 and foundV2 are told the hashes of each piece once, from any goroutine.
	// That of v2 stands in the piece layer or, for a file not longer than a piece, is
	// the file's root (BEP 52).
	foundV1 func(piece int, sum [sha1Size]byte)
	foundV2 func(piece int, sum digest)

	// foundSum is told the SHA-256 of each whole file that whole says there is, or of
	// all if it is nil. Nil: nobody wants it.
	foundSum func(entry int, sum [sha256Size]byte)
	whole    func(entry int) bool

	files openFiles
	meter meter
}

// run hashes everything.
func (h *hashing) run() error {
	h.files = openFiles{lay: h.lay, open: h.open, work: h.workOn, chained: h.chained, files: map[int]*opening{}}
	h.meter.done, h.meter.report = h.read, h.progress
	if err := h.empty(); err != nil {
		return err
	}
	s := newSchedule(h)
	defer context.AfterFunc(h.ctx, s.wake)()
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), s.pieces) {
		wg.Go(func() { h.work(s) })
	}
	wg.Wait()
	closed := h.files.close()
	switch {
	case h.ctx.Err() != nil:
		return context.Cause(h.ctx)
	case s.err != nil:
		return s.err
	}
	return closed
}

// workOn is how many bytes of a file are worked on: those of the pieces that are not left
// out, by a run and, if the file has one, by a chain.
func (h *hashing) workOn(entry int) (n int64) {
	e, length := h.lay.entries[entry], h.lay.pieceLength
	for off := e.offset; off < e.end() && h.skip != nil; {
		next := min((off/length+1)*length, e.end())
		if !h.skip(int(off / length)) {
			n += next - off
		}
		off = next
	}
	if h.skip == nil {
		n = e.length
	}
	if h.chained(entry) {
		n *= 2
	}
	return n
}

// summed says whether the hash of a whole file is wanted.
func (h *hashing) summed(entry int) bool {
	return h.foundSum != nil && (h.whole == nil || h.whole(entry))
}

// chained says whether the hash of a whole file is wanted, and is another one than
// that of its only block.
func (h *hashing) chained(entry int) bool {
	return h.lay.entries[entry].length > blockSize && h.summed(entry)
}

// sumOfNothing is the hash of an empty file.
var sumOfNothing = sha256.Sum256(nil)

// wanted is the first piece from this one on, or last, that is not left out.
func (h *hashing) wanted(piece, last int) int {
	for h.skip != nil && piece < last && h.skip(piece) {
		piece++
	}
	return piece
}

// empty opens and closes the files that hold nothing: no piece leads to them.
func (h *hashing) empty() error {
	return parallel(h.ctx, len(h.lay.entries), 256, func() func(first, last int) error {
		return func(first, last int) error {
			for i := first; i < last; i++ {
				if e := &h.lay.entries[i]; e.length > 0 || e.link != "" {
					continue
				}
				c, err := h.open(i)
				if err == nil {
					err = c.Close()
				}
				if err != nil {
					return err
				}
				if h.summed(i) {
					h.foundSum(i, sumOfNothing)
				}
			}
			return nil
		}
	})
}

// meter adds up what many goroutines have read, and reports it one at a time.
type meter struct {
	mu     sync.Mutex
	done   int64
	report func(int64)
}

func (m *meter) add(n int64) {
	if m.report == nil || n == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done += n
	m.report(m.done)
}

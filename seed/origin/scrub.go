package origin

import (
	"context"
	"errors"
	"time"

	"commonseed/seed"
)

// How slowly payloads are read again although nothing changed, to find what a
// disk lost by itself.
const (
	scrubRate  = 4 << 20 // bytes per second
	scrubPause = 5 * time.Second
)

// scrubLoop reads one torrent after the other, for ever.
func (e *Engine) scrubLoop(ctx context.Context) {
	for at := 0; ; at++ {
		if !pause(ctx, scrubPause) {
			return
		}
		all := e.list()
		if len(all) == 0 {
			continue
		}
		t := all[at%len(all)]
		if err := e.scrub(ctx, t, func(n int64) bool {
			return pause(ctx, time.Duration(n)*time.Second/scrubRate)
		}); err != nil && ctx.Err() == nil {
			e.unreadable(t, err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

var errRotten = errors.New("does not match the torrent any more, although nobody changed it")

// scrub compares a torrent in service with its payload, and rests after each
// piece of so many bytes. The error is a file that is wrong.
func (e *Engine) scrub(ctx context.Context, t *torrent, rest func(int64) bool) error {
	t.mu.Lock()
	good, served := t.good, t.state == seed.Seeding && !t.gone
	t.mu.Unlock()
	if !served {
		return nil
	}
	l, err := t.load()
	if err != nil {
		return nil // which the patrol tells
	}
	stamps, err := t.survey(l)
	if err != nil || l.doubtful(good, printsOf(stamps)) != nil {
		return nil // the patrol's too
	}
	_, root := t.place()
	h := newPieceHasher(l, root, stamps, func(int) {})
	defer h.close()
	for i := range l.numPieces() {
		ok, err := h.piece(ctx, i)
		if errors.Is(err, errChanged) || ctx.Err() != nil {
			return nil
		}
		if err == nil && !ok {
			err = errRotten
		}
		if err != nil {
			file := l.firstFile(i)
			return &payloadError{file, l.files[file].path, err}
		}
		if !rest(l.pieceSize(i)) {
			return nil
		}
	}
	return nil
}

// firstFile is the first file of piece i that is no pad.
func (l *layout) firstFile(i int) int {
	for _, seg := range l.segments(int64(i)*l.pieceLength, l.pieceSize(i)) {
		if !l.files[seg.file].pad {
			return seg.file
		}
	}
	return 0
}

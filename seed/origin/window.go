package origin

import "time"

// window is how many bytes of a super-seeded torrent are under way at a time: as
// few as keep the uplink busy.
type window struct {
	size, least int64 // bytes
	piece       int64
	grown       time.Time     // when size last changed
	delay       time.Duration // a piece takes, on average
	lowest      int64         // bytes that waited to leave, the least since turn
	turn        time.Time
}

const (
	leastPieces = 2         // under way
	mostWindow  = 256 << 20 // bytes
)

func newWindow(piece int64) window {
	return window{size: leastPieces * piece, least: leastPieces * piece, piece: piece}
}

// took notes how long a piece took from being told of to being announced.
func (w *window) took(d time.Duration) {
	if w.delay == 0 {
		w.delay = d
	}
	w.delay += (d - w.delay) / 8
}

// patience is how long a piece may take before it holds up nobody else.
func (w *window) patience() time.Duration {
	if w.delay == 0 {
		return errandTime
	}
	return min(max(4*w.delay, 2*time.Second), 3*errandTime)
}

// starved notes that nothing waited to leave although pieces were under way: the
// uplink was idle, and more has to be.
func (w *window) starved(now time.Time) {
	w.size = min(w.size+w.piece, max(mostWindow, w.least))
	w.grown = now
}

// saw notes how much waits to leave. When there is always more than a piece,
// less may be under way.
func (w *window) saw(waiting int64, now time.Time) {
	if waiting == 0 && now.Sub(w.grown) > w.delay/2 {
		w.starved(now)
	}
	if w.turn.IsZero() || waiting < w.lowest {
		w.lowest = waiting
	}
	if w.turn.IsZero() {
		w.turn = now
	}
	if now.Sub(w.turn) < max(time.Second, w.delay) {
		return
	}
	if w.lowest > w.piece {
		w.size = max(w.size-max(w.piece, w.size/8), w.least)
	}
	w.turn, w.lowest = now, waiting
}

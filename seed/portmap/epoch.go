package portmap

import "time"

// An epoch follows the clock that a router tells with each answer: the seconds
// since it began to keep mappings.
type epoch struct {
	at      time.Time // when it was last told
	seconds uint32
	lost    bool
}

// tell notes what a router told just now. It remembers a clock that did not
// run as ours did: the router then started anew. RFC 6886 §3.6, RFC 6887 §8.5
func (e *epoch) tell(seconds uint32) {
	now := time.Now()
	if !e.at.IsZero() {
		ours := now.Sub(e.at)
		its := time.Duration(int64(seconds)-int64(e.seconds)) * time.Second
		e.lost = e.lost || drifts(ours, its) || drifts(its, ours)
	}
	e.at, e.seconds = now, seconds
}

// drifts says whether a clock lags behind another by more than is allowed for.
func drifts(slow, fast time.Duration) bool { return slow+2*time.Second < fast-fast/8 }

// takeLost says whether the router started anew since it was last asked that.
func (e *epoch) takeLost() bool {
	lost := e.lost
	e.lost = false
	return lost
}

package announce

import (
	"time"
)

// What is due within a lull is announced in one go, one after the other: waking up
// costs more than an announcement. Where that takes longer than haste, as it does with trackers
// far away, another worker lends a hand.
const (
	lull   = 250 * time.Millisecond
	haste  = 20 * time.Millisecond
	spares = 8 // workers that are kept without work
)

// worker is a goroutine that announces. Each has an alarm of its own: whose turn it
// is wakes by itself, sets the alarm of another for what is due after that, and
// announces. So nothing is handed from goroutine to goroutine, which would wake
// one more thread each time.
type worker struct{ alarm alarm }

// work announces what is due each time the alarm goes off.
func (a *Announcer) work(w *worker) {
	for w.alarm.wait() {
		if !a.shift(w) {
			return
		}
	}
}

// shift announces until nothing is due, and says whether the worker is kept.
func (a *Announcer) shift(w *worker) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || a.watch != w { // the alarm may have been set again when it had just gone off
		return !a.closed
	}
	a.watch = nil
	a.woken = a.now()
	for {
		s, ok := a.nextLocked(a.now())
		if !ok {
			break
		}
		a.watchLocked()
		a.mu.Unlock()
		a.once(s)
		a.mu.Lock()
	}
	if a.closed || len(a.idle) >= spares {
		w.alarm.close()
		a.watchLocked()
		return false
	}
	a.idle = append(a.idle, w)
	a.watchLocked()
	return true
}

// watchLocked sees to it that somebody wakes when the next announcement is due.
func (a *Announcer) watchLocked() {
	at := a.dueLocked()
	if at == never {
		return // if an alarm is set, it goes off for nothing
	}
	pause := lull
	if at <= a.now() {
		pause = haste
	}
	at = max(at, a.woken+pause)
	switch {
	case a.watch != nil && a.armed == at:
		return
	case a.watch == nil && len(a.idle) > 0:
		last := len(a.idle) - 1
		a.watch, a.idle = a.idle[last], a.idle[:last]
	case a.watch == nil:
		w := &worker{a.alarms()}
		a.watch = w
		a.wg.Go(func() { a.work(w) })
	}
	a.armed = at
	a.watch.alarm.set(at - a.now())
}

// dismissLocked ends those that wait.
func (a *Announcer) dismissLocked() {
	if a.watch != nil {
		a.watch.alarm.close()
		a.watch = nil
	}
	for _, w := range a.idle {
		w.alarm.close()
	}
	a.idle = nil
}

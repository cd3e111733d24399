package announce

import (
	"container/heap"
	"errors"
	"math"
	"net/netip"
	"time"
)

const (
	maxRunning   = 64 // announcements on their way, over all trackers
	firstRefusal = time.Minute
	maxRefusal   = 3 * time.Hour
)

// Events of an announcement, as a query of BEP 3 names them.
const (
	eventNone    = ""
	eventStarted = "started"
	eventStopped = "stopped"
)

// request is one announcement to be made.
type request struct {
	tracker *tracker
	id      string
	hash    [20]byte
	event   string
	last    bool // the program ends: an answer matters to nobody
}

// answer is what came of it.
type answer struct {
	interval time.Duration // 0: not said
	least    time.Duration // between two announcements; 0: not said
	peers    []netip.AddrPort
	seeds    int // -1: not said
	leechers int // -1: not said
	external netip.Addr
	warning  string
}

// failure is an answer that is none. Other errors mean that the tracker could
// not be reached.
type failure struct {
	why     string
	refused bool          // the tracker is well, and does not want this torrent
	retry   time.Duration // when it wants to be asked again; 0: not said, never: never
}

func (f *failure) Error() string { return f.why }

const never = time.Duration(math.MaxInt64)

// nextLocked begins the announcement that is due, if there is one.
func (a *Announcer) nextLocked(now time.Duration) (s sending, ok bool) {
	if a.dueLocked() > now {
		return s, false
	}
	return a.sendLocked(a.ready[0], now), true
}

// dueLocked is when the next announcement is to begin; never: none.
func (a *Announcer) dueLocked() time.Duration {
	if a.closed || len(a.ready) == 0 || a.running >= maxRunning {
		return never
	}
	return a.ready[0].wake
}

// sendLocked takes the first of a tracker's queue to be announced.
func (a *Announcer) sendLocked(t *tracker, now time.Duration) sending {
	e := heap.Pop(&t.queue).(*entry)
	s := sending{e: e, launched: now}
	s.wave = (!e.known || now-e.due > t.interval/8) && len(t.queue) > 0 && t.queue[0].due <= now
	s.r = request{tracker: t, id: e.t.id, hash: e.t.hashes[e.hash]}
	switch {
	case e.t.leaving:
		s.r.event = eventStopped
	case !e.known:
		s.r.event = eventStarted
	}
	e.running = true
	t.running++
	t.step(now)
	a.running++
	a.reckonLocked(t)
	return s
}

// sending is an announcement on its way.
type sending struct {
	e        *entry
	r        request
	launched time.Duration
	wave     bool // it was new or long overdue, and others with it
}

func (a *Announcer) once(s sending) {
	got, err := a.ask(a.ctx, s.r)
	if err != nil {
		a.log.Debug("announce failed", "tracker", s.r.tracker.name(), "infohash", s.r.id, "event", s.r.event, "err", err)
	}
	a.settle(s, got, err)
	if err == nil && a.found != nil && s.r.event != eventStopped {
		a.found(Found{s.r.id, s.r.hash, got.peers, got.seeds, got.leechers, got.external})
	}
}

// settle draws the conclusions from an announcement.
func (a *Announcer) settle(s sending, got answer, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, t := s.e, s.r.tracker
	e.running = false
	t.running--
	a.running--
	now := a.now()
	var f *failure
	switch {
	case a.ctx.Err() != nil: // cut off by Close: the tracker may have heard
		e.known = e.known || s.r.event == eventStarted
		return
	case err == nil:
		a.acceptLocked(s, got, now)
	case errors.As(err, &f) && f.refused:
		a.refuseLocked(e, f, now)
	default:
		a.failLocked(s, err, now)
	}
	switch {
	case e.over || e.pos >= 0:
	case s.r.event == eventStopped, e.t.leaving && (!e.known || t.failures > 0 || t.isDHT()):
		a.endLocked(e)
	case e.t.leaving:
		e.due, e.from = math.MinInt64/2, math.MinInt64/2
		e.at.enqueue(e)
	case e.due != never:
		e.at.enqueue(e)
	}
	a.reckonLocked(t)
	a.reckonLocked(e.at)
}

// acceptLocked sets the time of the next announcement after one that went well.
func (a *Announcer) acceptLocked(s sending, got answer, now time.Duration) {
	e, t := s.e, s.r.tracker
	if t.succeed() {
		a.log.Info("tracker is back", "tracker", t.name())
	}
	t.warning = got.warning
	if s.r.event == eventStopped {
		return
	}
	least, most := spacing(got)
	t.interval += (most - t.interval) / 8
	e.setGood(true)
	e.known, e.refusal, e.refusals = true, nil, 0
	e.told = uint32(now/time.Second) + 1
	e.seeds, e.leechers = int32(got.seeds), int32(got.leechers)
	e.from, e.due = now+least, now+most
	switch {
	case s.launched < a.moved:
		e.from, e.due = now, now
	case s.wave: // it must not come back as one
		e.due = t.place(e.from, e.due)
	}
}

// spacing is the least and the most time until the next announcement.
func spacing(got answer) (least, most time.Duration) {
	most = got.interval
	if most <= 0 {
		most = defaultInterval
	}
	most = min(max(most, minInterval), maxInterval)
	least = got.least
	if least <= 0 {
		least = most / 2
	}
	least = min(max(least, minInterval), maxInterval)
	return least, max(least, most)
}

// refuseLocked turns to the next tracker of the tier, or comes back ever later.
func (a *Announcer) refuseLocked(e *entry, f *failure, now time.Duration) {
	e.at.succeed()
	e.setGood(false)
	e.known = false
	e.refusal = e.at.reason(f.why)
	e.refusals = min(e.refusals+1, 20)
	pause := f.retry
	if pause <= 0 {
		pause = min(firstRefusal<<(e.refusals-1), maxRefusal)
	}
	if tier := e.trackers(); len(tier) > 1 && !e.t.leaving {
		if int(e.refusals) < len(tier) {
			pause = 0
		}
		a.moveLocked(e, (int(e.turn)+1)%len(tier), now+min(pause, maxRefusal))
		return
	}
	e.due = never
	if pause < never-now {
		e.from, e.due = now+pause, now+pause
	}
}

// failLocked puts the entry behind the others that wait for the tracker, or
// gives it to a stand-in; if the tracker is down, all others too.
func (a *Announcer) failLocked(s sending, err error, now time.Duration) {
	e, t := s.e, s.r.tracker
	var retry time.Duration
	if f, ok := errors.AsType[*failure](err); ok {
		retry = f.retry
	}
	if t.fail(s.launched, now, retry, brief(err.Error())) {
		a.log.Warn("tracker is down", "tracker", t.name(), "err", err)
	}
	e.from, e.due = now, now
	if e.t.leaving {
		return
	}
	if turn, _ := standIn(e); turn != int(e.turn) {
		a.moveLocked(e, turn, now)
	}
	if t.failures < downAfter {
		return
	}
	for _, other := range append(queue(nil), t.queue...) {
		if turn, up := standIn(other); up && !other.t.leaving {
			a.moveLocked(other, turn, now)
		}
	}
}

// standIn finds the tracker of the tier to turn to: the next that works, or
// just the next.
func standIn(e *entry) (turn int, up bool) {
	tier := e.trackers()
	for i := 1; i < len(tier); i++ {
		if turn = (int(e.turn) + i) % len(tier); tier[turn].failures == 0 {
			return turn, true
		}
	}
	return (int(e.turn) + 1) % len(tier), false
}

// moveLocked gives an entry to another tracker of its tier.
func (a *Announcer) moveLocked(e *entry, turn int, due time.Duration) {
	e.setGood(false)
	e.at.dequeue(e)
	a.reckonLocked(e.at)
	e.turn = uint8(turn)
	e.at = e.trackers()[turn]
	e.known, e.from, e.due = false, due, due
	e.at.enqueue(e)
	a.reckonLocked(e.at)
}

// reckonLocked finds the tracker's place in the agenda.
func (a *Announcer) reckonLocked(t *tracker) {
	at, busy := t.next()
	switch {
	case !busy && t.pos >= 0:
		heap.Remove(&a.ready, t.pos)
	case busy && t.pos >= 0:
		t.wake = at
		heap.Fix(&a.ready, t.pos)
	case busy:
		t.wake = at
		heap.Push(&a.ready, t)
	}
}

package announce

import (
	"container/heap"
	"math/rand/v2"
	"net/url"
	"time"
)

// Bounds on how one tracker is bothered.
const (
	minSlots        = 4    // announcements at once, more of them
	maxSlots        = 16   // for a tracker that knows
	perSlot         = 2500 // torrents for each slot
	leastRate       = 50.0 // announcements a second
	mostRate        = 500.0
	defaultInterval = 30 * time.Minute
	minInterval     = 30 * time.Second
	maxInterval     = 3 * time.Hour
	firstRetry      = 30 * time.Second
	maxRetry        = time.Hour
	downAfter       = 3           // failures in a row: its torrents go elsewhere
	mostLag         = time.Second // behind the beat that is caught up with
)

// tracker is one announce URL, or the DHT. Times count from the Announcer's start.
type tracker struct {
	url  string
	link *link
	refs int // in announce lists

	queue    queue // by due
	good     int   // entries it took
	running  int
	paced    time.Duration // of the pace: its last step
	beaten   time.Duration // of the beat
	placed   time.Duration // when the last of a wave is due again
	interval time.Duration // as it says, on average

	failures int           // in a row; it is asked by one entry at a time then
	failed   time.Duration // when the last was noted
	until    time.Duration // it is left alone
	problem  string
	warning  string  // its "warning message"
	refused  *string // the last reason it gave

	wake time.Duration // when there is something to do
	pos  int           // in Announcer.ready; -1: not there
}

func newTracker(u string) *tracker {
	t := &tracker{url: u, pos: -1, interval: defaultInterval, paced: -maxInterval, beaten: -maxInterval}
	if p, err := url.Parse(u); err == nil {
		t.link = newLink(p)
	}
	return t
}

func (t *tracker) isDHT() bool { return t.url == dhtURL }

// name is the URL without what may be secret in it.
func (t *tracker) name() string {
	if t.isDHT() {
		return "DHT"
	}
	return t.link.url.Scheme + "://" + t.link.url.Host
}

// slots is how many announcements may be on their way.
func (t *tracker) slots() int {
	switch {
	case t.failures > 0:
		return 1
	case t.isDHT():
		return dhtSlots
	}
	return min(max(len(t.queue)/perSlot, minSlots), maxSlots)
}

// pace is the least time between two announcements. A tracker that knows many
// torrents gets through them in two thirds of its interval.
func (t *tracker) pace() time.Duration {
	if t.isDHT() {
		return dhtPace
	}
	rate := 1.5 * float64(len(t.queue)) / t.interval.Seconds()
	return time.Duration(float64(time.Second) / min(max(rate, leastRate), mostRate))
}

// beat is the time between two announcements if all are even.
func (t *tracker) beat() time.Duration { return t.interval / time.Duration(max(t.good, 1)) }

// next is when the first of the queue is to be announced.
func (t *tracker) next() (time.Duration, bool) {
	if len(t.queue) == 0 || t.running >= t.slots() {
		return 0, false
	}
	e := t.queue[0]
	at := min(e.due, max(t.beaten+t.beat(), e.from))
	return max(at, t.paced+t.pace(), t.until), true
}

// step counts an announcement. One that comes late, because others are under way or
// the machine is busy, does not hold up those after it.
func (t *tracker) step(now time.Duration) {
	t.paced = min(max(t.paced+t.pace(), now-lull), now)
	t.beaten = min(max(t.beaten+t.beat(), now-mostLag), now)
}

// place spreads a wave: it is when the next of it is due again, from then on and by
// then. It comes as far behind the one before as if all of the tracker's were even, or
// closer, where the last of the wave would be late otherwise.
func (t *tracker) place(from, by time.Duration) time.Duration {
	all := time.Duration(len(t.queue) + t.running + 1)
	gap := min(t.interval/all, t.pace()+(by-from)/all)
	t.placed = min(max(t.placed+gap, from), by)
	return t.placed
}

// succeed notes that the tracker answered, and says whether that is news.
func (t *tracker) succeed() (back bool) {
	back = t.failures >= downAfter
	t.failures, t.until, t.problem = 0, 0, ""
	return back
}

// fail notes that the tracker did not answer what was sent at launched, and
// says whether it counts as down now. What was on its way together fails once.
func (t *tracker) fail(launched, now, retry time.Duration, problem string) (down bool) {
	if t.failures == 0 || launched > t.failed {
		pause := min(firstRetry<<min(t.failures, 10), maxRetry)
		if t.isDHT() {
			pause = min(pause, dhtRetry)
		}
		pause += rand.N(pause / 4)
		t.failures++
		t.failed = now
		t.until = now + max(pause, min(retry, maxInterval))
	}
	t.problem = problem
	return t.failures == downAfter
}

// reason keeps why a tracker refuses. Most say the same to all.
func (t *tracker) reason(why string) *string {
	if t.refused == nil || *t.refused != why {
		t.refused = &why
	}
	return t.refused
}

// hurry makes all that is in order due, in the order it is in, but nothing more
// than once a minute.
func (t *tracker) hurry(now time.Duration) {
	t.until = min(t.until, now)
	var last time.Duration
	for _, e := range t.queue {
		if e.good {
			last = max(last, e.due)
		}
	}
	for _, e := range t.queue {
		if e.good {
			soon := time.Duration(e.told)*time.Second + time.Minute
			e.due = min(e.due, max(e.due-max(last-now, 0), soon))
			e.from = min(e.from, e.due)
		}
	}
	heap.Init(&t.queue)
}

func (t *tracker) enqueue(e *entry) { heap.Push(&t.queue, e) }

func (t *tracker) dequeue(e *entry) {
	if e.pos >= 0 {
		heap.Remove(&t.queue, int(e.pos))
	}
}

// queue is a heap of entries by due.
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due < q[j].due }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].pos, q[j].pos = int32(i), int32(j)
}

func (q *queue) Push(x any) {
	e := x.(*entry)
	e.pos = int32(len(*q))
	*q = append(*q, e)
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	e.pos = -1
	return e
}

// agenda is a heap of trackers by wake.
type agenda []*tracker

func (g agenda) Len() int           { return len(g) }
func (g agenda) Less(i, j int) bool { return g[i].wake < g[j].wake }
func (g agenda) Swap(i, j int) {
	g[i], g[j] = g[j], g[i]
	g[i].pos, g[j].pos = i, j
}

func (g *agenda) Push(x any) {
	t := x.(*tracker)
	t.pos = len(*g)
	*g = append(*g, t)
}

func (g *agenda) Pop() any {
	last := len(*g) - 1
	t := (*g)[last]
	(*g)[last] = nil
	*g = (*g)[:last]
	t.pos = -1
	return t
}

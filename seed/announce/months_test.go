package announce

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const day = 24 * time.Hour

// ledger is a tracker that watches how it is announced to.
type ledger struct {
	up       func(time.Duration) bool // whether it answers then
	interval func() time.Duration
	most     time.Duration // between two announces of a torrent, of all it asks for

	last     []time.Duration // by torrent
	worst    time.Duration   // beyond which a torrent was not heard of, while up
	probes   map[int]int     // by hour, while down
	slots    []uint16        // announces by slot
	stops    int
	upSince  time.Duration
	announce int
}

const slot = 2 * time.Minute

// heard notes an announce, and answers.
func (l *ledger) heard(now time.Duration, r request) (answer, error) {
	if !l.up(now) {
		l.probes[int(now/time.Hour)]++
		l.upSince = 0
		return answer{}, errDown
	}
	if l.upSince == 0 {
		l.upSince = now
	}
	if r.event == eventStopped {
		l.stops++
		return answer{}, nil
	}
	n := numberOf(r.hash)
	// After an outage the clock of a torrent starts when the tracker is found to be back.
	if gap := now - max(l.last[n], l.upSince); l.last[n] > 0 {
		l.worst = max(l.worst, gap)
	}
	l.last[n] = now
	l.announce++
	l.slots[int(now/slot)]++
	return answer{interval: l.interval(), seeds: -1, leechers: -1}, nil
}

// unevenness is the coefficient of variation of announces per slot.
func (l *ledger) unevenness(from, to time.Duration) float64 {
	var n, sum, squares float64
	for i := int(from / slot); i < int(to/slot); i++ {
		x := float64(l.slots[i])
		n, sum, squares = n+1, sum+x, squares+x*x
	}
	mean := sum / n
	return math.Sqrt(squares/n-mean*mean) / mean
}

// 90 days of 1000 torrents at three trackers: one dies for a week, one comes
// and goes, one says whatever it likes. Under the race detector there are fewer.
func TestNinetyDays(t *testing.T) {
	torrents := 1000
	if race {
		torrents = 100
	}
	synctest.Test(t, func(t *testing.T) {
		fixed := func(d time.Duration) func() time.Duration { return func() time.Duration { return d } }
		silly := []time.Duration{0, 1, math.MinInt64, time.Hour, never, never, never, never}
		ledgers := map[string]*ledger{
			"http://mortal/": {
				up:       func(now time.Duration) bool { return now < 20*day || now > 27*day },
				interval: fixed(3 * time.Hour), most: 3 * time.Hour,
			},
			"http://fickle/": {
				up:       func(now time.Duration) bool { return now%(9*time.Hour) < 7*time.Hour },
				interval: fixed(2 * time.Hour), most: 2 * time.Hour,
			},
			"http://silly/": {
				up:       func(time.Duration) bool { return true },
				interval: func() time.Duration { return silly[rand.IntN(len(silly))] }, most: 3 * time.Hour,
			},
		}
		for _, l := range ledgers {
			l.last, l.probes, l.slots = make([]time.Duration, torrents), map[int]int{}, make([]uint16, 91*day/slot)
		}
		begin := time.Now()
		var mu sync.Mutex
		w, err := newWire(Options{Port: 1})
		check(t, err)
		a := start(Options{}, w, func(_ context.Context, r request) (answer, error) {
			time.Sleep(100 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			return ledgers[r.tracker.url].heard(time.Since(begin), r)
		}, newClockAlarm)
		for i := range torrents {
			a.Add(some(i, []string{"http://mortal/"}, []string{"http://fickle/"}, []string{"http://silly/"}))
		}
		pass(10 * day)
		early := heapUsed()
		pass(30 * day)

		moved := time.Since(begin)
		a.AddressChanged()
		pass(2 * time.Minute)
		mu.Lock()
		for url, l := range ledgers {
			if !l.up(moved) || !l.up(moved+2*time.Minute) {
				continue
			}
			for i, last := range l.last {
				if last < moved {
					t.Errorf("%s has not heard of torrent %d and its new address within 2 minutes", url, i)
				}
			}
		}
		mu.Unlock()
		pass(50*day + 3*time.Hour)
		late := heapUsed()
		if late > early+early/4+1<<20 {
			t.Errorf("%d KB after 10 days, %d KB after 90", early>>10, late>>10)
		}

		now := time.Since(begin)
		for url, l := range ledgers {
			if limit := l.most * 3 / 2; l.worst > limit {
				t.Errorf("%s did not hear of a torrent for %v, at most %v", url, l.worst, limit)
			}
			for i, last := range l.last {
				if l.up(now) && now-max(last, l.upSince) > l.most*3/2 {
					t.Errorf("%s heard last of torrent %d at %v", url, i, last)
				}
			}
			for hour, n := range l.probes {
				if n > 12 {
					t.Errorf("%s was asked %d times in hour %d, when it was down", url, n, hour)
				}
			}
			t.Logf("%s: %d announces, at most %v apart, last probe hours %d", url, l.announce, l.worst, len(l.probes))
		}
		if n := len(ledgers["http://mortal/"].probes); n < 7*24*7/10 {
			t.Errorf("the dead one was asked in %d hours of 168", n)
		}
		for _, span := range [][2]time.Duration{{day, 19 * day}, {29 * day, 39 * day}, {42 * day, 90 * day}} {
			cv := ledgers["http://mortal/"].unevenness(span[0], span[1])
			t.Logf("unevenness from %v on: %.3f", span[0], cv)
			if limit := 0.1; cv > limit && !race {
				t.Errorf("announces from %v on vary by %.2f, limit %.2f", span[0], cv, limit)
			}
		}

		a.Remove("7")
		pass(time.Minute)
		a.Close(time.Minute)
		for url, l := range ledgers {
			if l.up(now) && l.stops != torrents {
				t.Errorf("%s heard %d times that a torrent stopped, want %d", url, l.stops, torrents)
			}
		}
	})
}

func heapUsed() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

package announce

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnnouncesFollowTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := virtual(t, every(20*time.Minute))
		a.Add(some(1, []string{"http://a/"}))
		a.Add(some(1, []string{"http://a/"})) // changes nothing
		pass(50 * time.Minute)
		a.Remove("1")
		a.Remove("1")
		pass(time.Hour)
		a.Add(some(1, []string{"http://a/"}))
		pass(time.Minute)
		a.Close(2 * time.Second)
		a.Close(2 * time.Second)
		a.Add(some(2, []string{"http://a/"}))
		l.want(t, "0s http://a/ 1 started", "20m0s http://a/ 1", "40m0s http://a/ 1", "50m0s http://a/ 1 stopped",
			"1h50m0s http://a/ 1 started", "1h51m0s http://a/ 1 stopped")
		if len(a.lists) != 1 || len(a.trackers) != 1 {
			t.Errorf("%d lists and %d trackers are kept", len(a.lists), len(a.trackers))
		}
	})
}

func TestAllTiersAndAllHashesAreAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := virtual(t, every(time.Hour))
		both := some(1, []string{"http://a/"}, []string{"udp://b:1", "ftp://c/", "http://a/"}, nil)
		both.Hashes = append(both.Hashes, hashOf(2))
		a.Add(both)
		a.Add(Torrent{ID: "trackerless", Hashes: [][20]byte{hashOf(9)}})
		pass(time.Minute)
		lines := strings.Split(l.take(), "\n")
		for i := range lines {
			_, lines[i], _ = strings.Cut(lines[i], " ")
		}
		slices.Sort(lines)
		want := "http://a/ 1 started|http://a/ 2 started|udp://b:1 1 started|udp://b:1 2 started"
		if got := strings.Join(lines, "|"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		a.Remove("trackerless")
		a.Remove("1")
		pass(time.Minute)
		if n := strings.Count(l.take(), "stopped"); n != 4 {
			t.Errorf("%d told that it stopped", n)
		}
		if len(a.torrents)+len(a.lists)+len(a.trackers)+len(a.ready) != 0 {
			t.Error("something is left of what was removed")
		}
		a.Close(time.Second)
	})
}

// What was published just now does not wait behind 10,000 others.
func TestTheNewestGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := virtual(t, every(time.Hour))
		for i := range 10_000 {
			a.Add(some(i, []string{"http://a/"}))
		}
		pass(10 * time.Second)
		early := strings.Count(l.take(), "\n") + 1
		if early < 400 || early > 520 {
			t.Errorf("%d announced in the first 10 seconds", early)
		}
		a.Add(some(77_777, []string{"http://a/"}))
		pass(time.Second)
		if !strings.Contains(l.take(), "http://a/ 77777 started") {
			t.Error("the newest waits")
		}
		a.Close(0)
	})
}

// A tracker that is down for a month is asked ever less often, and for ever, by
// one torrent at a time, each in turn.
func TestADeadTrackerIsProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := virtual(t, func(ctx context.Context, r request) (answer, error) {
			select {
			case <-ctx.Done():
			case <-time.After(askTime):
			}
			return answer{}, errDown
		})
		for i := range 5000 {
			a.Add(some(i, []string{"http://a/"}))
		}
		pass(time.Hour)
		if n := strings.Count(l.take(), "started"); n < 6 || n > 12 { // four in the first minute
			t.Errorf("%d tries in the first hour", n)
		}
		pass(30 * 24 * time.Hour)
		lines := l.take()
		if n := strings.Count(lines, "started"); n < 500 || n > 720 {
			t.Errorf("%d tries in a month", n)
		}
		if strings.Count(lines, "http://a/ 4000 started") > 1 {
			t.Error("one torrent does all the asking")
		}
		h := a.Trackers()[0]
		if h.Failures < 500 || h.Error == "" || h.Good != 0 || h.Entries != 5000 || h.Retry.Before(time.Now()) {
			t.Errorf("health: %+v", h)
		}
		a.Close(time.Second)
		if got := l.take(); got != "" {
			t.Errorf("a tracker that never heard of us was told %q", got)
		}
	})
}

func TestIntervalsAreBounded(t *testing.T) {
	for _, tc := range []struct{ interval, least, wantLeast, wantMost time.Duration }{
		{0, 0, defaultInterval / 2, defaultInterval},
		{-5, -5, defaultInterval / 2, defaultInterval},
		{1, 1, minInterval, minInterval},
		{time.Hour, 0, 30 * time.Minute, time.Hour},
		{time.Hour, 10 * time.Minute, 10 * time.Minute, time.Hour},
		{time.Hour, 2 * time.Hour, 2 * time.Hour, 2 * time.Hour},
		{never, never, maxInterval, maxInterval},
	} {
		least, most := spacing(answer{interval: tc.interval, least: tc.least})
		if least != tc.wantLeast || most != tc.wantMost {
			t.Errorf("%v, %v: %v, %v", tc.interval, tc.least, least, most)
		}
	}
}

func TestAStuckTrackerHoldsUpOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := virtual(t, func(ctx context.Context, r request) (answer, error) {
			if strings.Contains(r.tracker.url, "stuck") {
				<-ctx.Done()
				return answer{}, ctx.Err()
			}
			return answer{interval: time.Hour}, nil
		})
		for i := range 50 {
			a.Add(some(i, []string{"http://stuck/"}, []string{"http://fine/"}))
		}
		pass(2 * time.Second)
		lines := l.take()
		if n := strings.Count(lines, "fine"); n != 50 {
			t.Errorf("%d of 50 announced to the tracker that answers", n)
		}
		if n := strings.Count(lines, "stuck"); n != minSlots {
			t.Errorf("%d announces wait for the stuck one, want %d", n, minSlots)
		}
		begin := time.Now()
		a.Close(2 * time.Second)
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("the end took %v", took)
		}
		if n := strings.Count(l.take(), "http://fine/"); n != 50 {
			t.Errorf("%d of 50 said goodbye to the tracker that answers", n)
		}
	})
}

// BEP 12: the trackers of a tier stand in for each other.
func TestStandIns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down sync.Map
		a, l := virtual(t, func(_ context.Context, r request) (answer, error) {
			if _, is := down.Load(r.tracker.url); is {
				return answer{}, errDown
			}
			return answer{interval: time.Hour}, nil
		})
		const torrents = 100
		for i := range torrents {
			a.Add(some(i, []string{"http://a/", "http://b/"}))
		}
		pass(time.Minute)
		lines := l.take()
		atA, atB := strings.Count(lines, "http://a/"), strings.Count(lines, "http://b/")
		if atA+atB != torrents || atA < 25 || atB < 25 {
			t.Errorf("%d and %d announced", atA, atB)
		}
		down.Store("http://a/", true)
		pass(2 * time.Hour)
		l.take()
		pass(24 * time.Hour)
		lines = l.take()
		if n := strings.Count(lines, "http://b/"); n < 23*torrents {
			t.Errorf("%d announced to the one that works", n)
		}
		if n := strings.Count(lines, "http://a/"); n > 0 {
			t.Errorf("%d announced to the one that does not, and that nobody needs", n)
		}
		down.Store("http://b/", true)
		down.Delete("http://a/")
		pass(3 * time.Hour)
		l.take()
		pass(24 * time.Hour)
		if n := strings.Count(l.take(), "http://a/"); n < 23*torrents {
			t.Errorf("%d announced to the first again", n)
		}
		down.Store("http://a/", true) // and now all of them
		pass(12 * time.Hour)
		l.take()
		pass(24 * time.Hour)
		if n := strings.Count(l.take(), "\n") + 1; n < 30 || n > 80 {
			t.Errorf("%d probes in a day", n)
		}
		down.Clear()
		pass(2 * time.Hour)
		l.take()
		pass(time.Hour)
		if n := strings.Count(l.take(), "\n") + 1; n < torrents || n > torrents*3/2 {
			t.Errorf("%d announces in an hour after all trackers are back", n)
		}
		a.Close(time.Second)
	})
}

func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var retry atomic.Int64
		a, l := virtual(t, func(_ context.Context, r request) (answer, error) {
			if numberOf(r.hash) == 1 {
				return answer{}, &failure{why: "not yet", refused: true, retry: time.Duration(retry.Load())}
			}
			return answer{interval: time.Hour}, nil
		})
		a.Add(some(1, []string{"http://a/"}))
		pass(10 * time.Minute)
		l.want(t, "0s http://a/ 1 started", "1m0s http://a/ 1 started", "3m0s http://a/ 1 started", "7m0s http://a/ 1 started")
		if s := a.Status("1")[0]; s.Error != "not yet" || !s.LastSuccess.IsZero() || time.Until(s.Next).Round(time.Second) != 5*time.Minute {
			t.Errorf("status %+v", s)
		}
		a.Add(some(2, []string{"http://a/"})) // others are not concerned
		pass(time.Second)
		l.want(t, "10m0s http://a/ 2 started")
		retry.Store(int64(2 * time.Hour)) // BEP 31
		pass(6 * time.Minute)
		l.want(t, "15m0s http://a/ 1 started")
		pass(2 * time.Hour)
		retry.Store(int64(never))
		pass(30 * 24 * time.Hour)
		if n := strings.Count(l.take(), "http://a/ 1"); n != 2 {
			t.Errorf("asked %d times", n)
		}
		if s := a.Status("1")[0]; !s.Next.IsZero() {
			t.Errorf("status %+v", s)
		}
		a.Remove("1")
		a.Remove("2")
		pass(time.Second)
		if got := l.take(); strings.Contains(got, " 1 ") || !strings.Contains(got, " 2 stopped") {
			t.Errorf("at the end: %s", got)
		}
		a.Close(time.Second)
	})
}

// A tracker that does not want a torrent is no reason not to ask its stand-in.
func TestARefusedTorrentGoesToTheStandIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := virtual(t, func(_ context.Context, r request) (answer, error) {
			if r.tracker.url == "http://a/" {
				return answer{}, &failure{why: "no", refused: true}
			}
			return answer{interval: time.Hour}, nil
		})
		for i := range 20 {
			a.Add(some(i, []string{"http://a/", "http://b/"}))
		}
		pass(time.Minute)
		if n := strings.Count(l.take(), "http://b/"); n != 20 {
			t.Errorf("%d of 20 are with the stand-in", n)
		}
		a.Close(0)
	})
}

// A torrent that is added while its trackers still hear that it left must not
// be taken for one that left.
func TestAddingWhileItLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := virtual(t, func(_ context.Context, r request) (answer, error) {
			if r.event == eventStopped {
				time.Sleep(10 * time.Second)
			}
			return answer{interval: time.Hour}, nil
		})
		a.Add(some(1, []string{"http://a/"}))
		pass(time.Minute)
		a.Remove("1")
		pass(time.Second)
		a.Add(some(1, []string{"http://a/"}, []string{"http://b/"}))
		pass(time.Minute)
		a.Close(time.Minute)
		lines := strings.Split(l.take(), "\n")
		slices.Sort(lines[2:4])
		slices.Sort(lines[4:])
		want := "0s http://a/ 1 started|1m0s http://a/ 1 stopped|1m10s http://a/ 1 started|1m10s http://b/ 1 started|" +
			"2m1s http://a/ 1 stopped|2m1s http://b/ 1 stopped"
		if got := strings.Join(lines, "|"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestFarewellIsBoundedAndTheLastComeFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := virtual(t, func(ctx context.Context, r request) (answer, error) {
			if r.event == eventStopped {
				select {
				case <-time.After(100 * time.Millisecond):
				case <-ctx.Done():
				}
			}
			return answer{interval: 3 * time.Hour}, nil
		})
		for i := range 1000 {
			a.Add(some(i, []string{"http://a/"}))
		}
		pass(time.Hour)
		a.Add(some(5000, []string{"http://a/"}))
		pass(time.Minute)
		l.take()
		begin := time.Now()
		a.Close(2 * time.Second)
		if took := time.Since(begin); took > 2100*time.Millisecond {
			t.Errorf("took %v", took)
		}
		lines := l.take()
		if n := strings.Count(lines, "stopped"); n < 100 || n > 180 {
			t.Errorf("%d told in 2 s, 8 at a time, 100 ms each", n)
		}
		if !strings.Contains(lines, " 5000 stopped") {
			t.Error("the last one was not among them")
		}
	})
}

func TestAChangedAddressIsAnnouncedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := virtual(t, every(time.Hour))
		for i := range 2000 {
			a.Add(some(i, []string{"http://a/"}))
		}
		pass(5*time.Hour + 7*time.Minute)
		l.take()
		a.SetPorts(1, 0) // no change
		pass(10 * time.Second)
		if n := strings.Count(l.take(), "\n"); n > 20 {
			t.Errorf("%d announced for nothing", n)
		}
		for range 5 { // a flapping address
			a.SetPorts(2, 0)
			a.AddressChanged()
			pass(10 * time.Second)
		}
		pass(time.Minute)
		lines := l.take()
		for i := range 2000 {
			if !strings.Contains(lines, fmt.Sprintf(" %d\n", i)) && !strings.HasSuffix(lines, fmt.Sprintf(" %d", i)) {
				t.Fatalf("%d is not announced again", i)
			}
		}
		if n := strings.Count(lines, "\n"); n > 4500 {
			t.Errorf("%d announced for 2000", n)
		}
		a.Close(0)
	})
}

// With more than the budget allows, the DHT hears of all in turn, and of the
// newest first.
func TestTheDHTHasABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l := virtual(t, func(context.Context, request) (answer, error) {
			time.Sleep(6 * time.Second) // as a traversal takes
			return answer{interval: dhtInterval, least: dhtLeast}, nil
		})
		a.dht = true
		secret := some(9999)
		secret.Private = true
		a.Add(secret)
		for i := range 5000 {
			a.Add(some(i))
		}
		pass(time.Hour)
		lines := strings.Split(l.take(), "\n")
		if len(lines) < 1750 || len(lines) > 1810 {
			t.Errorf("%d traversals in an hour", len(lines))
		}
		a.Add(some(7777))
		pass(3 * time.Second)
		if !strings.Contains(l.take(), "7777") {
			t.Error("the newest waits")
		}
		pass(4 * time.Hour)
		l.take()
		pass(170 * time.Minute)
		seen := map[string]int{}
		for _, line := range strings.Split(l.take(), "\n") {
			seen[strings.Fields(line)[2]]++
		}
		if len(seen) != 5001 || seen["9999"] != 0 {
			t.Errorf("%d of 5001 announced in one turn", len(seen))
		}
		a.Close(time.Second)
		if got := l.take(); got != "" {
			t.Errorf("the DHT has no such message: %s", got)
		}
	})
}

// A start is a wave, and must not come back as one: 10,000 hybrids at a tracker with
// one interval or another. The announces of a second vary less than at random from the second
// round on, though some come in before that is over.
func TestAWaveLevelsOut(t *testing.T) {
	for _, interval := range []time.Duration{2 * time.Minute, 10 * time.Minute, 30 * time.Minute} {
		synctest.Test(t, func(t *testing.T) { levelsOut(t, interval) })
	}
}

func levelsOut(t *testing.T, interval time.Duration) {
	const torrents = 10_000
	var mu sync.Mutex
	begin := time.Now()
	seconds := make([]float64, 5*interval/time.Second)
	a, _ := virtual(t, func(context.Context, request) (answer, error) {
		mu.Lock()
		defer mu.Unlock()
		seconds[int(time.Since(begin)/time.Second)]++
		return answer{interval: interval}, nil
	})
	for i := range torrents {
		both := some(i, []string{"http://a/"})
		both.Hashes = append(both.Hashes, hashOf(torrents+i))
		a.Add(both)
	}
	pass(5*interval - time.Second)
	mu.Lock()
	defer a.Close(0)
	defer mu.Unlock()
	round := int(interval / time.Second)
	for from := round; from < 4*round; from += round {
		var sum, squares, most float64
		for _, n := range seconds[from : from+round] {
			sum, squares, most = sum+n, squares+n*n, max(most, n)
		}
		mean := sum / float64(round)
		cv := math.Sqrt(squares/float64(round)-mean*mean) / mean
		t.Logf("%v, from %d s on: %.1f announces a second, at most %.0f, coefficient of variation %.3f", interval, from, mean, most, cv)
		even := 2 * torrents / interval.Seconds()
		if from == round {
			if mean > 1.15*even || cv > 0.25 {
				t.Errorf("%.1f announces a second right after a wave, coefficient of variation %.2f", mean, cv)
			}
		} else if mean < even*0.98 || mean > even*1.02 || cv > 0.1 {
			t.Errorf("%.1f announces a second, want %.1f; coefficient of variation %.2f", mean, even, cv)
		}
	}
}

func TestStatusJoinsTheHashesOfATorrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := virtual(t, func(_ context.Context, r request) (answer, error) {
			if numberOf(r.hash) == 2 {
				return answer{}, &failure{why: "no v2 here", refused: true}
			}
			return answer{interval: time.Hour, seeds: 3, leechers: -1, warning: "we move"}, nil
		})
		both := some(1, []string{"http://a/"}, []string{"http://b/"})
		both.Hashes = append(both.Hashes, hashOf(2))
		a.Add(both)
		pass(30 * time.Second)
		want := TrackerStatus{
			URL: "http://a/", Next: a.begin.Add(time.Minute), Seeds: 3, Leechers: -1, Error: "no v2 here", Warning: "we move",
		}
		s := a.Status("1")
		if len(s) != 2 || s[0].URL != want.URL || !s[0].Next.Round(time.Second).Equal(want.Next) || s[0].Seeds != want.Seeds ||
			s[0].Leechers != want.Leechers || s[0].Error != want.Error || s[0].Warning != want.Warning || !s[0].LastSuccess.IsZero() {
			t.Errorf("got %+v, want %+v", s, want)
		}
		if h := a.Trackers(); len(h) != 2 || h[0].URL != "http://a/" || h[0].Entries != 2 || h[0].Good != 1 || h[0].Error != "no v2 here" {
			t.Errorf("health %+v", h)
		}
		if a.Status("2") != nil {
			t.Error("status of what is not there")
		}
		a.Close(0)
	})
}

package origin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"commonseed/seed"
	"commonseed/seed/seedtest"
)

// told records announcements, with the virtual time since the start.
type told struct {
	mu    sync.Mutex
	begin time.Time
	lines []string
}

func (l *told) add(a announcement) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf("%v %s %.2x %s", time.Since(l.begin).Round(time.Second), a.url, a.infohash[:1], a.event))
}

func (l *told) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := strings.Join(l.lines, "\n")
	l.lines = nil
	return s
}

// announcing runs an announcer in the bubble of a synctest.
func announcing(t *testing.T, announce func(context.Context, announcement) (time.Duration, error)) (*announcer, *told, func()) {
	l := &told{begin: time.Now()}
	a := newAnnouncer(false, func(ctx context.Context, an announcement) (time.Duration, error) {
		l.add(an)
		return announce(ctx, an)
	})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { a.run(ctx) })
	return a, l, func() { cancel(); wg.Wait(); a.farewell(2 * time.Second) }
}

func torrentAt(trackers ...string) *torrent {
	return &torrent{swarms: [][20]byte{{0xaa}}, trackers: [][]string{trackers}}
}

func TestAnnouncesFollowTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l, end := announcing(t, func(context.Context, announcement) (time.Duration, error) { return 20 * time.Minute, nil })
		tor := torrentAt("http://a/")
		a.start(tor)
		a.start(tor) // changes nothing
		time.Sleep(50 * time.Minute)
		a.stop(tor)
		time.Sleep(time.Hour)
		a.start(tor)
		time.Sleep(time.Minute)
		end()
		want := "0s http://a/ aa started\n20m0s http://a/ aa \n40m0s http://a/ aa \n50m0s http://a/ aa stopped\n" +
			"1h50m0s http://a/ aa started\n1h51m0s http://a/ aa stopped"
		if got := l.take(); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	})
}

func TestBothVersionsAreAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l, end := announcing(t, func(context.Context, announcement) (time.Duration, error) { return time.Hour, nil })
		tor := torrentAt("http://a/", "udp://b:1")
		tor.swarms = append(tor.swarms, [20]byte{0xbb})
		a.start(tor)
		time.Sleep(time.Minute)
		lines := l.take()
		for _, want := range []string{"http://a/ aa", "http://a/ bb", "udp://b:1 aa", "udp://b:1 bb"} {
			if strings.Count(lines, want) != 1 {
				t.Errorf("%q is missing in:\n%s", want, lines)
			}
		}
		end()
	})
}

// A tracker that is down for a month is asked ever less often, and for ever.
func TestFailuresAreRetriedEverLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l, end := announcing(t, func(context.Context, announcement) (time.Duration, error) { return 0, errors.New("down") })
		a.start(torrentAt("http://a/"))
		time.Sleep(time.Hour)
		if n := strings.Count(l.take(), "started"); n < 4 || n > 8 {
			t.Errorf("%d tries in the first hour", n)
		}
		time.Sleep(30 * 24 * time.Hour)
		if n := strings.Count(l.take(), "started"); n < 500 || n > 720 {
			t.Errorf("%d tries in a month", n)
		}
		end()
		if got := l.take(); got != "" {
			t.Errorf("a tracker that never heard of us was told %q", got)
		}
	})
}

func TestIntervalsAreBounded(t *testing.T) {
	now := time.Unix(0, 0)
	for said, want := range map[time.Duration]time.Duration{
		0: defaultInterval, -5: defaultInterval, 1: minInterval, time.Hour: time.Hour, 1000 * time.Hour: maxInterval,
	} {
		j := &job{}
		j.settle(said, nil, now)
		if got := j.due.Sub(now); got != want {
			t.Errorf("a tracker that says %v is asked after %v, want %v", said, got, want)
		}
	}
}

func TestAStuckTrackerHoldsUpOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l, end := announcing(t, func(ctx context.Context, an announcement) (time.Duration, error) {
			if strings.Contains(an.url, "stuck") {
				<-ctx.Done()
				return 0, ctx.Err()
			}
			return time.Hour, nil
		})
		for i := range 50 {
			tor := torrentAt("http://stuck/", "http://fine/")
			tor.swarms[0][1] = byte(i)
			a.start(tor)
		}
		time.Sleep(time.Second)
		lines := l.take()
		if n := strings.Count(lines, "fine"); n != 50 {
			t.Errorf("%d of 50 announced to the tracker that answers", n)
		}
		if n := strings.Count(lines, "stuck"); n != maxPerHost {
			t.Errorf("%d announces wait for the stuck one, want %d", n, maxPerHost)
		}
		begin := time.Now()
		end()
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("the end took %v", took)
		}
	})
}

func TestFarewellIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, l, end := announcing(t, func(ctx context.Context, an announcement) (time.Duration, error) {
			if an.event == eventStopped && strings.Contains(an.url, "stuck") {
				<-ctx.Done()
				return 0, ctx.Err()
			}
			return time.Hour, nil
		})
		a.start(torrentAt("http://stuck/", "http://fine/"))
		time.Sleep(time.Minute)
		l.take()
		begin := time.Now()
		end()
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("took %v", took)
		}
		if lines := l.take(); strings.Count(lines, "stopped") != 2 {
			t.Errorf("told:\n%s", lines)
		}
	})
}

// A tracker that takes connections and says nothing, in real time.
func TestCloseDoesNotWaitForAStuckTracker(t *testing.T) {
	stuck, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer stuck.Close()
	p := seedtest.NewPayload(t, seedtest.Hybrid, "http://"+stuck.Addr().String()+"/announce", "udp://127.0.0.1:1")
	e := open(t, Options{})
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	seedtest.Await(t, e, id, seed.Seeding)
	stuck.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second))
	conn, err := stuck.Accept()
	check(t, err)
	defer conn.Close()
	begin := time.Now()
	check(t, e.Close())
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("Close took %v", took)
	}
}

func TestHTTPAnnounceSaysWhatTrackersExpect(t *testing.T) {
	queries := make(chan string, 16)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		queries <- r.URL.RawQuery
		w.Write([]byte("d8:intervali1800e5:peers0:e"))
	}))
	defer srv.Close()
	p := seedtest.NewPayload(t, seedtest.V1, srv.URL+"/announce?passkey=1")
	e := open(t, Options{})
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	seedtest.Await(t, e, id, seed.Seeding)
	next := func() string {
		select {
		case q := <-queries:
			return q
		case <-time.After(10 * time.Second):
			t.Fatal("no announce")
			return ""
		}
	}
	q := next()
	for _, want := range []string{"passkey=1&info_hash=", "&left=0&", "&compact=1&", "event=started", fmt.Sprintf("port=%d", e.PeerPort())} {
		if !strings.Contains(q, want) {
			t.Errorf("%q is missing in %q", want, q)
		}
	}
	check(t, e.Close()) // perhaps before the answer was read
	if q := next(); !strings.Contains(q, "event=stopped") {
		t.Errorf("at the end: %q", q)
	}
}

func TestTrackerAnswers(t *testing.T) {
	for body, want := range map[string]string{
		"d8:intervali1800e5:peers12:\x01\x02\x03\x04\x00\x50\x05\x06\x07\x08\x1a\xe1e":         "30m0s [1.2.3.4:80 5.6.7.8:6881]",
		"d8:intervali60e5:peersld2:ip7:1.2.3.44:porti80eed2:ip4:host4:porti80eeee":             "1m0s [1.2.3.4:80]",
		"d5:peers0:6:peers618:\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01\x00\x50e": "0s [[2001:db8::1]:80]",
		"d8:intervali999999999999e5:peers3:abce":                                               "3h0m0s []",
		"d8:intervali60e5:peers0:etrailing":                                                    "1m0s []",
		"d8:intervali-5e5:peersi7ee":                                                           "0s []",
		"d14:failure reason4:nopee":                                                            "error",
		"<html>":                                                                               "error",
		"":                                                                                     "error",
		"d8:intervald" + strings.Repeat("1:al", 500):                                           "error",
	} {
		r, err := parseTrackerAnswer([]byte(body))
		got := fmt.Sprint(r.interval, " ", r.peers)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%.60q: %s (%v), want %s", body, got, err, want)
		}
	}
}

func FuzzTrackerAnswer(f *testing.F) {
	f.Add([]byte("d8:intervali1800e5:peers6:\x01\x02\x03\x04\x00\x50e"))
	f.Add([]byte("d5:peersld2:ip7:1.2.3.44:porti80eeee"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if r, err := parseTrackerAnswer(body); err == nil && (r.interval < 0 || r.interval > maxInterval) {
			t.Errorf("interval %v", r.interval)
		}
		if r, err := parseUDPAnnounce(body, &net.UDPAddr{IP: net.IPv4(1, 2, 3, 4)}); err == nil && len(r.peers) > len(body)/6 {
			t.Errorf("%d peers", len(r.peers))
		}
	})
}

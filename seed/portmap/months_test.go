package portmap

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var somePorts = []Port{{"tcp", 7448}, {"udp", 7448}, {"tcp", 8080}}

// heardOf keeps what a Mapper told last about each port.
type heardOf struct {
	mu   sync.Mutex
	last map[Port]netip.AddrPort
}

func (h *heardOf) change(m Mapping) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil {
		h.last = map[Port]netip.AddrPort{}
	}
	h.last[m.Port] = m.External
}

func (h *heardOf) of(p Port) netip.AddrPort {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last[p]
}

// watch checks every minute what a router does and what is told of it.
type watch struct {
	t       *testing.T
	router  *simRouter
	random  *rand.Rand
	heard   *heardOf
	allowed time.Duration // how long a port may be unmapped while the router is on
	since   time.Time     // that all ports were mapped, or the router off
	worst   time.Duration
	busiest int // requests of a day
}

func (w *watch) pass(d time.Duration) {
	w.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Minute) {
		if w.fine() {
			w.since = time.Now()
		} else if out := time.Since(w.since); out > w.allowed {
			w.t.Fatalf("not mapped for %s, although the router answers; told %v", out, w.heard.last)
		} else {
			w.worst = max(w.worst, out)
		}
	}
}

// fine says whether all ports are mapped, and known to be where they are.
func (w *watch) fine() bool {
	w.router.mu.Lock()
	off, address := w.router.off, w.router.address
	w.router.mu.Unlock()
	if off {
		return true
	}
	for _, p := range somePorts {
		external := w.router.leadsTo(p)
		if external == 0 || w.heard.of(p) != netip.AddrPortFrom(address, external) {
			return false
		}
	}
	return true
}

// day passes a day, in which something may happen, and counts the requests.
func (w *watch) day(happens func()) {
	w.t.Helper()
	noon := time.Duration(w.random.Int64N(int64(24 * time.Hour)))
	w.router.takeRequests()
	w.pass(noon)
	w.since = time.Now()
	happens()
	w.pass(24*time.Hour - noon)
	w.busiest = max(w.busiest, w.router.takeRequests())
}

// Ninety days: renewals, restarts, new addresses, a router that is away for a
// week. Requests stay few, and ports are not without a mapping for long.
func TestMonths(t *testing.T) {
	for _, c := range []struct {
		speaks   string
		announce bool
		requests int           // a day, at most
		restart  time.Duration // until mapped again after a restart or a new address
		back     time.Duration // the same when the router was away for a week
	}{
		{"PCP", false, 350, lookInterval + time.Minute, maxRetry + time.Minute},
		{"PCP", true, 350, 2 * time.Minute, 2 * time.Minute},
		{"NAT-PMP", false, 350, lookInterval + time.Minute, maxRetry + time.Minute},
		{"NAT-PMP", true, 350, 2 * time.Minute, 2 * time.Minute},
		{"UPnP", false, 800, lookInterval + time.Minute, maxRetry + time.Minute},
	} {
		t.Run(fmt.Sprintf("%s announce=%v", c.speaks, c.announce), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				router := newSimRouter(c.speaks)
				router.announce = c.announce
				heard := &heardOf{}
				m := start(Options{Ports: somePorts, OnChange: heard.change}, router.network())
				defer m.Close()
				w := &watch{t: t, router: router, random: rand.New(rand.NewPCG(1, 2)), heard: heard, allowed: c.restart, since: time.Now()}
				for day := range 90 {
					w.allowed = c.restart
					switch {
					case day == 40:
						w.day(func() { router.power(false) })
					case day == 47:
						if told := heard.of(somePorts[0]); told.IsValid() {
							t.Errorf("router away for a week, told %s", told)
						}
						w.allowed = c.back
						w.day(func() { router.power(true); router.restart() })
					case day%7 == 3:
						w.day(router.restart)
					case day%7 == 5:
						w.day(func() { router.readdress(fmt.Sprintf("198.51.100.%d", day)) })
					case day%30 == 20: // off for as long as starting takes
						w.day(func() {
							router.power(false)
							time.Sleep(3 * time.Minute)
							router.power(true)
							router.restart()
							w.since = time.Now()
						})
					default:
						w.day(func() {})
					}
				}
				t.Logf("at most %d requests a day; without mapping for at most %s", w.busiest, w.worst)
				if w.busiest > c.requests {
					t.Errorf("%d requests in one day, want at most %d", w.busiest, c.requests)
				}
				if router.slack < leaseTime/2-time.Minute {
					t.Errorf("renewed %s before the end", router.slack)
				}
				m.Close()
				for _, p := range somePorts {
					if port := router.leadsTo(p); port != 0 {
						t.Errorf("after Close, port %d still leads to %s", port, p)
					}
				}
			})
		})
	}
}

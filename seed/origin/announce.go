package origin

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds on how trackers are bothered.
const (
	maxAnnouncing    = 16 // at once
	maxPerHost       = 4
	announceTime     = 30 * time.Second
	minInterval      = 30 * time.Second
	maxInterval      = 3 * time.Hour
	defaultInterval  = 30 * time.Minute
	firstRetry       = 30 * time.Second
	maxRetry         = time.Hour
	maxTrackerAnswer = 1 << 20
)

// Events of an announce. BEP 3
const (
	eventNone    = ""
	eventStarted = "started"
	eventStopped = "stopped"
)

// dhtURL stands for the distributed hash table among the trackers.
const dhtURL = "dht:"

// announcement is one infohash told to one tracker.
type announcement struct {
	t        *torrent
	infohash [20]byte
	url      string
	event    string
}

// reply is what a tracker answers.
type reply struct {
	interval time.Duration // 0: not said
	peers    []netip.AddrPort
}

// job is an announcement that recurs.
type job struct {
	announcement
	due      time.Time
	started  bool // the tracker has heard of us
	failures int
	running  bool
	stopping bool // to be told "stopped", once, and dropped
}

// announcer tells trackers about the torrents in service. It starts no more
// than maxAnnouncing announcements at once, maxPerHost of them to one host, so
// that a stuck tracker holds up only itself.
type announcer struct {
	dht      bool // announce to the DHT as well
	announce func(context.Context, announcement) (time.Duration, error)
	wake     chan struct{}
	wg       sync.WaitGroup

	mu      sync.Mutex
	jobs    map[*job]struct{}
	byHost  map[string]int // running
	running int
	closed  bool
}

func newAnnouncer(dht bool, announce func(context.Context, announcement) (time.Duration, error)) *announcer {
	return &announcer{
		dht:      dht,
		announce: announce,
		wake:     make(chan struct{}, 1),
		jobs:     map[*job]struct{}{},
		byHost:   map[string]int{},
	}
}

// start announces t from now on, unless it already is.
func (a *announcer) start(t *torrent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	for j := range a.jobs {
		if j.t == t && !j.stopping {
			return
		}
	}
	urls := slices.Concat(t.trackers...)
	if a.dht && !t.private {
		urls = append(urls[:len(urls):len(urls)], dhtURL)
	}
	for _, h := range t.swarms {
		for _, u := range urls {
			a.jobs[&job{announcement: announcement{t: t, infohash: h, url: u}, due: time.Now()}] = struct{}{}
		}
	}
	signal(a.wake)
}

// stop tells the trackers of t that it left, and announces it no more.
func (a *announcer) stop(t *torrent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for j := range a.jobs {
		if j.t != t {
			continue
		}
		j.stopping = true
		j.due = time.Now()
		if !j.started && !j.running {
			delete(a.jobs, j)
		}
	}
	signal(a.wake)
}

// run announces until ctx ends.
func (a *announcer) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-timer.C:
		}
		timer.Reset(a.launch(ctx))
	}
}

// launch starts what is due, and answers when to look again.
func (a *announcer) launch(ctx context.Context) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	wait := time.Hour
	for j := range a.jobs {
		if j.running {
			continue
		}
		if d := j.due.Sub(now); d > 0 {
			wait = min(wait, d)
			continue
		}
		host := hostOf(j.url)
		if a.closed || a.running >= maxAnnouncing || a.byHost[host] >= maxPerHost {
			continue // the end of a running one wakes us
		}
		j.running = true
		a.running++
		a.byHost[host]++
		a.wg.Go(func() { a.once(ctx, j, host) })
	}
	return wait
}

func hostOf(u string) string {
	p, err := url.Parse(u)
	if err != nil {
		return u
	}
	return p.Host
}

// once runs one announcement and decides about the next.
func (a *announcer) once(ctx context.Context, j *job, host string) {
	a.mu.Lock()
	told := j.announcement
	leaving := j.stopping
	a.mu.Unlock()
	switch {
	case leaving:
		told.event = eventStopped
	case !j.started:
		told.event = eventStarted
	}
	ctx, cancel := context.WithTimeout(ctx, announceTime)
	interval, err := a.announce(ctx, told)
	cancel()
	a.mu.Lock()
	defer a.mu.Unlock()
	j.running = false
	a.running--
	if a.byHost[host]--; a.byHost[host] == 0 {
		delete(a.byHost, host)
	}
	j.settle(interval, err, time.Now())
	if errors.Is(err, context.Canceled) { // cut off by Close: the tracker may have heard
		j.started = true
	}
	if leaving || j.stopping && !j.started {
		delete(a.jobs, j)
	}
	signal(a.wake)
}

// settle sets the time of the next announcement.
func (j *job) settle(interval time.Duration, err error, now time.Time) {
	if err == nil {
		j.started, j.failures = true, 0
		if interval <= 0 {
			interval = defaultInterval
		}
		interval = min(max(interval, minInterval), maxInterval)
	} else {
		interval = min(firstRetry<<min(j.failures, 10), maxRetry)
		interval += rand.N(interval / 4)
		j.failures++
	}
	j.due = now.Add(interval)
	if j.stopping {
		j.due = now
	}
}

// farewell ends the announcer: it tells all trackers that we left, as far as
// that goes within timeout. Run has to have been told to end before.
func (a *announcer) farewell(timeout time.Duration) {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	slots := make(chan struct{}, maxAnnouncing)
	var wg sync.WaitGroup
	for _, told := range a.heard() {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			a.announce(ctx, told)
			<-slots
		})
	}
	wg.Wait()
}

// heard lists what has to be taken back: the trackers that know of us.
func (a *announcer) heard() (last []announcement) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for j := range a.jobs {
		if j.started && j.url != dhtURL {
			told := j.announcement
			told.event = eventStopped
			last = append(last, told)
		}
	}
	return last
}

// announceOnce speaks to one tracker, or the DHT, and hands the peers it names
// to the dialer.
func (e *Engine) announceOnce(ctx context.Context, a announcement) (time.Duration, error) {
	var r reply
	var err error
	switch scheme, _, _ := strings.Cut(a.url, ":"); scheme {
	case "dht":
		r, err = e.announceDHT(ctx, a)
	case "udp":
		r, err = e.announceUDP(ctx, a)
	default:
		r, err = e.announceHTTP(ctx, a)
	}
	if err != nil {
		e.log.Debug("announce failed", "tracker", a.url, "infohash", a.t.id, "err", err)
		return 0, err
	}
	if a.event != eventStopped {
		e.dialer.offer(a.t, a.infohash, r.peers, time.Now())
	}
	return r.interval, nil
}

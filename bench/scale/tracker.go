package main

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// The tracker that all torrents name: its address is in every one of them.
const (
	trackerAddr = "127.0.0.1:7450"
	trackerURL  = "http://" + trackerAddr + "/announce"
)

// tracker counts announces, and knows no peers.
type tracker struct {
	server http.Server
	answer []byte

	mu     sync.Mutex
	times  []time.Time         // of announces, in order
	hashes map[string]struct{} // that were announced
}

// startTracker answers that every torrent be announced again after interval.
func startTracker(interval time.Duration) (*tracker, error) {
	l, err := net.Listen("tcp", trackerAddr)
	if err != nil {
		return nil, err
	}
	t := &tracker{answer: fmt.Appendf(nil, "d8:completei1e10:incompletei0e8:intervali%de5:peers0:e", int(interval.Seconds())),
		hashes: map[string]struct{}{}}
	t.server.Handler = t
	go t.server.Serve(l)
	return t, nil
}

// ServeHTTP counts an announce. BEP 3
func (t *tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(q.Get("info_hash")) != 20 {
		http.Error(w, "no announce", http.StatusBadRequest)
		return
	}
	t.mu.Lock()
	t.times = append(t.times, time.Now())
	t.hashes[q.Get("info_hash")] = struct{}{}
	t.mu.Unlock()
	w.Write(t.answer)
}

// forget begins to count anew.
func (t *tracker) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times = nil
	clear(t.hashes)
}

// load is how announces came within a span of time.
type load struct {
	perSecond float64 // mean
	variation float64 // standard deviation of the seconds' counts ÷ mean; of announces at random it were 1 ÷ √mean
	most      int     // in a second
}

// within looks at the full seconds of a span.
func (t *tracker) within(from, to time.Time) load {
	counts := make([]int, int(to.Sub(from)/time.Second))
	t.mu.Lock()
	for _, at := range t.times {
		if second := int(math.Floor(at.Sub(from).Seconds())); second >= 0 && second < len(counts) {
			counts[second]++
		}
	}
	t.mu.Unlock()
	var l load
	var sum, squares float64
	for _, c := range counts {
		sum += float64(c)
		squares += float64(c) * float64(c)
		l.most = max(l.most, c)
	}
	n := float64(len(counts))
	l.perSecond = sum / n
	l.variation = math.Sqrt(max(0, squares/n-l.perSecond*l.perSecond)) / l.perSecond
	return l
}

// announced is how many infohashes were.
func (t *tracker) announced() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.hashes)
}

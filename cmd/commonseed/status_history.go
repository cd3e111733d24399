package main

import (
	"encoding/json"
	"sync"
	"time"

	"commonseed/seed/origin"
)

// The course of things: ten minutes in steps of two seconds, a day in minutes.
const (
	fineStep, fineSpan     = 2 * time.Second, 10 * time.Minute
	coarseStep, coarseSpan = time.Minute, 24 * time.Hour
)

// point is a step of a course: how it went until then, on average.
type point struct {
	at    time.Time
	rate  float64 // bytes per second
	peers int     // at that moment
}

// MarshalJSON writes [seconds since 1970, bytes per second, peers].
func (p point) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{p.at.Unix(), int64(p.rate), p.peers})
}

// history remembers how fast was uploaded to how many.
type history struct {
	mu           sync.Mutex
	fine, coarse course
}

// course is one pace of history.
type course struct {
	points []point // oldest first
	since  time.Time
	total  int64 // uploaded until then
}

func (h *history) add(now time.Time, r origin.Report) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fine.add(now, r, fineStep, fineSpan)
	h.coarse.add(now, r, coarseStep, coarseSpan)
}

// add ends a step, if it is over. A clock that was set back begins a new one.
func (c *course) add(now time.Time, r origin.Report, step, span time.Duration) {
	lasted := now.Sub(c.since)
	if c.since.IsZero() || lasted < 0 {
		c.since, c.total = now, r.Uploaded
		return
	}
	if lasted < step {
		return
	}
	p := point{at: now, rate: float64(r.Uploaded-c.total) / lasted.Seconds(), peers: r.Peers}
	if most := int(span / step); len(c.points) == most {
		copy(c.points, c.points[1:])
		c.points = c.points[:most-1]
	}
	c.points = append(c.points, p)
	c.since, c.total = now, r.Uploaded
}

// courses are copies of what is remembered.
func (h *history) courses() (fine, coarse []point) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]point{}, h.fine.points...), append([]point{}, h.coarse.points...)
}

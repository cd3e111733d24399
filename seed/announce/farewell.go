package announce

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Goodbyes at once, over all trackers and to one.
const (
	maxParting = 128
	perParting = 8
)

// Close ends all announcing. Trackers that heard of us are told that we leave,
// as far as that goes within timeout: what was announced last comes first, and
// trackers that fail are left out. UDP trackers get a packet for each torrent,
// whose answer is not waited for.
func (a *Announcer) Close(timeout time.Duration) {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return
	}
	a.closed = true
	a.dismissLocked()
	a.mu.Unlock()
	a.cancel()
	a.wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	a.farewell(ctx)
	a.wire.close()
}

// farewell says "stopped" to all trackers side by side.
func (a *Announcer) farewell(ctx context.Context) {
	slots := make(chan struct{}, maxParting)
	var wg sync.WaitGroup
	for _, requests := range a.partings() {
		var next atomic.Int64
		part := func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(requests) {
					return
				}
				select {
				case slots <- struct{}{}:
				case <-ctx.Done():
					return
				}
				a.ask(ctx, requests[i])
				<-slots
			}
		}
		for range min(perParting, len(requests)) {
			wg.Go(part)
		}
	}
	wg.Wait()
}

// partings lists what has to be taken back, by tracker.
func (a *Announcer) partings() map[*tracker][]request {
	a.mu.Lock()
	defer a.mu.Unlock()
	heard := map[*tracker][]*entry{}
	for _, t := range a.torrents {
		for i := range t.entries {
			if e := &t.entries[i]; e.known && e.at.failures == 0 && !e.at.isDHT() {
				heard[e.at] = append(heard[e.at], e)
			}
		}
	}
	last := map[*tracker][]request{}
	for t, entries := range heard {
		slices.SortFunc(entries, func(x, y *entry) int { return cmp.Compare(y.told, x.told) })
		for _, e := range entries {
			last[t] = append(last[t], request{tracker: t, id: e.t.id, hash: e.t.hashes[e.hash], event: eventStopped, last: true})
		}
	}
	return last
}

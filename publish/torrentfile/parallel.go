package torrentfile

import (
	"context"
	"runtime"
	"sync"
)

// parallel cuts [0,n) into ranges of at most step numbers and hands them out in
// rising order, one at a time to each core; start makes the function that one
// core calls. After an error no new range is handed out, and of several errors
// that of the lowest range is returned: the same whatever the timing.
func parallel(ctx context.Context, n, step int, start func() func(first, last int) error) error {
	h := handout{n: n, step: step, failed: n}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+step-1)/step) {
		wg.Go(func() {
			work := start()
			for first, last := h.take(ctx); first < last; first, last = h.take(ctx) {
				if err := work(first, last); err != nil {
					h.fail(first, err)
				}
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return h.err
}

type handout struct {
	mu     sync.Mutex
	next   int
	n      int
	step   int
	failed int // start of the lowest range that failed
	err    error
}

// take gives the next range, an empty one if there is no more work.
func (h *handout) take(ctx context.Context) (first, last int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil || ctx.Err() != nil {
		return h.n, h.n
	}
	first = h.next
	last = min(first+h.step, h.n)
	h.next = last
	return first, last
}

func (h *handout) fail(first int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil || first < h.failed {
		h.failed, h.err = first, err
	}
}

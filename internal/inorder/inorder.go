// Package inorder does work on all cores and gives the results in their order, as
// soon as each is there: for lists that people read while they grow.
package inorder

import (
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls work for 0 to n-1, from as many goroutines as there are cores, and
// yields what it answers in that order. When the loop over it ends, no work is under
// way any more, and what was not begun never is.
func Each[T any](n int, work func(i int) T) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		results := make([]chan T, n)
		for i := range results {
			results[i] = make(chan T, 1)
		}
		var next atomic.Int64
		var wg sync.WaitGroup
		defer wg.Wait()
		defer next.Store(int64(n))
		for range min(runtime.NumCPU(), n) {
			wg.Go(func() {
				for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
					results[i] <- work(int(i))
				}
			})
		}
		for i, result := range results {
			if !yield(i, <-result) {
				return
			}
		}
	}
}

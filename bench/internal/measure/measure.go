// Package measure times programs in turns, for the benchmarks.
//
//	main.go        Main: a benchmark from its start to its end
//	measure.go      Task, InTurns, and Series: what was measured of a task
//	child_linux.go  Run: a program as a process of its own, its time and its memory
//	child_other.go  the same where the system is not Linux
//	machine.go      the machine, in words
//	size.go         Size: a flag such as 1GiB
package measure

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// Usage is what one run took.
type Usage struct {
	Took time.Duration
	Peak int64 // bytes of memory that the process held at most; 0: not measured
}

// Task is something to measure.
type Task struct {
	Name string
	Run  func(ctx context.Context) (Usage, error)
}

// Series is all runs of a task, the fastest first.
type Series []Usage

// InTurns runs every task so many times, in turns and each turn beginning with
// another one, so that a slow spell of the machine does not hit one alone. A turn
// before them does not count: whoever is first finds programs that have not been loaded
// yet, and places on the disk that have never been written to.
func InTurns(ctx context.Context, tasks []Task, runs int) ([]Series, error) {
	all := make([]Series, len(tasks))
	for turn := range runs + 1 {
		fmt.Fprintf(os.Stderr, "run %d of %d\n", turn, runs)
		for i := range tasks {
			t := (i + turn) % len(tasks)
			used, err := tasks[t].Run(ctx)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", tasks[t].Name, err)
			}
			if turn > 0 {
				all[t] = append(all[t], used)
			}
		}
	}
	for _, s := range all {
		slices.SortFunc(s, func(a, b Usage) int { return int(a.Took - b.Took) })
	}
	return all, nil
}

// Median is the time in the middle. On a machine that is busy with other things
// the fastest run says more.
func (s Series) Median() time.Duration { return (s[(len(s)-1)/2].Took + s[len(s)/2].Took) / 2 }

// Fastest is the least time.
func (s Series) Fastest() time.Duration { return s[0].Took }

// Slowest is the most time.
func (s Series) Slowest() time.Duration { return s[len(s)-1].Took }

// Peak is the most memory that any of the runs held, in MiB for a table.
func (s Series) Peak() string {
	var peak int64
	for _, u := range s {
		peak = max(peak, u.Peak)
	}
	if peak == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", float64(peak)/(1<<20))
}

// Ratio is a ÷ b.
func Ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }

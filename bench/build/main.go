// Command build compares how fast torrents are built: by us, by libtorrent, by
// mktorrent and by transmission-create, against the speed at which this machine
// can hash at all.
//
//	go run ./bench/build -size 1GiB -runs 5
//
// Everything is measured in one run, in turns, each builder as a whole process
// over the same files in a warm page cache. The result is a Markdown table.
//
//	main.go      flags, measuring, the table
//	builders.go  what is measured
//	payload.go   test data
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	size := byteSize(1 << 30)
	flag.Var(&size, "size", "payload, in bytes or with KiB, MiB, GiB")
	runs := flag.Int("runs", 5, "measurements of each builder")
	files := flag.Int("files", 1, "number of files the payload is cut into")
	only := flag.String("only", "", "build one torrent of this folder with our builder, print nothing (used by the benchmark itself)")
	flag.Parse()
	if *only != "" {
		return buildOurs(ctx, *only)
	}
	if *runs < 1 || *files < 1 || size < byteSize(*files) {
		return fmt.Errorf("wants at least one run, one file and one byte a file")
	}
	dir, err := os.MkdirTemp("", "commonseed-bench-build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, err := makePayload(ctx, dir, int64(size), *files)
	if err != nil {
		return err
	}
	builders := allBuilders(p)
	times, err := measure(ctx, builders, *runs)
	if err != nil {
		return err
	}
	printTable(p, builders, times)
	return nil
}

// measure times every builder runs times, in turns and each turn beginning with
// another one, so that a slow spell of the machine does not hit one alone.
func measure(ctx context.Context, builders []builder, runs int) ([][]time.Duration, error) {
	times := make([][]time.Duration, len(builders))
	for turn := range runs {
		fmt.Fprintf(os.Stderr, "run %d of %d\n", turn+1, runs)
		for i := range builders {
			b := (i + turn) % len(builders)
			start := time.Now()
			if err := builders[b].build(ctx); err != nil {
				return nil, fmt.Errorf("%s: %w", builders[b].name, err)
			}
			times[b] = append(times[b], time.Since(start))
		}
	}
	return times, nil
}

// result is what a row of the table says. On a machine that is busy with other
// things the fastest run says more than the median.
type result struct{ median, fastest time.Duration }

func summarize(times []time.Duration) result {
	slices.Sort(times)
	return result{median: (times[(len(times)-1)/2] + times[len(times)/2]) / 2, fastest: times[0]}
}

func printTable(p payload, builders []builder, times [][]time.Duration) {
	fmt.Printf("%s, %s, load %s\n", time.Now().UTC().Format(time.DateOnly), machine(), load())
	fmt.Printf("`go run ./bench/build %s`: %d bytes in %d file(s), pieces of %d KiB, page cache warm, %d runs\n\n",
		strings.Join(os.Args[1:], " "), p.size, p.files, p.pieceLength>>10, len(times[0]))
	fmt.Println("| builder | torrent | median | GB/s | share of the hash limit | ours is faster by | fastest | GB/s | share of the hash limit |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	results := make([]result, len(builders))
	var ours result
	limits := map[string]result{}
	for i, b := range builders {
		results[i] = summarize(times[i])
		if b.limit {
			limits[b.kind] = results[i]
		}
		if b.ours {
			ours = results[i]
		}
	}
	for i, b := range builders {
		r, limit := results[i], limits[b.kind]
		fmt.Printf("| %s | %s | %.3f s | %.2f | %.3f | × %.2f | %.3f s | %.2f | %.3f |\n", b.name, b.kind,
			r.median.Seconds(), p.speed(r.median), ratio(limit.median, r.median), ratio(r.median, ours.median),
			r.fastest.Seconds(), p.speed(r.fastest), ratio(limit.fastest, r.fastest))
	}
	for _, name := range missing() {
		fmt.Printf("\n%s is not installed and was left out.\n", name)
	}
}

// speed is in GB/s.
func (p payload) speed(d time.Duration) float64 { return float64(p.size) / 1e9 / d.Seconds() }

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }

package main

import (
	"fmt"
	"slices"
	"time"

	"commonseed/bench/internal/measure"
)

// mark is the share of opentracker's announces a second that ours has to reach.
const mark = 0.5

func (b *bench) print(rows []row, series []measure.Series) {
	fmt.Printf("%s: %d torrents of %d peers, %d announces over UDP and %d over HTTP, each wants %d peers, %d runs.\n\n", measure.Head("track"),
		b.torrents, b.peers, b.announcesOf(overUDP), b.announcesOf(overHTTP), numwant, len(series[0]))
	fmt.Println("| tracker | announces over | a second, median | most | least | CPU µs each | peak memory MiB |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- |")
	for i, r := range rows {
		s, n := series[i], b.announcesOf(r.protocol)
		fmt.Printf("| %s | %s | %.0f | %.0f | %.0f | %.1f | %s |\n", r.tracker, protocolNames[r.protocol],
			rate(n, s.Median()), rate(n, s.Fastest()), rate(n, s.Slowest()), micro(r.median()), s.Peak())
	}
	fmt.Println("\n| ours ÷ opentracker | announces a second, by medians | by the fastest | CPU of each | mark | |")
	fmt.Println("| --- | --- | --- | --- | --- | --- |")
	for i, r := range rows {
		for j, o := range rows {
			if r.tracker != ours || o.tracker != other || r.protocol != o.protocol {
				continue
			}
			ratio, verdict := measure.Ratio(series[j].Median(), series[i].Median()), "missed"
			if ratio >= mark {
				verdict = "met"
			}
			fmt.Printf("| %s | %.2f | %.2f | %.2f | ≥ %.1f | %s |\n", protocolNames[r.protocol], ratio,
				measure.Ratio(series[j].Fastest(), series[i].Fastest()), measure.Ratio(r.median(), o.median()), mark, verdict)
		}
	}
}

// median leaves out the run that does not count.
func (r row) median() time.Duration {
	costs := slices.Sorted(slices.Values((*r.cost)[1:]))
	return (costs[(len(costs)-1)/2] + costs[len(costs)/2]) / 2
}

func rate(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

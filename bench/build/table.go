package main

import (
	"fmt"
	"time"

	"commonseed/bench/internal/measure"
	"commonseed/internal/hashpair"
	"commonseed/publish/torrentfile"
)

// reference are the rows that those of a mode are compared with.
type reference map[role]measure.Series

func printTable(p payload, builders []builder, series []measure.Series) {
	fmt.Printf("%s: %d bytes in %d file(s), page cache warm, %d runs.\n", measure.Head("build"), p.size, len(p.lengths), len(series[0]))
	fmt.Printf("Pieces of %d KiB (hybrid and v2) and %d KiB (v1).\n\n",
		p.pieceLength(torrentfile.Hybrid)>>10, p.pieceLength(torrentfile.V1)>>10)
	fmt.Println("| builder | torrent | median s | GB/s | of the limit, standard library | of the limit, two at a time | ours is faster by " +
		"| fastest s | GB/s | of the limit, standard library | of the limit, two at a time | peak memory MiB |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	references := map[torrentfile.Mode]reference{}
	for _, mode := range modes {
		references[mode] = reference{}
	}
	for i, b := range builders {
		references[b.mode][b.role] = series[i]
	}
	for _, mode := range modes {
		for i, b := range builders {
			if b.mode == mode {
				printRow(p, b, series[i], references[mode])
			}
		}
	}
	if !hashpair.Accelerated() {
		fmt.Print("\nThis processor has no instructions to hash two at a time with: both limits are one.\n")
	}
	for _, name := range measure.Missing(strangers...) {
		fmt.Printf("\n%s is not installed and was left out.\n", name)
	}
	if p.pieceLength(torrentfile.V1) < mktorrentLeast {
		fmt.Print("\nmktorrent makes no pieces so short and was left out.\n")
	}
}

func printRow(p payload, b builder, s measure.Series, r reference) {
	by := "–"
	if b.role == ours || b.role == other {
		by = fmt.Sprintf("× %.2f", measure.Ratio(s.Median(), r[ours].Median()))
	}
	median, fastest := s.Median(), s.Fastest()
	fmt.Printf("| %s | %s | %.3f | %.2f | %.3f | %.3f | %s | %.3f | %.2f | %.3f | %.3f | %s |\n", b.task.Name, modeNames[b.mode],
		median.Seconds(), p.speed(median), measure.Ratio(r[standardLimit].Median(), median), measure.Ratio(r[pairsLimit].Median(), median), by,
		fastest.Seconds(), p.speed(fastest), measure.Ratio(r[standardLimit].Fastest(), fastest), measure.Ratio(r[pairsLimit].Fastest(), fastest),
		s.Peak())
}

// speed is in GB/s.
func (p payload) speed(d time.Duration) float64 { return float64(p.size) / 1e9 / d.Seconds() }

package main

import (
	"fmt"
	"slices"

	"commonseed/bench/internal/rivals"
)

// figure is what a column shows of a run.
type figure struct {
	name  string
	value func(result) float64
	more  bool               // more is better
	mark  map[string]float64 // what ours ÷ another's may be at most or, where more is better, has to be
}

var figures = []figure{
	{"CPU s per GB", func(r result) float64 { return r.cpu.Seconds() / gigabytes(r) }, false,
		map[string]float64{rivals.Libtorrent: 0.5, rivals.Anacrolix: 0.4}},
	{"GB/s", func(r result) float64 { return gigabytes(r) / r.took.Seconds() }, true,
		map[string]float64{rivals.Libtorrent: 1, rivals.Anacrolix: 1}},
	{"anonymous MiB", func(r result) float64 { return float64(r.anonymous) / (1 << 20) }, false,
		map[string]float64{rivals.Libtorrent: 1, rivals.Anacrolix: 1}},
}

func gigabytes(r result) float64 { return float64(r.bytes) / 1e9 }

// spread is the median, least and most of a figure.
type spread struct{ median, least, most float64 }

func (f figure) of(runs []result) spread {
	values := make([]float64, len(runs))
	for i, r := range runs {
		values[i] = f.value(r)
	}
	slices.Sort(values)
	n := len(values)
	return spread{(values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1]}
}

// print prints the table of a scene, and how ours stands to each of the others.
func (b *bench) print(s *scene, all [][]result) {
	connections := "as libtorrent makes them"
	if b.encrypted {
		connections = "RC4 alone"
	}
	copies := "another complete copy is known"
	if b.alone {
		copies = "no other complete copy is known"
	}
	fmt.Printf("\n%v, %s, connections %s, %d runs: medians, and from least to most.\n\n", s, copies, connections, b.runs)
	fmt.Println("| seeder | CPU s per GB | GB/s | anonymous MiB |\n| --- | --- | --- | --- |")
	ours := -1
	for i, seeder := range b.seeders {
		if seeder.Name == rivals.Commonseed {
			ours = i
		}
		fmt.Printf("| %s |", seeder.Name)
		for _, f := range figures {
			v := f.of(all[i])
			fmt.Printf(" %.3g (%.3g–%.3g) |", v.median, v.least, v.most)
		}
		fmt.Println()
	}
	if ours < 0 || len(b.seeders) == 1 {
		return
	}
	fmt.Println("\n| ours ÷ | figure | by medians | mark | |\n| --- | --- | --- | --- | --- |")
	for i, seeder := range b.seeders {
		if i == ours {
			continue
		}
		for _, f := range figures {
			f.compare(seeder.Name, f.of(all[ours]).median/f.of(all[i]).median, !b.encrypted && !b.alone)
		}
	}
}

// compare prints how ours stands to another one, and to the mark if it is for such a run.
func (f figure) compare(name string, ratio float64, marked bool) {
	if !marked {
		fmt.Printf("| %s | %s | %.2f | – | |\n", name, f.name, ratio)
		return
	}
	sign, met := "≤", ratio <= f.mark[name]
	if f.more {
		sign, met = "≥", ratio >= f.mark[name]
	}
	verdict := "missed"
	if met {
		verdict = "met"
	}
	fmt.Printf("| %s | %s | %.2f | %s %.1f | %s |\n", name, f.name, ratio, sign, f.mark[name], verdict)
}

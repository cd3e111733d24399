package main

import (
	"fmt"
	"time"

	"commonseed/bench/internal/measure"
	"commonseed/internal/hashpair"
)

// mark is a sum of rows that we are compared with.
type mark struct {
	name string
	of   []id
	most float64 // that we may take of it; 0: no mark
}

var marks = []mark{
	{"cp, exiftool, libtorrent", []id{exiftool}, 0.6},
	{"ffmpeg -c copy, libtorrent", []id{ffmpeg}, 0.6},
	{"cp + hash limit, standard library", []id{cp, standardLimit}, 0.9},
	{"cp + hash limit, two at a time", []id{cp, pairsLimit}, 0.9},
	{"cp and sync + hash limit, standard library", []id{cpSync, standardLimit}, 0},
	{"cp and sync + hash limit, two at a time", []id{cpSync, pairsLimit}, 0},
}

func (b *bench) print(rivals []rival, series []measure.Series) {
	fmt.Printf("%s: a film of %d bytes, page cache warm, %d runs.\n\n", measure.Head("publish"), b.size, len(series[0]))
	fmt.Println("| program | median s | least | most | ours is faster by | peak memory MiB |")
	fmt.Println("| --- | --- | --- | --- | --- | --- |")
	found := map[id]measure.Series{}
	for i, r := range rivals {
		found[r.id] = series[i]
	}
	for i, r := range rivals {
		s := series[i]
		fmt.Printf("| %s | %.3f | %.3f | %.3f | × %.2f | %s |\n", r.task.Name, s.Median().Seconds(), s.Fastest().Seconds(),
			s.Slowest().Seconds(), measure.Ratio(s.Median(), found[ours].Median()), s.Peak())
	}
	fmt.Print("\nOurs is synced to the disk when it ends, which of the others only the row with sync is.\n\n")
	fmt.Println("| ours ÷ | by medians | by the fastest | mark | |")
	fmt.Println("| --- | --- | --- | --- | --- |")
	for _, m := range marks {
		m.print(found)
	}
	if !hashpair.Accelerated() {
		fmt.Print("\nThis processor has no instructions to hash two at a time with: both limits are one.\n")
	}
}

func (m mark) print(found map[id]measure.Series) {
	var median, fastest time.Duration
	for _, i := range m.of {
		median, fastest = median+found[i].Median(), fastest+found[i].Fastest()
	}
	ratio := measure.Ratio(found[ours].Median(), median)
	most, verdict := "–", ""
	if m.most > 0 {
		most, verdict = fmt.Sprintf("≤ %.1f", m.most), "missed"
		if ratio <= m.most {
			verdict = "met"
		}
	}
	fmt.Printf("| %s | %.2f | %.2f | %s | %s |\n", m.name, ratio, measure.Ratio(found[ours].Fastest(), fastest), most, verdict)
}

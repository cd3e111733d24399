package main

import (
	"fmt"
	"math"

	"commonseed/bench/internal/measure"
	"commonseed/bench/internal/rivals"
)

// Marks for ours.
const (
	mostStart = 2.0 // seconds, for 10,000 releases
	mostIdle  = 1.0 // % of a core, for 10,000 releases
)

// mostMemory is the mark in MiB, by releases.
var mostMemory = map[int]float64{10_000: 60, 100_000: 400}

func (b *bench) printHead() {
	fmt.Printf("%s: %d releases, the tracker asks for an announce every %v, a window of %v after %v.\n\n", measure.Head("scale"), b.releases,
		b.interval, b.window, b.settle)
	fmt.Println("| seeder | first start s | warm start s | its CPU s | anonymous MiB, up | after the window | idle CPU % | announces a second | their variation | at random | most in a second | infohashes announced |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
}

// print prints the row of a seeder.
func (b *bench) print(s rivals.Seeder, r result) {
	a := r.announces
	variation := "– | –"
	if a.perSecond > 0 {
		variation = fmt.Sprintf("%.2f | %.2f", a.variation, 1/math.Sqrt(a.perSecond))
	}
	fmt.Printf("| %s | %.2f | %.2f | %.2f | %.1f | %.1f | %.2f | %.1f | %s | %d | %d |\n", s.Name, r.first.Seconds(), r.warm.Seconds(),
		r.starting.Seconds(), mebibytes(r.atStart), mebibytes(r.after), r.idlePercent(), a.perSecond, variation, a.most, r.announced)
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }

func (r result) idlePercent() float64 { return 100 * r.idle.Seconds() / r.window.Seconds() }

// marks says whether ours meets its marks, where there are some for so many releases.
func (b *bench) marks(r result) {
	most, ok := mostMemory[b.releases]
	if !ok {
		return
	}
	fmt.Println("\n| commonseed | figure | mark | |\n| --- | --- | --- | --- |")
	mark("anonymous MiB, the more of both", max(mebibytes(r.atStart), mebibytes(r.after)), most)
	if b.releases == 10_000 {
		mark("warm start s", r.warm.Seconds(), mostStart)
		mark("idle CPU %", r.idlePercent(), mostIdle)
	}
}

func mark(name string, figure, most float64) {
	verdict := "missed"
	if figure <= most {
		verdict = "met"
	}
	fmt.Printf("| %s | %.2f | ≤ %g | %s |\n", name, figure, most, verdict)
}

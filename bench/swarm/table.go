package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"time"
)

// bound is the least time in which all can be complete, in seconds: the greatest of
// F/us, N·F/(us+Σui), and F/dmin, which is nothing here for downlinks are not shaped.
func (b *bench) bound() float64 {
	n, f := float64(b.leechers), float64(b.release.length)*8
	return max(f/b.rate, n*f/((n+1)*b.rate))
}

// single is the time in which one server can send the file to all, in seconds.
func (b *bench) single() float64 { return float64(b.leechers) * float64(b.release.length) * 8 / b.rate }

// outcome is one run in the figures of the table: seconds, and multiples of the file.
// What never came about is infinite.
type outcome struct{ median, last, once, wire, uploaded, wasted, idle, others float64 }

var never = math.Inf(1)

func (b *bench) outcome(r *result) outcome {
	f := float64(b.release.length)
	// The single server is measured with fewer peers, and needs as much longer for all.
	scale := float64(b.leechers) / float64(r.peers)
	o := outcome{median: never, last: never, once: never, uploaded: never,
		wire: float64(r.wire) / f * scale, wasted: float64(r.wasted) / f / float64(r.peers), idle: 100 * r.idle, others: 100 * r.others}
	if n := len(r.finished); n > r.peers/2 {
		o.median = (r.finished[(r.peers-1)/2] + r.finished[r.peers/2]).Seconds() / 2 * scale
	}
	if len(r.finished) == r.peers {
		o.last = r.finished[r.peers-1].Seconds() * scale
	}
	if n := len(r.firsts); n > 0 && n == r.pieces {
		o.once = r.firsts[n-1].Seconds()
	}
	if r.uploaded >= 0 {
		o.uploaded = float64(r.uploaded) / f
	}
	return o
}

// tell prints one run while the others are still to come.
func (b *bench) tell(r *result) {
	o := b.outcome(r)
	fmt.Fprintf(os.Stderr, "  %d of %d complete: median %s s (%s), last %s s (%s); every piece out at %s s; %s × the file sent; machine idle %s %%, others' %s %%\n",
		len(r.finished), r.peers, figure(1, o.median), figure(2, o.median/b.bound()), figure(1, o.last), figure(2, o.last/b.bound()),
		figure(1, o.once), figure(2, o.wire), figure(0, o.idle), figure(0, o.others))
}

func figure(decimals int, v float64) string {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return "–"
	}
	return fmt.Sprintf("%.*f", decimals, v)
}

// print makes the table. Head says when and where all of it was measured.
func (b *bench) print(head string, chosen []seeder, results [][]*result) {
	fmt.Printf("%s: %d leechers (libtorrent, its default settings, all from the same moment on);\n"+
		"%d bytes in %d pieces; every uplink %g Mbit/s (tbf, burst %s, latency %s), downlinks not shaped. The bound is %.1f s, what\n"+
		"a single server needs %.1f s. Medians of %d runs.\n\n",
		head, b.leechers, b.release.length, b.release.hybrid.pieces, b.rate/1e6, burst, queueing, b.bound(), b.single(), len(results[0]))
	fmt.Println("| seeder | median s | last s | median ÷ bound | last ÷ bound | faster than a single server, median | last | " +
		"every piece out, s | bytes sent ÷ file | payload sent ÷ file | wasted ÷ received | machine idle % | busy with other things % |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for i, s := range chosen {
		b.row(s, results[i])
	}
	fmt.Print("\nBytes sent are all that left the seeder's uplink, headers included, until the last peer was complete.\n\n")
	for i, s := range chosen {
		for turn, r := range results[i] {
			fmt.Printf("- %s, run %d%s: %d of %d complete%s%s\n", s.name, turn+1, s.remark(), len(r.finished), r.peers, r.death(), b.overhead(r))
			if b.trace != nil {
				b.printUse(r)
			}
		}
	}
}

func (b *bench) row(s seeder, results []*result) {
	all := make([]outcome, len(results))
	for i, r := range results {
		all[i] = b.outcome(r)
	}
	of := func(value func(outcome) float64) float64 {
		values := make([]float64, len(all))
		for i, o := range all {
			values[i] = value(o)
		}
		slices.Sort(values)
		return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
	}
	median, last := of(func(o outcome) float64 { return o.median }), of(func(o outcome) float64 { return o.last })
	fmt.Printf("| %s | %s | %s | %s | %s | × %s | × %s | %s | %s | %s | %s | %s | %s |\n", s.name, figure(1, median), figure(1, last),
		figure(2, median/b.bound()), figure(2, last/b.bound()), figure(1, b.single()/median), figure(1, b.single()/last),
		figure(1, of(func(o outcome) float64 { return o.once })), figure(2, of(func(o outcome) float64 { return o.wire })),
		figure(2, of(func(o outcome) float64 { return o.uploaded })), figure(3, of(func(o outcome) float64 { return o.wasted })),
		figure(0, of(func(o outcome) float64 { return o.idle })), figure(0, of(func(o outcome) float64 { return o.others })))
}

// remark says what is special about a seeder.
func (s seeder) remark() string {
	switch {
	case s.command == nil:
		return " (fewer peers than the others have: the times in the table are computed for all)"
	case s.v1:
		return " (with a torrent of v1)"
	}
	return ""
}

func (r *result) death() string {
	if r.killed == 0 {
		return ""
	}
	return fmt.Sprintf("; the seeder was killed at %.1f s, when every piece was out", r.killed.Seconds())
}

// overhead is what all nodes sent for each byte of the file that a peer kept: headers,
// acknowledgements, what peers tell one another, and what came twice.
func (b *bench) overhead(r *result) string {
	first, last := r.samples[0], r.samples[len(r.samples)-1]
	if len(first.sent) <= r.peers {
		return ""
	}
	var all int64
	for i := range last.sent {
		all += last.sent[i] - first.sent[i]
	}
	return fmt.Sprintf("; all uplinks together sent %.2f × what the peers kept", float64(all)/float64(b.release.length)/float64(len(r.finished)))
}

// printUse shows where the time went: how much of the uplinks was in use.
func (b *bench) printUse(r *result) {
	const bucket = 5 * time.Second
	fmt.Println("\n| from s | seeder's uplink % | peers' uplinks % | peers below half | pieces out | complete | connections a peer | serves | is served by | machine idle % | busy with other things % |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	from := r.samples[0]
	for i, s := range r.samples[1:] {
		if s.at-from.at < bucket-bucket/10 && i < len(r.samples)-2 {
			continue
		}
		could := b.rate / 8 * (s.at - from.at).Seconds()
		var all float64
		var slow int
		for i := range s.sent[1:] {
			use := float64(s.sent[i+1]-from.sent[i+1]) / could
			if all += use; use < 0.5 {
				slow++
			}
		}
		out, _ := slices.BinarySearch(r.firsts, s.at)
		complete, _ := slices.BinarySearch(r.finished, s.at)
		fmt.Printf("| %.0f | %.0f | %s | %d | %d | %d | %s | %s | %s | %.0f | %.0f |\n", from.at.Seconds(), 100*float64(s.sent[0]-from.sent[0])/could,
			figure(0, 100*all/float64(len(s.sent)-1)), slow, out, complete, figure(1, s.slots.Peers), figure(1, s.slots.Serves),
			figure(1, s.slots.ServedBy), 100*s.idleSince(from.ticks), 100*s.othersSince(from.ticks))
		from = s
	}
	fmt.Println()
}

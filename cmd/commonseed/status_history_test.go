package main

import (
	"encoding/json"
	"testing"
	"time"

	"commonseed/seed/origin"
)

func TestHistoryIsAverageRatesOverEvenSteps(t *testing.T) {
	var h history
	start := time.Unix(1_000_000, 0)
	var sent int64
	for second := range 3 * 24 * 3600 { // three days
		if second%10 == 0 {
			sent += 10_000
		}
		h.add(start.Add(time.Duration(second)*time.Second), origin.Report{Uploaded: sent, Peers: second % 7})
	}
	minutes, day := h.courses()
	if len(minutes) != 300 || len(day) != 1440 {
		t.Fatalf("%d fine steps and %d coarse ones", len(minutes), len(day))
	}
	for i, p := range day {
		if p.rate != 1000 {
			t.Fatalf("minute %d: %v bytes per second, want 1000", i, p.rate)
		}
	}
	var sum float64
	for i, p := range minutes {
		sum += p.rate
		if i > 0 && p.at.Sub(minutes[i-1].at) != fineStep {
			t.Fatalf("step %d lasts %v", i, p.at.Sub(minutes[i-1].at))
		}
	}
	if mean := sum / 300; mean != 1000 {
		t.Errorf("the last ten minutes have %v bytes per second on average", mean)
	}
	if last := minutes[299]; last.peers != int(last.at.Unix()-start.Unix())%7 {
		t.Errorf("%d peers at %v", last.peers, last.at)
	}
}

func TestHistorySurvivesClocksThatJump(t *testing.T) {
	var h history
	now := time.Unix(1_000_000, 0)
	var sent int64
	step := func(d time.Duration) {
		now, sent = now.Add(d), sent+1000
		h.add(now, origin.Report{Uploaded: sent})
	}
	for range 10 {
		step(2 * time.Second)
	}
	step(-time.Hour)
	step(2 * time.Second)
	step(8 * time.Hour) // the machine slept
	minutes, _ := h.courses()
	for i, p := range minutes {
		if p.rate < 0 || p.rate > 1000 {
			t.Errorf("step %d: %v bytes per second", i, p.rate)
		}
	}
	if last := minutes[len(minutes)-1]; last.rate != 1000/(8*time.Hour).Seconds() {
		t.Errorf("the sleep counts %v bytes per second", last.rate)
	}
}

func TestPointsAreShortInJSON(t *testing.T) {
	got, err := json.Marshal([]point{{time.Unix(1000, 5), 12.7, 3}})
	if err != nil || string(got) != "[[1000,12,3]]" {
		t.Errorf("%s, %v", got, err)
	}
}

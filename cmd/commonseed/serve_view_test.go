package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"commonseed/seed"
	"commonseed/seed/origin"
)

func infohashes(all []seed.Status) (out []string) {
	for _, st := range all {
		out = append(out, st.Infohash)
	}
	return out
}

func TestViewShowsProblemsFirstThenTheBusiest(t *testing.T) {
	v := newView(time.Now(), origin.Report{}, []seed.Status{
		{Infohash: "idle", State: seed.Seeding, Size: 1},
		{Infohash: "sent", State: seed.Seeding, Uploaded: 5, Size: 2},
		{Infohash: "slow", State: seed.Seeding, Rate: 1, Size: 4},
		{Infohash: "fast", State: seed.Seeding, Rate: 9, Size: 8},
		{Infohash: "first check", State: seed.Checking, Size: 16},
		{Infohash: "changed", State: seed.Checking, Reason: "tide.flac changed", Size: 32},
		{Infohash: "gone", State: seed.Failed, Reason: "no such file", Size: 64},
	}, &view{})
	want := []string{"gone", "fast", "slow", "sent", "idle", "first check", "changed"}
	if got := infohashes(v.shown); !slices.Equal(got, want) {
		t.Errorf("shows %q, want %q", got, want)
	}
	if v.size != 127 || v.states[seed.Seeding] != 4 || v.states[seed.Checking] != 2 || v.states[seed.Failed] != 1 || v.omitted != 0 {
		t.Errorf("%d bytes, %v, %d left out", v.size, v.states, v.omitted)
	}
	for _, st := range v.shown {
		if want := st.Infohash == "changed" || st.Infohash == "gone"; withheld(st) != want {
			t.Errorf("%s withheld: %v", st.Infohash, !want)
		}
	}
}

func TestOfVeryManyReleasesThoseThatMatterAreShown(t *testing.T) {
	var all []seed.Status
	for i := range 100_000 {
		all = append(all, seed.Status{Infohash: fmt.Sprint(i), State: seed.Seeding})
	}
	all[7].State = seed.Failed
	all[99_000].Peers = 1
	all[50_000].Rate = 3
	v := newView(time.Now(), origin.Report{}, all, &view{})
	if got := infohashes(v.shown); !slices.Equal(got, []string{"7", "50000", "99000"}) || v.omitted != 99_997 {
		t.Errorf("shows %v, leaves out %d", got, v.omitted)
	}
	for i := range all {
		all[i].Peers = 1
	}
	if v := newView(time.Now(), origin.Report{}, all, &view{}); len(v.shown) != maxShown || v.shown[0].Infohash != "7" || v.omitted != 100_000-maxShown {
		t.Errorf("shows %d, the first is %s", len(v.shown), v.shown[0].Infohash)
	}
}

func TestWhatFailedIsToldOfOnceAndWhenItIsServedAgain(t *testing.T) {
	v := &view{}
	for i, c := range []struct {
		state      seed.State
		fell, rose int
	}{
		{seed.Checking, 0, 0}, {seed.Seeding, 0, 0}, {seed.Checking, 0, 0}, {seed.Failed, 1, 0}, {seed.Failed, 0, 0},
		{seed.Checking, 0, 0}, {seed.Failed, 0, 0}, {seed.Checking, 0, 0}, {seed.Seeding, 0, 1}, {seed.Seeding, 0, 0},
		{seed.Failed, 1, 0},
	} {
		v = newView(time.Now(), origin.Report{}, []seed.Status{{Infohash: "1", State: c.state}}, v)
		if len(v.fell) != c.fell || len(v.rose) != c.rose {
			t.Errorf("look %d, %s: %d fell, %d rose", i, c.state, len(v.fell), len(v.rose))
		}
	}
	if v = newView(time.Now(), origin.Report{}, nil, v); len(v.rose) != 0 || len(v.unserved) != 0 {
		t.Errorf("a release that was removed: %d rose, %v is remembered", len(v.rose), v.unserved)
	}
}

func TestLookingCostsLittleHoweverManyThereAre(t *testing.T) {
	for n, want := range map[int]time.Duration{0: time.Second, 1000: time.Second, 10_000: 3 * time.Second, 100_000: 30 * time.Second} {
		if got := pace(n); got != want {
			t.Errorf("%d releases are looked at every %v, want %v", n, got, want)
		}
	}
}

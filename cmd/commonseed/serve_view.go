package main

import (
	"cmp"
	"slices"
	"time"

	"commonseed/seed"
	"commonseed/seed/origin"
)

// maxShown is how many releases are told of one by one. Of more, those are that
// have a problem or are busy.
const maxShown = 1000

// view is how all releases stand at one moment. Everybody who wants to know
// reads the same one, so that asking costs nothing. It never changes.
type view struct {
	at       time.Time
	report   origin.Report
	states   map[seed.State]int
	size     int64         // of all payloads, in bytes
	shown    []seed.Status // problems first, then the busiest
	omitted  int           // releases that are not shown
	trackers []trackerStatus
	unnamed  int // trackers that are left out

	unserved   map[string]bool // infohashes of those that failed and do not seed again yet
	fell, rose []seed.Status   // failed, and seed again, since the view before
}

// newView sorts what the engine says; before is the view before it.
func newView(at time.Time, report origin.Report, all []seed.Status, before *view) *view {
	v := &view{at: at, report: report, states: map[seed.State]int{}, unserved: map[string]bool{}}
	for _, st := range all {
		v.states[st.State]++
		v.size += st.Size
		v.compare(st, before.unserved[st.Infohash])
		if len(all) <= maxShown || st.State == seed.Failed || st.Peers > 0 || st.Rate > 0 {
			v.shown = append(v.shown, st)
		}
	}
	slices.SortStableFunc(v.shown, busier)
	v.shown = slices.Clone(v.shown[:min(len(v.shown), maxShown)])
	v.omitted = len(all) - len(v.shown)
	return v
}

// compare notes what became of a release since the view before.
func (v *view) compare(st seed.Status, failed bool) {
	switch {
	case st.State == seed.Seeding:
		if failed {
			v.rose = append(v.rose, st)
		}
	case st.State == seed.Failed || failed:
		v.unserved[st.Infohash] = true
		if !failed {
			v.fell = append(v.fell, st)
		}
	}
}

// busier puts problems first, then what is being sent.
func busier(a, b seed.Status) int {
	switch {
	case a.State == seed.Failed && b.State != seed.Failed:
		return -1
	case a.State != seed.Failed && b.State == seed.Failed:
		return 1
	}
	return cmp.Or(cmp.Compare(b.Rate, a.Rate), cmp.Compare(b.Uploaded, a.Uploaded))
}

// look asks the engine how all releases stand. What has changed is told of where
// nobody sees it otherwise.
func (s *server) look() {
	before := s.view.Load()
	if before == nil {
		before = &view{}
	}
	v := newView(s.now(), s.engine.Report(), s.engine.Status(), before)
	v.trackers, v.unnamed = trackersOf(s.engine.TrackerHealth())
	s.view.Store(v)
	if s.flags.Log != "" || !s.json && !s.drawing() {
		s.changes(v)
	}
}

// pace is how long a look at so many releases counts. A look takes about 1 µs for
// each, and leaves as much behind to be collected: that stays below a hundredth of
// the time.
func pace(releases int) time.Duration {
	return max(time.Second, time.Duration(releases)*300*time.Microsecond)
}

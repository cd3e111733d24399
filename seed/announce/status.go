package announce

import (
	"cmp"
	"slices"
	"time"
)

// TrackerStatus is how the announcing of one torrent at one tracker goes.
type TrackerStatus struct {
	URL         string    `json:"url"`                   // "dht:" is the distributed hash table
	LastSuccess time.Time `json:"last_success,omitzero"` // zero: none
	Next        time.Time `json:"next,omitzero"`         // by when it is announced again; zero: never
	Seeds       int       `json:"seeds"`                 // in the swarm, as the tracker says; -1: it did not
	Leechers    int       `json:"leechers"`              // -1: it did not
	Error       string    `json:"error,omitempty"`       // why it is not announced there now
	Warning     string    `json:"warning,omitempty"`     // what the tracker says beside its answer
}

// Status lists the trackers in use for a torrent, in the order of its tiers. Of
// several infohashes, the one that fares worse counts. Nil: no such torrent.
func (a *Announcer) Status(id string) (out []TrackerStatus) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.torrents[id]
	if t == nil || t.leaving {
		return nil
	}
	for i := range t.entries {
		s := a.statusLocked(&t.entries[i])
		if k := slices.IndexFunc(out, func(o TrackerStatus) bool { return o.URL == s.URL }); k >= 0 {
			out[k] = worse(out[k], s)
			continue
		}
		out = append(out, s)
	}
	return out
}

func (a *Announcer) statusLocked(e *entry) TrackerStatus {
	s := TrackerStatus{
		URL: e.at.url, Seeds: int(e.seeds), Leechers: int(e.leechers),
		Error: e.at.problem, Warning: e.at.warning,
	}
	if e.told > 0 {
		s.LastSuccess = a.begin.Add(time.Duration(e.told-1) * time.Second)
	}
	if e.due != never {
		s.Next = a.begin.Add(max(e.due, e.at.until, a.now()))
	}
	if s.Error == "" && e.refusal != nil {
		s.Error = *e.refusal
	}
	return s
}

// worse joins what is said of two infohashes.
func worse(x, y TrackerStatus) TrackerStatus {
	if y.LastSuccess.Before(x.LastSuccess) {
		x.LastSuccess = y.LastSuccess
	}
	if x.Next.IsZero() || !y.Next.IsZero() && y.Next.Before(x.Next) {
		x.Next = y.Next
	}
	x.Seeds, x.Leechers = max(x.Seeds, y.Seeds), max(x.Leechers, y.Leechers)
	x.Error = cmp.Or(x.Error, y.Error)
	return x
}

// TrackerHealth is how a tracker fares with all torrents.
type TrackerHealth struct {
	URL      string
	Entries  int       // infohashes to be announced there
	Good     int       // of them taken, the last time they were announced
	Failures int       // in a row; 0: it answers
	Retry    time.Time // when it is asked again after a failure; zero: none
	Error    string    // the last failure, or the last reason for a refusal
	Warning  string
}

// Trackers lists all trackers in use, those that fail first.
func (a *Announcer) Trackers() (out []TrackerHealth) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.trackers {
		h := TrackerHealth{
			URL: t.url, Entries: len(t.queue) + t.running, Good: t.good, Failures: t.failures,
			Error: t.problem, Warning: t.warning,
		}
		if t.failures > 0 {
			h.Retry = a.begin.Add(t.until)
		}
		if h.Error == "" && t.refused != nil && h.Good < h.Entries {
			h.Error = *t.refused
		}
		out = append(out, h)
	}
	slices.SortFunc(out, func(x, y TrackerHealth) int {
		return cmp.Or(cmp.Compare(y.Failures, x.Failures), cmp.Compare(x.URL, y.URL))
	})
	return out
}

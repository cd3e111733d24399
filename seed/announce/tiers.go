package announce

import "strings"

// list is an announce list. Torrents of one channel have the same one, so it is
// kept once. The DHT is its last tier.
type list struct {
	key   string
	tiers [][]*tracker
	refs  int // torrents that have it
}

// maxTrackers bounds what one torrent may ask for.
const maxTrackers = 64

// listLocked finds or makes the list of these URLs.
func (a *Announcer) listLocked(urls [][]string, private bool) *list {
	var b strings.Builder
	if private {
		b.WriteByte('p')
	}
	for _, tier := range urls {
		for _, u := range tier {
			b.WriteByte('\n')
			b.WriteString(u)
		}
		b.WriteByte('\t')
	}
	l := a.lists[b.String()]
	if l == nil {
		l = &list{key: b.String()}
		for _, tier := range usableTiers(urls) {
			l.add(a, tier...)
		}
		if !private && a.dht {
			l.add(a, dhtURL)
		}
		a.lists[l.key] = l
	}
	l.refs++
	return l
}

func (l *list) add(a *Announcer, urls ...string) {
	var tier []*tracker
	for _, u := range urls {
		t := a.trackers[u]
		if t == nil {
			t = newTracker(u)
			a.trackers[u] = t
		}
		t.refs++
		tier = append(tier, t)
	}
	l.tiers = append(l.tiers, tier)
}

// dropListLocked forgets a list nobody has any more, and such trackers.
func (a *Announcer) dropListLocked(l *list) {
	if l.refs--; l.refs > 0 {
		return
	}
	delete(a.lists, l.key)
	for _, tier := range l.tiers {
		for _, t := range tier {
			if t.refs--; t.refs == 0 {
				delete(a.trackers, t.url)
			}
		}
	}
}

// usableTiers drops what no announce can be sent to, and what is named twice.
func usableTiers(urls [][]string) (tiers [][]string) {
	seen := map[string]bool{}
	for _, tier := range urls {
		var usable []string
		for _, u := range tier {
			if len(seen) < maxTrackers && !seen[u] && Usable(u) {
				seen[u] = true
				usable = append(usable, u)
			}
		}
		if len(usable) > 0 {
			tiers = append(tiers, usable)
		}
	}
	return tiers
}

package announce

import (
	"math"
	"math/rand/v2"
	"time"
)

// maxHashes is 2 by the format: a hybrid's.
const maxHashes = 4

// torrent is announced by its entries, which lie in the queues of trackers.
type torrent struct {
	id      string
	hashes  [][20]byte
	list    *list
	entries []entry
	open    int      // entries that are not over
	leaving bool     // its trackers hear "stopped" and no more
	again   *Torrent // added again meanwhile
}

// entry is one infohash in one tier, announced to one tracker of it. There may
// be a million of them: its size matters. Times count from the Announcer's start.
type entry struct {
	t        *torrent
	at       *tracker
	refusal  *string       // why the tracker does not want it; nil: it does
	due      time.Duration // to be announced then, or
	from     time.Duration // from then on, when the beat of the tracker comes to it
	told     uint32        // the second of the last success + 1; 0: none
	seeds    int32         // as the tracker says; -1: does not
	leechers int32
	pos      int32 // in the queue of the tracker; -1: not there
	hash     uint8
	tier     uint8
	turn     uint8 // which tracker of the tier it is
	refusals uint8 // in a row
	known    bool  // the tracker has heard "started"
	good     bool  // the tracker took it, the last time it was asked
	running  bool
	over     bool // nothing is to be done any more
}

func (e *entry) trackers() []*tracker { return e.t.list.tiers[e.tier] }

// setGood keeps the tracker's count.
func (e *entry) setGood(good bool) {
	if e.good != good {
		e.good = good
		if good {
			e.at.good++
		} else {
			e.at.good--
		}
	}
}

// enterLocked puts a torrent into the queues, ahead of everything that is there.
func (a *Announcer) enterLocked(given Torrent) {
	l := a.listLocked(given.Tiers, given.Private)
	hashes := append([][20]byte(nil), given.Hashes[:min(len(given.Hashes), maxHashes)]...)
	t := &torrent{id: given.ID, hashes: hashes, list: l}
	t.entries = make([]entry, len(hashes)*len(l.tiers))
	t.open = len(t.entries)
	a.torrents[t.id] = t
	i := 0
	for tier, trackers := range l.tiers {
		turn := rand.IntN(len(trackers)) // BEP 12 shuffles
		for h := range hashes {
			e := &t.entries[i]
			i++
			a.added++
			*e = entry{
				t: t, at: trackers[turn], hash: uint8(h), tier: uint8(tier), turn: uint8(turn),
				due: -a.added, pos: -1, seeds: -1, leechers: -1,
			}
			e.at.enqueue(e)
			a.reckonLocked(e.at)
		}
	}
}

// leaveLocked makes the entries of a torrent say "stopped", or end.
func (a *Announcer) leaveLocked(t *torrent) {
	t.leaving = true
	for i := range t.entries {
		e := &t.entries[i]
		if e.running || e.over {
			continue
		}
		if !e.known || e.at.failures > 0 || e.at.isDHT() {
			a.endLocked(e)
			continue
		}
		e.at.dequeue(e)
		e.due, e.from = math.MinInt64/2, math.MinInt64/2
		e.at.enqueue(e)
		a.reckonLocked(e.at)
	}
	if len(t.entries) == 0 {
		a.goneLocked(t)
	}
}

// hushLocked ends the entries of a leaving torrent that wait to say "stopped",
// and says whether none is left that does so at this moment.
func (a *Announcer) hushLocked(t *torrent) bool {
	for i := range t.entries {
		if e := &t.entries[i]; !e.running && !e.over {
			a.endLocked(e)
		}
	}
	return t.open == 0
}

// endLocked is the end of an entry, and with the last one of its torrent.
func (a *Announcer) endLocked(e *entry) {
	e.over, e.known = true, false
	e.setGood(false)
	e.at.dequeue(e)
	a.reckonLocked(e.at)
	if e.t.open--; e.t.open == 0 {
		a.goneLocked(e.t)
	}
}

// goneLocked forgets a torrent that left, unless it is back.
func (a *Announcer) goneLocked(t *torrent) {
	delete(a.torrents, t.id)
	a.dropListLocked(t.list)
	if t.again != nil {
		a.enterLocked(*t.again)
	}
}

package origin

import (
	"crypto/sha256"
	"encoding/binary"

	"commonseed/seed"
)

// again takes over what has changed of a torrent that was added before: n is the
// same one, read anew. Peers stay, and no file is read that is as it was.
func (e *Engine) again(t, n *torrent, trackers [][]string) {
	t.mu.Lock()
	moved := t.path != n.path || t.root != n.root
	t.slug, t.title, t.path, t.root = n.slug, n.title, n.path, n.root
	if t.tiers != n.tiers && !t.gone {
		t.tiers = n.tiers
		switch t.state {
		case seed.Seeding:
			e.announcer.Remove(t.id)
			e.announcer.Add(t.announced(trackers))
		case seed.Checking:
			t.renewed = true // the check may have read the .torrent file before
		}
	}
	t.mu.Unlock()
	if moved {
		e.patrol(t)
	}
}

// printOfTiers is a fingerprint of an announce list.
func printOfTiers(tiers [][]string) fingerprint {
	h := sha256.New()
	for _, tier := range tiers {
		for _, tracker := range tier {
			h.Write([]byte(tracker))
			h.Write([]byte{'\n'})
		}
		h.Write([]byte{'\t'})
	}
	return fingerprint(binary.BigEndian.Uint64(h.Sum(nil)))
}

package announce

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// What 100,000 hybrids at one tracker of two tiers and in the DHT cost: 600,000
// entries. The bound is on all the package keeps, names of torrents aside.
func TestMemoryOfManyTorrents(t *testing.T) {
	const perTorrent = 800
	torrents := 100_000
	if race {
		torrents = 10_000
	}
	synctest.Test(t, func(t *testing.T) {
		a, _ := virtual(t, every(30*time.Minute))
		a.dht = true
		ids := make([]string, torrents)
		for i := range ids {
			ids[i] = fmt.Sprintf("%040x", i)
		}
		before := heapUsed()
		for i, id := range ids {
			a.Add(Torrent{
				ID: id, Hashes: [][20]byte{hashOf(i), hashOf(torrents + i)},
				Tiers: [][]string{{"http://a.example/announce"}, {"udp://b.example:6969/announce", "udp://c.example:6969/announce"}},
			})
		}
		used := (heapUsed() - before) / uint64(torrents)
		t.Logf("%d bytes for each torrent, %d for each entry", used, used/6)
		if used > perTorrent {
			t.Errorf("%d bytes for each torrent, limit %d", used, perTorrent)
		}
		a.Close(0)
	})
}

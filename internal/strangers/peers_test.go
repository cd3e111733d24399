package strangers

import (
	"bytes"
	"net/netip"
	"testing"

	"commonseed/internal/peers"
	"commonseed/internal/peers/clients"
)

// The whole way, for every client and over both IP versions: what was published
// is seeded, the tracker names who seeds it, and that is all a client has.
func TestEveryClientCompletesByTheTracker(t *testing.T) {
	if !peers.InOwnNetwork(t) {
		return
	}
	for _, ip := range []netip.Addr{peers.IPv4, peers.IPv6} {
		s, all := publishExamples(t, ip.String())
		for _, c := range clients.All {
			for source, p := range map[string]published{"torrent": all[0], "magnet": all[1]} {
				t.Run(c.Name+" "+source+" "+ip.String(), func(t *testing.T) {
					t.Parallel()
					if why := c.Cannot[clients.Hybrids]; why != "" {
						t.Skip(why)
					}
					dir := t.TempDir()
					c.Run(t, clients.Download{Source: s.source(t, source, p), Dir: dir, Listen: ip})
					checkArrival(t, p, dir)
				})
			}
		}
	}
}

// source is the .torrent or the magnet of a release, without its web seeds.
func (s *seeder) source(t *testing.T, kind string, p published) string {
	t.Helper()
	if kind == "magnet" {
		return without(t, p.Magnet, "ws=")
	}
	file := s.torrentFile(t, p)
	// A key that no client knows and that sorts to the same place. The info
	// dictionary stays as it is.
	key, torrent := []byte("8:url-list"), read(t, file)
	if bytes.Count(torrent, key) != 1 {
		t.Fatalf("the .torrent has %d url-lists, want 1", bytes.Count(torrent, key))
	}
	writeFile(t, file, string(bytes.Replace(torrent, key, []byte("8:url-none"), 1)))
	return file
}

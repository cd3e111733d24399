package tracker

import "math/rand/v2"

// How many peers of one host are remembered in one torrent. Those of a household
// or a hostel find room. Whoever claims more ports than that has fewer than an
// answer holds, and does not crowd the others out of it. Networks of their own,
// such as the loopback one, hold laboratories.
const (
	perHost        = 32
	perPrivateHost = 1024
)

// sample is how many peers are compared to find one that is silent for long.
const sample = 8

// expire drops the peers that were not seen since.
func (s *shard) expire(since int32) {
	for i := s.peers[0].newer; i != 0 && s.peers[i].seen < since; i = s.peers[0].newer {
		s.remove(i)
	}
}

// makeRoom drops one peer where one more would be too many: of a host, of a
// torrent, of all. The newest is worth more than the one silent for longest.
func (s *shard) makeRoom(p *peer, others int, silent int32) {
	limit := perHost
	if p.flags&private != 0 {
		limit = perPrivateHost
	}
	switch peers := s.torrents[p.torrent].peers; {
	case others >= limit:
		s.remove(silent)
	case len(peers) >= s.perTorrent:
		s.remove(s.silent(peers))
	case s.count >= s.max:
		s.remove(s.peers[0].newer)
	}
}

// silent picks, of a few, the peer that was silent for longest.
func (s *shard) silent(peers []int32) int32 {
	found := peers[rand.IntN(len(peers))]
	for range sample - 1 {
		if i := peers[rand.IntN(len(peers))]; s.peers[i].seen < s.peers[found].seen {
			found = i
		}
	}
	return found
}

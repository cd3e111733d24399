package tracker

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"slices"
	"sync"
)

// shards is how many parts the store has, each with a lock of its own.
const shards = 16

// flags say what is known of a peer.
type flags uint8

const (
	seeding flags = 1 << iota // has everything
	paused                    // lacks something and wants nothing: a partial seed. BEP 21
	here                      // on the machine of this tracker
	fromIPv4
	private // in a network of its own, where many share an address for good reason
)

// peer is one entry of a shard. It holds indexes and no pointers, so that it is
// small and the garbage collector passes over it.
type peer struct {
	addr         [16]byte // an IPv4 one as in IPv6
	port         uint16
	flags        flags
	seen         int32  // in seconds of the tracker
	torrent      uint32 // index in shard.torrents
	place        int32  // index in torrent.peers
	older, newer int32  // neighbours in the order of their last announces
	next         int32  // in the bucket, or among the free entries; 0: none
}

// torrent is one torrent; a torrent without peers is nothing beyond this.
type torrent struct {
	names     int32 // infohashes that lead here
	seeds     int32
	paused    int32
	completed uint32
	peers     []int32 // indexes in shard.peers, for a random choice
}

// shard keeps the peers of some torrents: entries in one slice, found through a
// hash table, and linked from the one silent for longest to the latest.
type shard struct {
	mu         sync.Mutex
	torrents   []torrent
	unused     []uint32 // forgotten torrents, to be used again
	peers      []peer   // the first one is no peer: the ring begins and ends there
	free       int32    // the first unused entry
	count      int      // peers
	buckets    []int32  // the first entry of each; a power of two of them
	seed       maphash.Seed
	max        int // peers
	perTorrent int // peers
}

func (s *shard) init(most, perTorrent int) {
	s.peers, s.buckets = make([]peer, 1), make([]int32, 8)
	s.seed, s.max, s.perTorrent = maphash.MakeSeed(), most, perTorrent
}

// add makes a torrent and returns its index.
func (s *shard) add() uint32 {
	if n := len(s.unused); n > 0 {
		id := s.unused[n-1]
		s.unused = s.unused[:n-1]
		return id
	}
	s.torrents = append(s.torrents, torrent{})
	return uint32(len(s.torrents) - 1)
}

// forget drops a torrent and its peers.
func (s *shard) forget(id uint32) {
	for peers := s.torrents[id].peers; len(peers) > 0; peers = s.torrents[id].peers {
		s.remove(peers[len(peers)-1])
	}
	s.torrents[id] = torrent{}
	s.unused = append(s.unused, id)
}

// peer is the entry that an announcement asks for.
func (a *announcement) peer(id uint32, now int32) peer {
	p := peer{addr: a.from.As16(), port: a.port, seen: now, torrent: id}
	if a.seed {
		p.flags |= seeding
	} else if a.event == eventPaused {
		p.flags |= paused
	}
	if a.from.Is4() {
		p.flags |= fromIPv4
	}
	if a.from.IsLoopback() || a.from == a.local {
		p.flags |= here
	}
	if a.from.IsLoopback() || a.from.IsPrivate() || a.from.IsLinkLocalUnicast() {
		p.flags |= private
	}
	return p
}

// host is the part of an address that one who holds it cannot choose: the IPv4
// address, or the network of 64 bits in IPv6.
func (p *peer) host() uint64 {
	if p.flags&fromIPv4 != 0 {
		return binary.BigEndian.Uint64(p.addr[8:])
	}
	return binary.BigEndian.Uint64(p.addr[:8])
}

func (p *peer) ip() netip.Addr { return netip.AddrFrom16(p.addr).Unmap() }

// bucket is where the peers of a host in a torrent begin. The hash is a keyed one:
// nobody can choose addresses that meet in one bucket.
func (s *shard) bucket(p *peer) *int32 {
	var key [12]byte
	binary.NativeEndian.PutUint32(key[:], p.torrent)
	binary.NativeEndian.PutUint64(key[4:], p.host())
	return &s.buckets[maphash.Bytes(s.seed, key[:])&uint64(len(s.buckets)-1)]
}

// find looks for a peer, by address and port. If it is not there, find says how
// many others its host has in the torrent, and which of them is silent for longest.
func (s *shard) find(p *peer) (at int32, others int, silent int32) {
	host := p.host()
	for i := *s.bucket(p); i != 0; i = s.peers[i].next {
		q := &s.peers[i]
		if q.torrent != p.torrent || q.host() != host {
			continue
		}
		if q.port == p.port && q.addr == p.addr {
			return i, 0, 0
		}
		others++
		if silent == 0 || q.seen <= s.peers[silent].seen {
			silent = i
		}
	}
	return 0, others, silent
}

// put adds or refreshes a peer. completed says that its download ended just now.
func (s *shard) put(p *peer, completed bool) {
	i, others, silent := s.find(p)
	if i == 0 {
		s.makeRoom(p, others, silent)
		i = s.insert(p)
	} else {
		s.unlink(i)
	}
	q, t := &s.peers[i], &s.torrents[p.torrent]
	if completed && q.flags&seeding == 0 {
		t.completed++
	}
	t.tally(q.flags, -1)
	t.tally(p.flags, 1)
	q.flags, q.seen = p.flags, p.seen
	s.link(i)
}

// insert makes an entry that neither counts nor stands in the ring yet.
func (s *shard) insert(p *peer) int32 {
	i := s.free
	if i != 0 {
		s.free = s.peers[i].next
	} else {
		i = s.grow()
	}
	t, b := &s.torrents[p.torrent], s.bucket(p)
	e := *p
	e.flags &^= seeding | paused
	e.place, e.next = int32(len(t.peers)), *b
	s.peers[i] = e
	t.peers = append(t.peers, i)
	*b = i
	s.count++
	return i
}

// grow makes place for one more entry. The slice never becomes larger than what
// is allowed.
func (s *shard) grow() int32 {
	n := len(s.peers)
	if n == cap(s.peers) {
		larger := make([]peer, n, min(max(16, n+n/4), s.max+1))
		copy(larger, s.peers)
		s.peers = larger
	}
	s.peers = append(s.peers, peer{})
	if n >= len(s.buckets) {
		s.rehash(2 * len(s.buckets))
	}
	return int32(n)
}

func (s *shard) rehash(size int) {
	s.buckets = make([]int32, size)
	for i := s.peers[0].newer; i != 0; i = s.peers[i].newer {
		b := s.bucket(&s.peers[i])
		s.peers[i].next, *b = *b, i
	}
}

// drop removes a peer if it is there.
func (s *shard) drop(p *peer) {
	if i, _, _ := s.find(p); i != 0 {
		s.remove(i)
	}
}

// remove takes an entry out of everything.
func (s *shard) remove(i int32) {
	p := &s.peers[i]
	s.unlink(i)
	at := s.bucket(p)
	for *at != i {
		at = &s.peers[*at].next
	}
	*at = p.next
	t := &s.torrents[p.torrent]
	t.tally(p.flags, -1)
	last := len(t.peers) - 1
	t.peers[p.place] = t.peers[last]
	s.peers[t.peers[p.place]].place = p.place
	t.peers = shrunk(t.peers[:last])
	p.next, s.free = s.free, i
	s.count--
}

// shrunk gives memory back that a list has no use for any more: lists that were
// long once would add up, over many torrents.
func shrunk(list []int32) []int32 {
	switch {
	case len(list) == 0:
		return nil
	case cap(list) > 4*len(list):
		return slices.Clone(list)
	}
	return list
}

// link puts an entry at the late end of the ring.
func (s *shard) link(i int32) {
	latest := s.peers[0].older
	s.peers[i].older, s.peers[i].newer = latest, 0
	s.peers[latest].newer, s.peers[0].older = i, i
}

func (s *shard) unlink(i int32) {
	p := &s.peers[i]
	s.peers[p.older].newer, s.peers[p.newer].older = p.newer, p.older
}

func (t *torrent) tally(f flags, n int32) {
	if f&seeding != 0 {
		t.seeds += n
	}
	if f&paused != 0 {
		t.paused += n
	}
}

func (t *torrent) counts() counts {
	leechers := len(t.peers) - int(t.seeds)
	return counts{int(t.seeds), leechers, int(t.completed), leechers - int(t.paused)}
}

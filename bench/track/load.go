package main

import (
	"crypto/sha1"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
)

// maxPeers of a torrent, whose ports are counted up.
const maxPeers = 10_000

// numwant is what most clients ask for.
const numwant = 50

// workers send announces at the same time. All that they have under way fits the
// buffer of a socket, so that hardly anything gets lost.
const workers = 16

// load is what the trackers have to do.
type load struct {
	torrents, peers, announces int
}

func (l load) infohash(torrent int) [20]byte {
	return sha1.Sum(binary.BigEndian.AppendUint32([]byte("torrent"), uint32(torrent)))
}

// peer is one that announces itself: by its port. The address is that of the worker.
type peer struct {
	infohash [20]byte
	port     uint16
	left     uint64
}

// peer makes the peer of a number: all torrents first, then the next peer of each.
// One in four is a seed.
func (l load) peer(n int) peer {
	at := n / l.torrents
	left := uint64(1 << 30)
	if at%4 == 0 {
		left = 0
	}
	return peer{l.infohash(n % l.torrents), uint16(10_000 + at), left}
}

// source is the address that a worker sends from, so that a torrent's peers have
// several.
func source(worker int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 1, byte(1 + worker)}) }

// client announces from one worker.
type client interface {
	// announce announces some peers, and returns how many announces were answered
	// before something went wrong.
	announce(peers []peer) (int, error)
	close()
}

// batch is how many announces a worker has under way at most.
const batch = 16

// fill announces every peer once.
func (l load) fill(open func(worker int) (client, error)) error {
	all := l.torrents * l.peers
	var next atomic.Int64
	return each(open, func(worker int, c client) error {
		for {
			from := int(next.Add(batch)) - batch
			if from >= all {
				return nil
			}
			var peers []peer
			for n := from; n < min(from+batch, all); n++ {
				peers = append(peers, l.peer(n))
			}
			if _, err := c.announce(peers); err != nil {
				return err
			}
		}
	})
}

// work announces peers of the torrents by chance, so many times in all.
func (l load) work(open func(worker int) (client, error), announces int) error {
	known := make([]peer, l.torrents*l.peers)
	for n := range known {
		known[n] = l.peer(n)
	}
	var done atomic.Int64
	return each(open, func(worker int, c client) error {
		rnd := rand.New(rand.NewPCG(uint64(worker), 5))
		peers := make([]peer, batch)
		for done.Load() < int64(announces) {
			for i := range peers {
				peers[i] = known[rnd.IntN(len(known))]
			}
			n, err := c.announce(peers)
			done.Add(int64(n))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// each runs all workers, and returns the first error.
func each(open func(worker int) (client, error), run func(worker int, c client) error) error {
	var all sync.WaitGroup
	failed := make(chan error, workers)
	for i := range workers {
		all.Go(func() {
			c, err := open(i)
			if err == nil {
				defer c.close()
				err = run(i, c)
			}
			if err != nil {
				failed <- err
			}
		})
	}
	all.Wait()
	close(failed)
	return <-failed
}

// Package limits measures how fast this machine can hash what a torrent is made of, on
// all cores and from memory: no builder of torrents that hashes in the same way can be
// faster.
//
//	limits.go  Limit: the pieces of a torrent; both ways to hash them
//	lane.go    how a piece is hashed
package limits

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"commonseed/bench/internal/measure"
	"commonseed/publish/torrentfile"
)

// The names of both limits.
const (
	Standard = "hash limit, standard library"
	Pairs    = "hash limit, two at a time"
)

// mostMemory bounds what is kept in memory. It is far more than a core's caches hold,
// and hashing takes as long whatever the bytes are: a larger payload is hashed by
// hashing these again.
const mostMemory = 256 << 20

// Memory is bytes to hash, for a payload of so many.
func Memory(payload int64) []byte {
	const most = 16 << 20 // of a piece
	memory := make([]byte, max(min(payload, mostMemory), most))
	rand.NewChaCha8([32]byte{2}).Read(memory)
	return memory
}

// piece is how many bytes each of both hashes gets to see.
type piece struct{ sha1, sha256 int64 }

// Limit is the pieces of a torrent.
type Limit struct {
	memory      []byte
	pieceLength int64
	pieces      []piece
}

// New cuts files of these lengths into pieces: for v1 end to end, and else each file
// by itself, with SHA-1 over the pad that fills its last piece and SHA-256 without it.
func New(memory []byte, lengths []int64, pieceLength int64, mode torrentfile.Mode) *Limit {
	l := &Limit{memory: memory, pieceLength: pieceLength}
	if mode == torrentfile.V1 {
		var total int64
		for _, n := range lengths {
			total += n
		}
		lengths = []int64{total}
	}
	for _, n := range lengths {
		for ; n > 0; n -= pieceLength {
			data := min(n, pieceLength)
			switch mode {
			case torrentfile.V1:
				l.pieces = append(l.pieces, piece{sha1: data})
			case torrentfile.V2:
				l.pieces = append(l.pieces, piece{sha256: data})
			default:
				l.pieces = append(l.pieces, piece{sha1: pieceLength, sha256: data})
			}
		}
	}
	return l
}

// Standard hashes by the standard library.
func (l *Limit) Standard(ctx context.Context) (measure.Usage, error) {
	return l.run(ctx, func(a, b lane) { a.alone(); b.alone() })
}

// Pairs hashes two pieces at a time, as we do (internal/hashpair).
func (l *Limit) Pairs(ctx context.Context) (measure.Usage, error) {
	return l.run(ctx, func(a, b lane) { both(a, b) })
}

// run hands out pieces to all cores, two at a time.
func (l *Limit) run(ctx context.Context, hash func(a, b lane)) (measure.Usage, error) {
	start := time.Now()
	var next atomic.Int64
	var cores sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		cores.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(2)) - 2
				if i >= len(l.pieces) {
					return
				}
				hash(l.lane(i), l.lane(i+1))
			}
		})
	}
	cores.Wait()
	return measure.Usage{Took: time.Since(start)}, ctx.Err()
}

// lane is piece i in memory, one of no bytes behind the last.
func (l *Limit) lane(i int) lane {
	if i >= len(l.pieces) {
		return lane{}
	}
	slots := int64(len(l.memory)) / l.pieceLength
	from := int64(i) % slots * l.pieceLength
	return lane{piece: l.pieces[i], memory: l.memory[from : from+l.pieceLength]}
}

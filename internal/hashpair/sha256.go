package hashpair

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// SHA256 is a message under way. Reset begins one.
type SHA256 struct {
	h      [8]uint32
	length uint64
	std    hash.Hash // where pairs are not accelerated
}

// Reset begins a message.
func (s *SHA256) Reset() {
	s.length = 0
	if !accelerated {
		if s.std == nil {
			s.std = sha256.New()
		}
		s.std.Reset()
		return
	}
	s.h = first256
}

var first256 = [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}

// Write goes on with the message by whole blocks.
func (s *SHA256) Write(p []byte) {
	if !accelerated {
		s.std.Write(p)
		return
	}
	s.blocks(p)
}

// blocks is Write with the processor's help. No slice that only comes here needs to
// be on the heap.
func (s *SHA256) blocks(p []byte) {
	if len(p) > 0 {
		var other [8]uint32 // its result is nobody's
		sha256Pair(&s.h, &other, &p[0], &p[0], len(p)/BlockSize)
		s.length += uint64(len(p))
	}
}

// WriteSHA256 goes on with two messages by whole blocks, as many as each likes. Both
// may have the same bytes.
func WriteSHA256(a, b *SHA256, p, q []byte) {
	if !accelerated {
		a.std.Write(p)
		b.std.Write(q)
		return
	}
	bothSHA256(a, b, p, q)
}

func bothSHA256(a, b *SHA256, p, q []byte) {
	n := min(len(p), len(q))
	if n > 0 {
		sha256Pair(&a.h, &b.h, &p[0], &q[0], n/BlockSize)
		a.length += uint64(n)
		b.length += uint64(n)
	}
	a.blocks(p[n:])
	b.blocks(q[n:])
}

// Sum is the hash of the message when it ends with these bytes, any number of them.
// The message is over then.
func (s *SHA256) Sum(end []byte) [sha256.Size]byte {
	if !accelerated {
		return s.standard(end)
	}
	var last [2 * BlockSize]byte
	s.blocks(whole(end))
	s.blocks(closing(&last, end, s.length))
	return s.sum()
}

// standard is Sum by the standard library.
func (s *SHA256) standard(end []byte) (sum [sha256.Size]byte) {
	s.std.Write(end)
	s.std.Sum(sum[:0])
	return sum
}

func (s *SHA256) sum() (sum [sha256.Size]byte) {
	for i, word := range s.h {
		binary.BigEndian.PutUint32(sum[i*4:], word)
	}
	return sum
}

// SumPair hashes two messages. It is fastest where they are of the same length.
func SumPair(p, q []byte) (a, b [sha256.Size]byte) {
	if !accelerated {
		return sha256.Sum256(p), sha256.Sum256(q)
	}
	x, y := SHA256{h: first256}, SHA256{h: first256}
	bothSHA256(&x, &y, whole(p), whole(q))
	var lastP, lastQ [2 * BlockSize]byte
	bothSHA256(&x, &y, closing(&lastP, p, x.length), closing(&lastQ, q, y.length))
	return x.sum(), y.sum()
}

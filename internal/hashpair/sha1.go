package hashpair

import (
	"crypto/sha1"
	"encoding/binary"
	"hash"
)

// SHA1 is a message under way. Reset begins one.
type SHA1 struct {
	h      [5]uint32
	length uint64
	std    hash.Hash // where pairs are not accelerated
}

// Reset begins a message.
func (s *SHA1) Reset() {
	s.length = 0
	if !accelerated {
		if s.std == nil {
			s.std = sha1.New()
		}
		s.std.Reset()
		return
	}
	s.h = [5]uint32{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0}
}

// Write goes on with the message by whole blocks.
func (s *SHA1) Write(p []byte) {
	if !accelerated {
		s.std.Write(p)
		return
	}
	s.blocks(p)
}

// blocks is Write with the processor's help. No slice that only comes here needs to
// be on the heap.
func (s *SHA1) blocks(p []byte) {
	if len(p) > 0 {
		var other [5]uint32 // its result is nobody's
		sha1Pair(&s.h, &other, &p[0], &p[0], len(p)/BlockSize)
		s.length += uint64(len(p))
	}
}

// WriteSHA1 goes on with two messages by whole blocks, as many as each likes.
func WriteSHA1(a, b *SHA1, p, q []byte) {
	if !accelerated {
		a.std.Write(p)
		b.std.Write(q)
		return
	}
	bothSHA1(a, b, p, q)
}

func bothSHA1(a, b *SHA1, p, q []byte) {
	n := min(len(p), len(q))
	if n > 0 {
		sha1Pair(&a.h, &b.h, &p[0], &q[0], n/BlockSize)
		a.length += uint64(n)
		b.length += uint64(n)
	}
	a.blocks(p[n:])
	b.blocks(q[n:])
}

// Sum is the hash of the message when it ends with these bytes, any number of them.
// The message is over then.
func (s *SHA1) Sum(end []byte) [sha1.Size]byte {
	if !accelerated {
		return s.standard(end)
	}
	var last [2 * BlockSize]byte
	s.blocks(whole(end))
	s.blocks(closing(&last, end, s.length))
	return s.sum()
}

// SumSHA1 ends two messages.
func SumSHA1(a, b *SHA1, endA, endB []byte) (sumA, sumB [sha1.Size]byte) {
	if !accelerated {
		return a.Sum(endA), b.Sum(endB)
	}
	bothSHA1(a, b, whole(endA), whole(endB))
	var lastA, lastB [2 * BlockSize]byte
	bothSHA1(a, b, closing(&lastA, endA, a.length), closing(&lastB, endB, b.length))
	return a.sum(), b.sum()
}

// standard is Sum by the standard library.
func (s *SHA1) standard(end []byte) (sum [sha1.Size]byte) {
	s.std.Write(end)
	s.std.Sum(sum[:0])
	return sum
}

func (s *SHA1) sum() (sum [sha1.Size]byte) {
	for i, word := range s.h {
		binary.BigEndian.PutUint32(sum[i*4:], word)
	}
	return sum
}

package origin

import (
	"errors"
	"fmt"
	"math/bits"
)

// bitset is a set of pieces, in the order of a bitfield message. BEP 3
type bitset struct {
	bits  []byte
	n     int // pieces in the torrent
	count int // pieces set
}

func newBitset(n int) bitset { return bitset{bits: make([]byte, (n+7)/8), n: n} }

func (s *bitset) full() bool { return s.count == s.n }

func (s *bitset) has(i int) bool { return s.bits[i/8]&(0x80>>(i%8)) != 0 }

// add reports whether piece i was not in the set before.
func (s *bitset) add(i int) bool {
	if s.has(i) {
		return false
	}
	s.bits[i/8] |= 0x80 >> (i % 8)
	s.count++
	return true
}

// parseBitfield reads a bitfield message of a torrent with n pieces.
func parseBitfield(p []byte, n int) (bitset, error) {
	s := newBitset(n)
	if len(p) != len(s.bits) {
		return s, fmt.Errorf("bitfield of %d bytes", len(p))
	}
	copy(s.bits, p)
	for _, b := range p {
		s.count += bits.OnesCount8(b)
	}
	if n%8 != 0 && p[len(p)-1]<<(n%8) != 0 {
		return s, errors.New("bitfield has spare bits set")
	}
	return s, nil
}

// fullBitfield has n bits set and the spare ones clear. BEP 3
func fullBitfield(n int) []byte {
	b := make([]byte, (n+7)/8)
	for i := range b {
		b[i] = 0xff
	}
	if n%8 != 0 {
		b[len(b)-1] = 0xff << (8 - n%8)
	}
	return b
}

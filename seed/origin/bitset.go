package origin

import (
	"errors"
	"fmt"
	"math/bits"
)

// bitset is the pieces a peer has.
type bitset struct {
	bits  []byte
	n     int // pieces in the torrent
	count int // pieces set
}

func newBitset(n int) bitset { return bitset{bits: make([]byte, (n+7)/8), n: n} }

func (s *bitset) full() bool { return s.count == s.n }

func (s *bitset) set(i uint32) error {
	if uint64(i) >= uint64(s.n) {
		return fmt.Errorf("piece %d of %d", i, s.n)
	}
	mask := byte(0x80) >> (i % 8)
	if s.bits[i/8]&mask == 0 {
		s.bits[i/8] |= mask
		s.count++
	}
	return nil
}

func (s *bitset) fill(p []byte) error {
	if len(p) != len(s.bits) {
		return fmt.Errorf("bitfield of %d bytes", len(p))
	}
	copy(s.bits, p)
	s.count = 0
	for _, b := range p {
		s.count += bits.OnesCount8(b)
	}
	if s.count > s.n {
		return errors.New("bitfield has spare bits set")
	}
	return nil
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

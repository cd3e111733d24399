// Package hashpair hashes two messages at a time. Processors that have instructions
// for SHA-1 and SHA-256 spend half of their time waiting for the step before; steps
// of a second message that does not depend on it fill that time. A payload always has
// a second piece, or a second block, to go with the first.
//
//	hashpair.go  Accelerated, and what both hashes share
//	sha1.go      SHA1, WriteSHA1, SumSHA1
//	sha256.go    SHA256, WriteSHA256, SumPair
//	*_amd64.s    both, for two messages, with SHA extensions
//	*_other.go   everywhere else one message after the other, by the standard library
package hashpair

import "encoding/binary"

// BlockSize of both hashes, in bytes.
const BlockSize = 64

// Accelerated says whether this processor hashes two messages at a time.
func Accelerated() bool { return accelerated }

// closing puts what lies behind the whole blocks of end, and the length of the
// message, into the one or two blocks that close it (FIPS 180-4 §5.1.1). So many
// bytes of the message are hashed before.
func closing(dst *[2 * BlockSize]byte, end []byte, hashed uint64) []byte {
	n := copy(dst[:], end[len(whole(end)):])
	dst[n] = 0x80
	size := BlockSize
	if n+9 > BlockSize {
		size = 2 * BlockSize
	}
	clear(dst[n+1 : size-8])
	binary.BigEndian.PutUint64(dst[size-8:], (hashed+uint64(n))*8)
	return dst[:size]
}

// whole is the part of p that is whole blocks.
func whole(p []byte) []byte { return p[:len(p)&^(BlockSize-1)] }

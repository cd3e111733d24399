// Package hashpair hashes two messages at a time. Processors that have instructions
// for SHA-1 and SHA-256 spend half of their time waiting for the step before; steps
// of a second message that does not depend on it fill that time. A payload always has
// a second piece, or a second block, to go with the first.
//
//	hashpair.go  Accelerated, and what both hashes share
//	sha1.go      SHA1, WriteSHA1
//	sha256.go    SHA256, WriteSHA256, SumPair
//	*_amd64.s    both, for two messages, with SHA extensions
//	*_other.go   everywhere else one message after the other, by the standard library
package hashpair

import "encoding/binary"

// BlockSize of both hashes, in bytes.
const BlockSize = 64

// Accelerated says whether this processor hashes two messages at a time.
func Accelerated() bool { return accelerated }

// closing puts the last bytes of a message, fewer than a block, and its length into
// the one or two blocks that close it (FIPS 180-4 §5.1.1).
func closing(dst *[2 * BlockSize]byte, rest []byte, length uint64) []byte {
	n := copy(dst[:], rest)
	dst[n] = 0x80
	end := BlockSize
	if n+9 > BlockSize {
		end = 2 * BlockSize
	}
	clear(dst[n+1 : end-8])
	binary.BigEndian.PutUint64(dst[end-8:], length*8)
	return dst[:end]
}

// whole is the part of p that is whole blocks.
func whole(p []byte) []byte { return p[:len(p)&^(BlockSize-1)] }

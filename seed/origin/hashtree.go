package origin

import (
	"crypto/sha256"
	"math/bits"
)

// hashTree is the upper part of a file's v2 hash tree: all that its piece layer
// implies. Beyond the last piece stand the roots of trees of zero blocks.
// BEP 52
type hashTree struct {
	layer []byte // 32 bytes a piece, at least one
	level int    // of the layer above 16 KiB blocks
}

type hash32 = [sha256.Size]byte

func pair(a, b hash32) hash32 {
	var both [2 * sha256.Size]byte
	copy(both[:], a[:])
	copy(both[sha256.Size:], b[:])
	return sha256.Sum256(both[:])
}

// padHashes[k] is the root of a tree of 2^k blocks beyond the end of a file.
var padHashes = func() (h [64]hash32) {
	for k := 1; k < len(h); k++ {
		h[k] = pair(h[k-1], h[k-1])
	}
	return h
}()

func (t hashTree) pieces() int { return len(t.layer) / sha256.Size }

// height is the number of layers above the piece layer.
func (t hashTree) height() int { return bits.Len(uint(t.pieces() - 1)) }

// node is the hash at index i, up layers above the piece layer.
func (t hashTree) node(up, i int) hash32 {
	if i<<up >= t.pieces() {
		return padHashes[t.level+up]
	}
	if up == 0 {
		return hash32(t.layer[i*sha256.Size:])
	}
	return pair(t.node(up-1, 2*i), t.node(up-1, 2*i+1))
}

func (t hashTree) root() hash32 { return t.node(t.height(), 0) }

// Bounds of a hash request. BEP 52 lets a peer refuse more than 512; the
// anacrolix library takes up to 8192.
const maxHashes = 8192

// hashes answers a hash request: count hashes of the piece layer from index on,
// then the siblings of their common ancestors, as far as the receiver cannot
// compute them and proofs reaches. ok is false where the request makes no sense.
func (t hashTree) hashes(index, count, proofs uint32) (out []byte, ok bool) {
	width := uint64(1) << t.height()
	if count < 2 || count > maxHashes || count&(count-1) != 0 || index%count != 0 {
		return nil, false
	}
	if uint64(index)+uint64(count) > width || proofs > 0 && int(proofs) >= t.height() {
		return nil, false
	}
	for i := range count {
		h := t.node(0, int(index+i))
		out = append(out, h[:]...)
	}
	// The count hashes give their own ancestors up to this layer.
	own := bits.TrailingZeros32(count)
	for up := own; up <= int(proofs); up++ {
		h := t.node(up, int(index)>>up^1)
		out = append(out, h[:]...)
	}
	return out, true
}

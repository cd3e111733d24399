package torrentfile

import (
	"crypto/sha1"
	"crypto/sha256"
	"math/bits"

	"commonseed/internal/hashpair"
)

const (
	sha1Size   = sha1.Size
	sha256Size = sha256.Size
)

type digest = [sha256Size]byte

// climb replaces hashes by the layer that lies the given number of levels above
// and holds one hash; places right of the last hash count as pad. It overwrites
// hashes, of which there are 1 to 2^levels.
func climb(hashes []digest, levels int, pad digest) digest {
	for range levels {
		if len(hashes)%2 == 1 {
			hashes = append(hashes, pad)
		}
		parents := len(hashes) / 2
		for i := 0; i+1 < parents; i += 2 {
			left, right := join(hashes[2*i:]), join(hashes[2*i+2:])
			hashes[i], hashes[i+1] = hashpair.SumPair(left[:], right[:])
		}
		if parents%2 == 1 {
			last := join(hashes[2*parents-2:])
			hashes[parents-1] = sha256.Sum256(last[:])
		}
		hashes = hashes[:parents]
		both := join([]digest{pad, pad})
		pad = sha256.Sum256(both[:])
	}
	return hashes[0]
}

// join is what the hash of two neighbours is made of.
func join(pair []digest) (both [2 * sha256Size]byte) {
	copy(both[:], pair[0][:])
	copy(both[sha256Size:], pair[1][:])
	return both
}

// merkleRoot is the root above hashes, padded to a power of two. It overwrites
// hashes.
func merkleRoot(hashes []digest, pad digest) digest {
	return climb(hashes, levelsFor(int64(len(hashes))), pad)
}

// levelsFor is the height of a tree of n leaves, n ≥ 1.
func levelsFor(n int64) int { return bits.Len64(uint64(n - 1)) }

// padDigest is the hash of a piece-long stretch of absent leaves: what balances a
// tree from the piece layer up (BEP 52).
func padDigest(pieceLength int64) digest {
	return climb(make([]digest, 1, 2), levelsFor(pieceLength/blockSize), digest{})
}

func joinDigests(hashes []digest) []byte {
	joined := make([]byte, 0, len(hashes)*sha256Size)
	for i := range hashes {
		joined = append(joined, hashes[i][:]...)
	}
	return joined
}

func splitDigests(layer []byte) []digest {
	hashes := make([]digest, len(layer)/sha256Size)
	for i := range hashes {
		copy(hashes[i][:], layer[i*sha256Size:])
	}
	return hashes
}

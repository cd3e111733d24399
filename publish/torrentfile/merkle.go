package torrentfile

import (
	"crypto/sha1"
	"crypto/sha256"
	"math/bits"
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
		for i := 0; i < len(hashes); i += 2 {
			hashes[i/2] = hashPair(hashes[i], hashes[i+1])
		}
		hashes = hashes[:len(hashes)/2]
		pad = hashPair(pad, pad)
	}
	return hashes[0]
}

func hashPair(left, right digest) digest {
	var both [2 * sha256Size]byte
	copy(both[:], left[:])
	copy(both[sha256Size:], right[:])
	return sha256.Sum256(both[:])
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

func joinDigests(hashes []digest) string {
	joined := make([]byte, 0, len(hashes)*sha256Size)
	for i := range hashes {
		joined = append(joined, hashes[i][:]...)
	}
	return string(joined)
}

func splitDigests(layer string) []digest {
	hashes := make([]digest, len(layer)/sha256Size)
	for i := range hashes {
		copy(hashes[i][:], layer[i*sha256Size:])
	}
	return hashes
}

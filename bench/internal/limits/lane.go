package limits

import (
	"crypto/sha1"
	"crypto/sha256"

	"commonseed/internal/hashpair"
)

const block = 16 << 10 // leaf of the v2 hash trees (BEP 52)

// lane is a piece that is hashed block by block, so that the second hash finds its
// bytes in the innermost cache.
type lane struct {
	piece
	memory []byte
}

// sums are the hash of a piece and that of its last block.
type sums struct {
	sha1   [sha1.Size]byte
	sha256 [sha256.Size]byte
}

func (l lane) length() int64 { return max(l.sha1, l.sha256) }

// cut is the block at off of the first n bytes, or what there is of it.
func (l lane) cut(off, n int64) []byte { return l.memory[min(off, n):min(off+block, n)] }

// alone hashes by the standard library.
func (l lane) alone() (s sums) {
	whole := sha1.New()
	for off := int64(0); off < l.length(); off += block {
		if l.sha1 > 0 {
			whole.Write(l.cut(off, l.sha1))
		}
		if data := l.cut(off, l.sha256); len(data) > 0 {
			s.sha256 = sha256.Sum256(data)
		}
	}
	if l.sha1 > 0 {
		whole.Sum(s.sha1[:0])
	}
	return s
}

// both hashes two pieces at a time.
func both(a, b lane) (s, t sums) {
	var x, y hashpair.SHA1
	var endX, endY []byte // behind the whole blocks of SHA-1
	x.Reset()
	y.Reset()
	for off := int64(0); off < max(a.length(), b.length()); off += block {
		if a.sha1 > 0 {
			p, q := a.cut(off, a.sha1), b.cut(off, b.sha1)
			wholeP, wholeQ := len(p)&^(hashpair.BlockSize-1), len(q)&^(hashpair.BlockSize-1)
			hashpair.WriteSHA1(&x, &y, p[:wholeP], q[:wholeQ])
			endX, endY = append(endX, p[wholeP:]...), append(endY, q[wholeQ:]...)
		}
		switch p, q := a.cut(off, a.sha256), b.cut(off, b.sha256); {
		case len(p) > 0 && len(q) > 0:
			s.sha256, t.sha256 = hashpair.SumPair(p, q)
		case len(p) > 0:
			s.sha256 = sha256.Sum256(p)
		case len(q) > 0:
			t.sha256 = sha256.Sum256(q)
		}
	}
	if a.sha1 > 0 {
		s.sha1, t.sha1 = hashpair.SumSHA1(&x, &y, endX, endY)
	}
	return s, t
}

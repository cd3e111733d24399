package origin

import "crypto/sha256"

// Bounds of hash requests below the piece layer, which cost reading.
const (
	maxHashedAtOnce = 16 << 20  // bytes
	maxHashed       = 256 << 20 // bytes for one peer
)

// hashes answers a hash request. ok is false where it makes no sense, or costs
// too much. BEP 52
func (c *conn) hashes(q hashRequest) (out []byte, ok bool) {
	f := c.a.byRoot(q.root)
	if f == nil || !q.fits(f.top()) {
		return nil, false
	}
	tree := c.a.trees.get(c.a.layout, f)
	if int(q.base) >= tree.level {
		return q.answer(tree.top(), tree.node), true
	}
	return c.blockHashes(f, tree, q)
}

// blockHashes answers a request for hashes below the piece layer: it hashes the
// pieces that they, and the proof within a piece, lie in.
func (c *conn) blockHashes(f *file, tree hashTree, q hashRequest) (out []byte, ok bool) {
	perPiece := 1 << (tree.level - int(q.base)) // hashes
	first := int(q.index) / perPiece
	pieces := max(1, int(q.count)/perPiece)
	span := int64(blockSize) << tree.level
	size := max(0, min(f.length-int64(first)*span, int64(pieces)*span)) // none beyond the end
	if size > maxHashedAtOnce || c.hashed+size > maxHashed {
		return nil, false
	}
	c.hashed += size
	blocks, err := c.hashBlocks(f, int64(first)*span, size)
	if err != nil {
		return nil, false
	}
	// A tree over these pieces alone gives what lies below the piece layer.
	low := newHashTree(blocks, 0)
	at := func(layer, i int) hash32 {
		if layer >= tree.level {
			return tree.node(layer, i)
		}
		i -= first << (tree.level - layer)
		if layer < len(low.rows) && i < len(low.rows[layer]) {
			return low.rows[layer][i]
		}
		return padHashes[layer]
	}
	return q.answer(f.top(), at), true
}

// hashBlocks reads a stretch of a file and hashes each of its blocks.
func (c *conn) hashBlocks(f *file, off, size int64) ([]hash32, error) {
	var blocks []hash32
	buf := make([]byte, 16*blockSize)
	for size > 0 {
		b := buf[:min(size, int64(len(buf)))]
		r := reading{a: c.a}
		if err := r.add(b, f.offset+off); err != nil {
			return nil, err
		}
		if err := r.flush(); err != nil {
			return nil, err
		}
		off += int64(len(b))
		size -= int64(len(b))
		for len(b) > 0 {
			n := min(len(b), blockSize)
			blocks = append(blocks, sha256.Sum256(b[:n]))
			b = b[n:]
		}
	}
	return blocks, nil
}

package origin

import (
	"crypto/sha256"
	"math/bits"
	"sync"
)

type hash32 = [sha256.Size]byte

// hashTree is a file's v2 hash tree from one layer upward: the piece layer, or
// for a file no longer than a piece the root alone. Beyond the last piece stand
// the roots of trees of zero blocks. BEP 52
type hashTree struct {
	level int        // of rows[0] above 16 KiB blocks
	rows  [][]hash32 // rows[k] is k layers above, without what lies beyond the end
}

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

// newHashTree builds the tree over a row of hashes that stand level layers above
// the blocks.
func newHashTree(row []hash32, level int) hashTree {
	t := hashTree{level: level, rows: [][]hash32{row}}
	for len(row) > 1 {
		up := make([]hash32, (len(row)+1)/2)
		for i := range up {
			right := padHashes[level]
			if 2*i+1 < len(row) {
				right = row[2*i+1]
			}
			up[i] = pair(row[2*i], right)
		}
		t.rows = append(t.rows, up)
		row = up
		level++
	}
	return t
}

// splitHashes cuts a piece layer into its hashes.
func splitHashes(layer []byte) []hash32 {
	row := make([]hash32, len(layer)/sha256.Size)
	for i := range row {
		row[i] = hash32(layer[i*sha256.Size:])
	}
	return row
}

func (t hashTree) root() hash32 { return t.rows[len(t.rows)-1][0] }

// top is the layer of the root above blocks.
func (t hashTree) top() int { return t.level + len(t.rows) - 1 }

// node is the hash at index i of a layer above blocks that is not below level.
func (t hashTree) node(layer, i int) hash32 {
	if row := t.rows[layer-t.level]; i < len(row) {
		return row[i]
	}
	return padHashes[layer]
}

// Bounds of a hash request. BEP 52 lets a peer refuse more than 512; the
// anacrolix library takes up to 8192.
const maxHashes = 8192

// fits says whether a request makes sense for a file whose tree has its root at
// layer top.
func (q hashRequest) fits(top int) bool {
	if q.count < 2 || q.count > maxHashes || q.count&(q.count-1) != 0 || q.index%q.count != 0 {
		return false
	}
	if int64(q.base) >= int64(top) {
		return false
	}
	height := top - int(q.base)
	return uint64(q.index)+uint64(q.count) <= 1<<height && (q.proofs == 0 || int64(q.proofs) < int64(height))
}

// answer lists the hashes that are asked for, and then the siblings of their
// common ancestors, as far as the receiver cannot compute them and proofs
// reaches. node gives the hash at an index of a layer, below the root at top.
func (q hashRequest) answer(top int, node func(layer, i int) hash32) (out []byte) {
	out = make([]byte, 0, (int(q.count)+32)*sha256.Size)
	for i := range int(q.count) {
		h := node(int(q.base), int(q.index)+i)
		out = append(out, h[:]...)
	}
	// The hashes give their own ancestors up to this layer.
	for up := bits.TrailingZeros32(q.count); up <= int(q.proofs) && int(q.base)+up < top; up++ {
		h := node(int(q.base)+up, int(q.index)>>up^1)
		out = append(out, h[:]...)
	}
	return out
}

// trees keeps the trees of a torrent's files, once they were asked for.
type trees struct {
	mu sync.Mutex
	of map[*file]hashTree
}

// get is the tree of a file, from its piece layer upward.
func (ts *trees) get(l *layout, f *file) hashTree {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t, ok := ts.of[f]; ok {
		return t
	}
	t := hashTree{level: f.top(), rows: [][]hash32{{f.root}}}
	if f.layer != nil {
		t = newHashTree(splitHashes(f.layer), l.layerLevel)
	}
	if ts.of == nil {
		ts.of = map[*file]hashTree{}
	}
	ts.of[f] = t
	return t
}

// top is the layer of the file's root above its blocks.
func (f *file) top() int {
	return bits.Len64(uint64((f.length+blockSize-1)/blockSize - 1))
}

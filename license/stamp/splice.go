package stamp

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sort"
)

// splice replaces the bytes [off,end) of a file with data. An empty range
// inserts, empty data removes.
type splice struct {
	off, end int64
	data     []byte
}

// grows is by how many bytes the splice lengthens the file.
func (s splice) grows() int64 { return int64(len(s.data)) - (s.end - s.off) }

// sortSplices puts splices into file order; insertions at the same place keep
// the order in which they were asked for.
func sortSplices(all []splice) {
	slices.SortStableFunc(all, func(a, b splice) int {
		return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.end, b.end))
	})
}

// splicePatch describes a file of that size after all splices.
func splicePatch(all []splice, size int64) (Patch, error) {
	sortSplices(all)
	var p Patch
	var at int64
	for _, s := range all {
		if s.off < at || s.end < s.off || s.end > size {
			return nil, fmt.Errorf("edits at byte %d overlap: %w", s.off, ErrMalformed)
		}
		p = p.keep(at, s.off-at).add(s.data)
		at = s.end
	}
	return p.keep(at, size-at), nil
}

// spliceBytes applies splices to bytes in memory.
func spliceBytes(raw []byte, all []splice) ([]byte, error) {
	p, err := splicePatch(all, int64(len(raw)))
	if err != nil {
		return nil, err
	}
	return readAt(p.ReaderAt(bytes.NewReader(raw)), 0, int(p.Size()))
}

// mover tells where a byte of the old file lies in the spliced one.
type mover struct {
	cuts []splice // those that change the length, in file order
	sums []int64  // sums[i] is by how much cuts[:i] lengthen the file
}

func newMover(all []splice) *mover {
	m := &mover{}
	for _, s := range all {
		if s.grows() != 0 {
			m.cuts = append(m.cuts, s)
		}
	}
	sortSplices(m.cuts)
	m.sums = make([]int64, len(m.cuts)+1)
	for i, s := range m.cuts {
		m.sums[i+1] = m.sums[i] + s.grows()
	}
	return m
}

// at answers the new offset of the byte at off. It fails for a byte inside a
// replaced range, which has no new offset.
func (m *mover) at(off int64) (int64, bool) {
	i := sort.Search(len(m.cuts), func(i int) bool { return m.cuts[i].end > off })
	if i < len(m.cuts) && m.cuts[i].off < off {
		return 0, false
	}
	return off + m.sums[i], true
}

// changes says whether anything in [off,end), or at off, changes its length.
func (m *mover) changes(off, end int64) bool {
	i := sort.Search(len(m.cuts), func(i int) bool { return m.cuts[i].end >= off })
	return i < len(m.cuts) && m.cuts[i].off < end
}

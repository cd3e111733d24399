package stamp

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
)

// Free space right behind the index, which programs leave there for tags, is used
// before media moves. What is left of it says how long both were together before
// the first stamp: so the layout follows from the file as it was and the notice,
// whatever was stamped in between.

const (
	freeMark = "commonseed"
	freeMin  = 8 + len(freeMark) + 8 // bytes of a box that holds the mark and a length
	maxFree  = 16 << 20
)

// useFree makes the free box behind an index that will have so many bytes longer
// or shorter. One that is not empty, or too small for the mark, is left alone, as
// is one behind which no media comes.
func (m *movie) useFree(e *editor, moov int64) error {
	i := slices.IndexFunc(m.top, func(b box) bool { return b.off == m.moov.off }) + 1
	if i == len(m.top) || m.top[i].kind != "free" || m.top[i].off > m.mediaEnd() {
		return nil
	}
	free := m.top[i]
	size := free.end - free.off
	if free.toEnd || free.body != free.off+8 || size < int64(freeMin) || size > maxFree {
		return nil
	}
	body, err := readAt(m.src, free.body, int(size-8))
	if err != nil {
		return err
	}
	together := m.moov.end - m.moov.off + size
	rest := body
	if bytes.HasPrefix(body, []byte(freeMark)) {
		together, rest = int64(binary.BigEndian.Uint64(body[len(freeMark):])&math.MaxInt64), body[len(freeMark)+8:]
	}
	if len(bytes.Trim(rest, "\x00")) > 0 || together > m.moov.end-m.moov.off+maxFree {
		return nil
	}
	box := make([]byte, max(together-moov, int64(freeMin)))
	binary.BigEndian.PutUint32(box, uint32(len(box)))
	copy(box[4:], "free"+freeMark)
	binary.BigEndian.PutUint64(box[8+len(freeMark):], uint64(together))
	e.cuts = append(e.cuts, splice{free.off, free.end, box})
	return nil
}

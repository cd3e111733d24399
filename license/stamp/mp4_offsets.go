package stamp

import (
	"encoding/binary"
	"math"
	"slices"
)

// Absolute offsets in a file (ISO 14496-12): chunk tables (stco and co64,
// §8.7.5), auxiliary information of whole tracks (saio, §8.7.9), the base of
// fragments (tfhd, §8.8.7), the index of fragments (tfra, §8.8.10), and items
// (iloc, §8.11.3). Segment indexes (sidx, §8.16.3) count from where they stand.

// fixOffsets are the edits that mend all offsets for a file in which bytes move.
func (m *movie) fixOffsets(mv *mover) ([]splice, error) {
	var fixes []splice
	for _, track := range m.tracks() {
		if err := fixTrack(track, mv, &fixes); err != nil {
			return nil, err
		}
	}
	if !mv.changes(0, m.mediaEnd()) {
		return fixes, nil
	}
	if err := m.refuseItems(); err != nil {
		return nil, err
	}
	for _, b := range m.top {
		var err error
		switch b.kind {
		case "moof":
			err = m.fixFragment(b, mv, &fixes)
		case "mfra":
			err = m.fixFragmentIndex(b, mv, &fixes)
		case "sidx":
			if mv.changes(b.end, m.mediaEnd()) {
				err = &UnsupportedError{"mp4", "what its segment index (sidx) counts would change"}
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return fixes, nil
}

// fixTrack mends the tables of a track.
func fixTrack(track boxData, mv *mover, fixes *[]splice) error {
	minf, ok, err := track.path("mdia/minf")
	if err != nil || !ok {
		return err
	}
	if external, err := mediaElsewhere(minf); err != nil || external {
		if external {
			err = &UnsupportedError{"mp4", "its media lies in other files"}
		}
		return err
	}
	stbl, ok, err := minf.child("stbl")
	if err != nil || !ok {
		return err
	}
	boxes, err := stbl.children(0)
	if err != nil {
		return err
	}
	for _, b := range boxes {
		switch b.kind {
		case "stco":
			err = fixTable(b, 4, 4, mv, fixes)
		case "co64":
			err = fixTable(b, 4, 8, mv, fixes)
		case "saio":
			err = fixAuxiliary(b, mv, fixes)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mediaElsewhere says whether a data reference names another file (§8.7.2).
func mediaElsewhere(minf boxData) (bool, error) {
	dref, ok, err := minf.path("dinf/dref")
	if err != nil || !ok {
		return false, err
	}
	entries, err := dref.children(8)
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		_, flags, location, err := entry.full()
		if err != nil {
			return false, err
		}
		if flags&1 == 0 && len(location) > 1 {
			return true, nil
		}
	}
	return false, nil
}

// fixTable mends a table of offsets: a count, skip-4 bytes behind the flags,
// and then that many of the given width.
func fixTable(b boxData, skip, width int, mv *mover, fixes *[]splice) error {
	_, _, rest, err := b.full()
	if err != nil {
		return err
	}
	if len(rest) < skip {
		return b.broken()
	}
	count := int64(binary.BigEndian.Uint32(rest[skip-4:]))
	if rest = rest[skip:]; count > int64(len(rest)/width) {
		return b.broken()
	}
	run := offsetRun{b.end - int64(len(rest)), rest[:count*int64(width)], width, width, 0}
	return run.fix(mv, fixes)
}

func fixAuxiliary(b boxData, mv *mover, fixes *[]splice) error {
	version, flags, _, err := b.full()
	if err != nil {
		return err
	}
	skip, width := 4, 4
	if flags&1 != 0 { // type and its parameter come first
		skip += 8
	}
	if version == 1 {
		width = 8
	}
	return fixTable(b, skip, width, mv, fixes)
}

// offsetRun is a run of the file that holds offsets: one in every stride bytes,
// width bytes wide, skip bytes behind the beginning of its stride.
type offsetRun struct {
	off                 int64
	data                []byte
	width, stride, skip int
}

// fix mends the run, if anything in it moves.
func (r offsetRun) fix(mv *mover, fixes *[]splice) error {
	var mended []byte
	for i := r.skip; i+r.width <= len(r.data); i += r.stride {
		old := getOffset(r.data[i:], r.width)
		moved, ok := mv.at(old)
		if !ok {
			return &UnsupportedError{"mp4", "an offset in it points into its own metadata"}
		}
		if moved == old {
			continue
		}
		if r.width == 4 && moved > math.MaxUint32 {
			return &UnsupportedError{"mp4", "its offsets of 32 bits cannot reach media behind 4 GiB; rewrite it with its index at the end"}
		}
		if mended == nil {
			mended = append([]byte(nil), r.data...)
		}
		putOffset(mended[i:], r.width, moved)
	}
	if mended != nil {
		*fixes = append(*fixes, splice{r.off, r.off + int64(len(r.data)), mended})
	}
	return nil
}

func getOffset(b []byte, width int) int64 {
	if width == 4 {
		return int64(binary.BigEndian.Uint32(b))
	}
	return int64(binary.BigEndian.Uint64(b) & math.MaxInt64)
}

func putOffset(b []byte, width int, off int64) {
	if width == 4 {
		binary.BigEndian.PutUint32(b, uint32(off))
	} else {
		binary.BigEndian.PutUint64(b, uint64(off))
	}
}

// fixFragment mends the explicit data bases of a fragment.
func (m *movie) fixFragment(b box, mv *mover, fixes *[]splice) error {
	moof, err := loadBox(m.src, b, maxMoof)
	if err != nil {
		return err
	}
	return eachTrackFragment(moof, func(tf trackFragment) error {
		if tf.flags&tfhdBase == 0 {
			return nil
		}
		run := offsetRun{tf.baseAt, tf.tfhd.data[tf.baseAt-tf.tfhd.off:][:8], 8, 8, 0}
		return run.fix(mv, fixes)
	})
}

// fixFragmentIndex mends mfra: each tfra lists times and places of fragments.
func (m *movie) fixFragmentIndex(b box, mv *mover, fixes *[]splice) error {
	mfra, err := loadBox(m.src, b, maxMoof)
	if err != nil {
		return err
	}
	boxes, err := mfra.children(0)
	if err != nil {
		return err
	}
	for _, tfra := range boxes {
		if tfra.kind != "tfra" {
			continue
		}
		if err := fixMoofTable(tfra, mv, fixes); err != nil {
			return err
		}
	}
	return nil
}

// fixMoofTable mends a tfra box. Behind the time and place of a fragment stand
// three numbers, whose widths, less one, are given by two bits each.
func fixMoofTable(tfra boxData, mv *mover, fixes *[]splice) error {
	version, _, rest, err := tfra.full()
	if err != nil || len(rest) < 12 {
		return tfra.broken()
	}
	lengths, count := binary.BigEndian.Uint32(rest[4:]), int64(binary.BigEndian.Uint32(rest[8:]))
	width := 4
	if version == 1 {
		width = 8
	}
	stride := 2*width + int(lengths>>4&3) + int(lengths>>2&3) + int(lengths&3) + 3
	if rest = rest[12:]; count > int64(len(rest)/stride) {
		return tfra.broken()
	}
	run := offsetRun{tfra.end - int64(len(rest)), rest[:count*int64(stride)], width, stride, width}
	return run.fix(mv, fixes)
}

// refuseItems refuses files whose metadata addresses bytes of the file (iloc).
func (m *movie) refuseItems() error {
	metas, err := m.metas()
	if err != nil {
		return err
	}
	for _, meta := range metas {
		boxes, err := metaChildren(meta)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(boxes, func(b boxData) bool { return b.kind == "iloc" }) {
			return &UnsupportedError{"mp4", "it has items (iloc) that count on where in the file they are"}
		}
	}
	return nil
}

// metas lists the meta boxes of the file, of the movie and of its tracks.
func (m *movie) metas() ([]boxData, error) {
	var metas []boxData
	for _, b := range m.top {
		if b.kind == "meta" {
			meta, err := loadBox(m.src, b, maxMoof)
			if err != nil {
				return nil, err
			}
			metas = append(metas, meta)
		}
	}
	for _, around := range append(m.tracks(), m.moov) {
		meta, ok, err := around.child("meta")
		if err != nil {
			return nil, err
		}
		if ok {
			metas = append(metas, meta)
		}
	}
	return metas, nil
}

package stamp

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// The index of a segment (SeekHead, RFC 9559 §5.1.1) says where its parts are,
// counted from where the segment's contents begin. Many players look for tags
// behind the media only if it says that there are some.

const (
	mkvSeek         = 0x4DBB
	mkvSeekID       = 0x53AB
	mkvSeekPosition = 0x53AC
)

// seekTags adds the edits that make the index lead to the tags at pos. Nothing
// moves: an entry that is there is rewritten in its width, a new one takes its
// room from a Void. Where there is none, readers find the tags who read on to the
// end; no entry is left then that leads elsewhere.
func (f *mkvFile) seekTags(cuts []splice, pos int64) ([]splice, error) {
	placed := false
	for _, e := range f.find(mkvSeekHead) {
		head, err := f.load(e, mkvMaxSeek)
		if err != nil {
			return nil, err
		}
		found, err := rewriteEntries(head, uint64(pos), &placed)
		if err != nil {
			return nil, err
		}
		if found {
			cuts = append(cuts, splice{e.off, e.end, head.raw})
		}
	}
	if placed {
		return cuts, nil
	}
	entry := newEBML(mkvSeek, newEBML(mkvSeekID, ebmlID(mkvTags)),
		newEBML(mkvSeekPosition, binary.BigEndian.AppendUint64(nil, uint64(pos))))
	if grown, ok, err := f.extendIndex(cuts, entry); err != nil || ok {
		return grown, err
	}
	return f.newIndex(cuts, newEBML(mkvSeekHead, entry)), nil
}

// rewriteEntries makes the first entry for tags that is wide enough lead to pos,
// and voids all others. It says whether there were any; head changes in place.
func rewriteEntries(head ebmlData, pos uint64, placed *bool) (bool, error) {
	entries, err := head.children()
	if err != nil {
		return false, err
	}
	found := false
	for _, entry := range entries {
		if entry.id != mkvSeek {
			continue
		}
		fields, err := entry.children()
		if err != nil {
			return false, err
		}
		var id, position *ebmlData
		for i, field := range fields {
			switch field.id {
			case mkvSeekID:
				id = &fields[i]
			case mkvSeekPosition:
				position = &fields[i]
			}
		}
		if id == nil || id.uint() != mkvTags {
			continue
		}
		found = true
		if width := 0; position != nil && !*placed {
			if width = int(position.end - position.body); width <= 8 && bits.Len64(pos) <= 8*width {
				b := binary.BigEndian.AppendUint64(nil, pos)
				copy(position.contents(), b[8-width:])
				*placed = true
				continue
			}
		}
		copy(entry.whole(), voidEBML(entry.end-entry.off))
	}
	if found {
		mendCRC(head)
	}
	return found, nil
}

// mendCRC recomputes the checksum of a master element, in place.
func mendCRC(e ebmlData) {
	contents := e.contents()
	if len(contents) >= 6 && contents[0] == ebmlCRC && contents[1] == 0x84 {
		copy(contents, withCRC(slices.Clone(contents[6:])))
	}
}

// extendIndex adds an entry to the first index that a Void with enough room
// follows. Cuts hold what is changed already.
func (f *mkvFile) extendIndex(cuts []splice, entry []byte) ([]splice, bool, error) {
	for i, e := range f.top[:max(0, len(f.top)-1)] {
		void := f.top[i+1]
		if e.id != mkvSeekHead || void.id != ebmlVoid || void.off != e.end || !fitsVoid(void, len(entry)) {
			continue
		}
		head, err := f.load(e, mkvMaxSeek)
		if err != nil {
			return nil, false, err
		}
		contents := head.contents()
		at := slices.IndexFunc(cuts, func(c splice) bool { return c.off == e.off && c.end == e.end })
		if at >= 0 { // entries were voided in it
			contents = ebmlData{head.ebmlElement, cuts[at].data}.contents()
			cuts = slices.Delete(cuts, at, at+1)
		}
		contents = slices.Concat(contents, entry)
		width := int(e.body - e.off - 4)
		if int64(len(contents)) >= int64(1)<<(7*width)-1 {
			continue
		}
		grown := slices.Concat(ebmlID(mkvSeekHead), ebmlSizeOf(int64(len(contents)), width), contents)
		longer := ebmlElement{mkvSeekHead, 0, e.body - e.off, int64(len(grown)), false}
		mendCRC(ebmlData{longer, grown})
		return append(cuts, splice{e.off, void.end, fillVoid(grown, void.end-e.off)}), true, nil
	}
	return cuts, false, nil
}

// newIndex puts an index into the first Void before the media that has room, be
// it one that old tags left.
func (f *mkvFile) newIndex(cuts []splice, index []byte) []splice {
	for _, e := range f.top {
		if e.off > f.first || e.id != ebmlVoid && e.id != mkvTags || !fitsVoid(e, len(index)) {
			continue
		}
		cuts = slices.DeleteFunc(cuts, func(c splice) bool { return c.off == e.off })
		return append(cuts, splice{e.off, e.end, fillVoid(index, e.end-e.off)})
	}
	return cuts
}

// fitsVoid says whether so many bytes may stand in the place of an element, and a
// Void in what is left of it.
func fitsVoid(e ebmlElement, n int) bool {
	left := e.end - e.off - int64(n)
	return left == 0 || left >= 2
}

// fillVoid makes data as long as size with a Void.
func fillVoid(data []byte, size int64) []byte {
	if left := size - int64(len(data)); left > 0 {
		return append(data, voidEBML(left)...)
	}
	return data
}

package stamp

import (
	"slices"

	"commonseed/license"
)

// editor collects edits of boxes, and by how much the boxes around them grow.
type editor struct {
	cuts  []splice
	grown []grown
}

type grown struct {
	box
	by int64
}

// replace puts data in place of [off,end), which lies in the boxes around.
func (e *editor) replace(around []box, off, end int64, data []byte) {
	s := splice{off, end, data}
	e.cuts = append(e.cuts, s)
	for _, b := range around {
		i := slices.IndexFunc(e.grown, func(g grown) bool { return g.off == b.off })
		if i < 0 {
			i = len(e.grown)
			e.grown = append(e.grown, grown{box: b})
		}
		e.grown[i].by += s.grows()
	}
}

// edits are the changes that a notice makes, before offsets are mended.
func (m *movie) edits(n license.Notice) ([]splice, error) {
	e := &editor{}
	packets, err := m.mergePackets(e, n)
	if err != nil {
		return nil, err
	}
	if err := m.editTags(e, ourItems(n)); err != nil {
		return nil, err
	}
	if packets == 0 {
		if err := m.appendPacket(e, n); err != nil {
			return nil, err
		}
	}
	var moovGrows int64
	for _, g := range e.grown {
		if g.by != 0 || g.toEnd {
			e.cuts = append(e.cuts, resize(g.box, g.by))
		}
		if g.off == m.moov.off {
			moovGrows = g.by
		}
	}
	return e.cuts, m.useFree(e, m.moov.end-m.moov.off+moovGrows)
}

// appendPacket adds the uuid box as the last box, or before mfra, which is
// looked for at the very end (§8.8.9). A box that ran to the end of the file
// gets its real size first.
func (m *movie) appendPacket(e *editor, n license.Notice) error {
	packet, err := xmpMerge(nil, n)
	if err != nil {
		return err
	}
	at := m.end
	if last := m.top[len(m.top)-1]; last.toEnd && last.kind == "moov" {
		e.replace([]box{last}, at, at, nil) // its size is written with its growth
	} else if last.toEnd {
		e.cuts = append(e.cuts, resize(last, 0))
	} else if last.kind == "mfra" {
		at = last.off
	}
	e.replace(nil, at, at, newBox("uuid"+uuidXMP, packet))
	return nil
}

// mergePackets merges the notice into every packet of the file, and answers how
// many there are: uuid boxes, and QuickTime's XMP_ in udta.
func (m *movie) mergePackets(e *editor, n license.Notice) (int, error) {
	count := 0
	merge := func(around []box, b boxData, kind string) error {
		packet, err := xmpMerge(b.contents(), n)
		if err != nil {
			return err
		}
		count++
		e.replace(around, b.off, b.end, newBox(kind, packet))
		return nil
	}
	for _, b := range m.top {
		if !isUUID(b, uuidXMP) {
			continue
		}
		packet, err := loadBox(m.src, b, maxXMPBox)
		if err == nil {
			err = merge(nil, packet, b.kind)
		}
		if err != nil {
			return 0, err
		}
	}
	for _, udta := range m.inside {
		if udta.kind != "udta" {
			continue
		}
		packet, ok, err := udta.child("XMP_")
		if err == nil && ok {
			err = merge([]box{m.moov.box, udta.box}, packet, "XMP_")
		}
		if err != nil {
			return 0, err
		}
	}
	return count, nil
}

// editTags puts items into moov/udta/meta/ilst, in place of those that are in
// our places, and makes the boxes that are missing.
func (m *movie) editTags(e *editor, items []byte) error {
	around := []box{m.moov.box}
	i := slices.IndexFunc(m.inside, func(b boxData) bool { return b.kind == "udta" })
	if i < 0 {
		at := endOf(m.moov, m.inside)
		e.replace(around, at, at, newBox("udta", newMeta(items)))
		return nil
	}
	udta := m.inside[i]
	around = append(around, udta.box)
	boxes, err := udta.children(0)
	if err != nil {
		return err
	}
	i = slices.IndexFunc(boxes, func(b boxData) bool { return b.kind == "meta" })
	if i < 0 {
		at := endOf(udta, boxes)
		e.replace(around, at, at, newMeta(items))
		return nil
	}
	return editMeta(e, append(around, boxes[i].box), boxes[i], items)
}

// editMeta puts items into a meta box of iTunes, which around ends with.
func editMeta(e *editor, around []box, meta boxData, items []byte) error {
	boxes, err := metaChildren(meta)
	if err != nil {
		return err
	}
	if metaHandler(boxes) != "mdir" {
		return nil // QuickTime's own metadata stands where iTunes tags would: XMP alone says it
	}
	i := slices.IndexFunc(boxes, func(b boxData) bool { return b.kind == "ilst" })
	if i < 0 {
		at := endOf(meta, boxes)
		e.replace(around, at, at, newBox("ilst", items))
		return nil
	}
	ilst := boxes[i]
	around = append(around, ilst.box)
	old, err := ilst.children(0)
	if err != nil {
		return err
	}
	for _, item := range old {
		ours, err := isOurs(item)
		if err != nil {
			return err
		}
		if ours {
			e.replace(around, item.off, item.end, nil)
		}
	}
	at := endOf(ilst, old)
	e.replace(around, at, at, items)
	return nil
}

// endOf is where the last of the boxes inside b ends: before the zero that may
// close a list.
func endOf(b boxData, inside []boxData) int64 {
	if len(inside) == 0 {
		return b.body
	}
	return inside[len(inside)-1].end
}

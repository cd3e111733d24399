package stamp

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"commonseed/license"
)

const (
	placeMP4License   = "MP4 ----:LICENSE"
	placeMP4Copyright = "MP4 cprt"
)

// itemData is a data box: UTF-8, no language.
func itemData(text string) []byte {
	return newBox("data", []byte{0, 0, 0, 1, 0, 0, 0, 0}, []byte(text))
}

// ourItems are the iTunes items we write, in a fixed order.
func ourItems(n license.Notice) []byte {
	none := make([]byte, 4) // version and flags
	items := newBox("----",
		newBox("mean", none, []byte("com.apple.iTunes")),
		newBox("name", none, []byte("LICENSE")),
		itemData(n.License.URL))
	if text := oneLine(n.Copyright()); text != "" {
		items = append(items, newBox("cprt", itemData(text))...)
	}
	return items
}

// newMeta is a meta box for iTunes items, as iTunes itself makes it.
func newMeta(items []byte) []byte {
	handler := slices.Concat(make([]byte, 8), []byte("mdirappl"), make([]byte, 9))
	return newBox("meta", make([]byte, 4), newBox("hdlr", handler), newBox("ilst", items))
}

// isOurs says whether an iTunes item is in one of our places.
func isOurs(item boxData) (bool, error) {
	if item.kind != "----" {
		return item.kind == "cprt", nil
	}
	name, err := freeformName(item)
	return strings.EqualFold(name, "LICENSE"), err
}

// freeformName is the name of a ---- item.
func freeformName(item boxData) (string, error) {
	name, ok, err := item.child("name")
	if err != nil || !ok {
		return "", err
	}
	_, _, text, err := name.full()
	return textOf(text), err
}

// metaChildren lists the boxes in a meta box, which is a full box in ISO files
// (§8.11.1) and is not in QuickTime's.
func metaChildren(meta boxData) ([]boxData, error) {
	c := meta.contents()
	if len(c) >= 8 && string(c[4:8]) == "hdlr" {
		return meta.children(0)
	}
	return meta.children(4)
}

// metaHandler is what kind of metadata a meta box holds: "mdir" for iTunes.
func metaHandler(boxes []boxData) string {
	i := slices.IndexFunc(boxes, func(b boxData) bool { return b.kind == "hdlr" })
	if i < 0 || len(boxes[i].contents()) < 12 {
		return ""
	}
	return string(boxes[i].contents()[8:12])
}

// tagStatements reads what moov and its tracks say about rights.
func (m *movie) tagStatements() ([]Statement, error) {
	st, err := userStatements(m.inside)
	for _, track := range m.tracks() {
		if err != nil {
			return nil, err
		}
		var boxes []boxData
		if boxes, err = track.children(0); err != nil {
			return nil, err
		}
		var found []Statement
		found, err = userStatements(boxes)
		st = append(st, found...)
	}
	return st, err
}

// userStatements reads the udta and meta boxes among the boxes of moov or trak.
func userStatements(boxes []boxData) ([]Statement, error) {
	var st []Statement
	for _, b := range boxes {
		var found []Statement
		var err error
		switch b.kind {
		case "meta":
			found, err = metaStatements(b)
		case "udta":
			found, err = udtaStatements(b)
		}
		if err != nil {
			return nil, err
		}
		st = append(st, found...)
	}
	return st, nil
}

func udtaStatements(udta boxData) ([]Statement, error) {
	boxes, err := udta.children(0)
	if err != nil {
		return nil, err
	}
	var st []Statement
	for _, b := range boxes {
		c := b.contents()
		switch b.kind {
		case "XMP_": // XMP part 3 §1.2.8
			st = append(st, xmpStatements(c)...)
		case "\xa9cpy": // QuickTime: length, language, text, and so on for each language
			for len(c) >= 4 {
				n := int(binary.BigEndian.Uint16(c))
				n = min(n, len(c)-4)
				st = append(st, statements("MP4 udta ©cpy", textOf(c[4:4+n]))...)
				c = c[4+n:]
			}
		case "cprt": // ISO 14496-12 §8.10.2: language and text behind the flags
			if len(c) > 6 {
				st = append(st, statements("MP4 udta cprt", textOf(c[6:]))...)
			}
		case "meta":
			found, err := metaStatements(b)
			if err != nil {
				return nil, err
			}
			st = append(st, found...)
		}
	}
	return st, nil
}

func metaStatements(meta boxData) ([]Statement, error) {
	boxes, err := metaChildren(meta)
	if err != nil {
		return nil, err
	}
	var names []string // QuickTime's keys, numbered from 1
	handler := metaHandler(boxes)
	var st []Statement
	for _, b := range boxes {
		switch b.kind {
		case "keys":
			names, err = keyNames(b)
		case "ilst":
			var found []Statement
			found, err = itemStatements(b, handler, names)
			st = append(st, found...)
		}
		if err != nil {
			return nil, err
		}
	}
	return st, nil
}

// keyNames reads the names of QuickTime's metadata items (QTFF, "Metadata item
// keys atom").
func keyNames(keys boxData) ([]string, error) {
	boxes, err := keys.children(8)
	var names []string
	for _, b := range boxes {
		names = append(names, textOf(b.contents()))
	}
	return names, err
}

func itemStatements(ilst boxData, handler string, names []string) ([]Statement, error) {
	items, err := ilst.children(0)
	if err != nil {
		return nil, err
	}
	var st []Statement
	for _, item := range items {
		place, rights := itemPlace(item, handler, names)
		if place == "" {
			continue
		}
		values, err := item.children(0)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			if v.kind != "data" || len(v.contents()) < 8 {
				continue
			}
			if text := dataText(v.contents()); rights {
				st = append(st, statements(place, text)...)
			} else {
				st = append(st, mentions(place, text)...)
			}
		}
	}
	return st, nil
}

// dataText is the text of a data box: type, locale, value. Types 0 and 1 are
// UTF-8, 2 is UTF-16; others are no text.
func dataText(c []byte) string {
	switch binary.BigEndian.Uint32(c) {
	case 0, 1:
		return textOf(c[8:])
	case 2:
		return decodeUTF16(append([]byte{0xfe, 0xff}, c[8:]...))
	}
	return ""
}

// itemPlace names the place of an item, and says whether that place is for
// rights. Items that cannot speak of them have no place.
func itemPlace(item boxData, handler string, names []string) (place string, rights bool) {
	if handler == "mdta" {
		number := binary.BigEndian.Uint32([]byte(item.kind[:4]))
		if number == 0 || uint64(number) > uint64(len(names)) {
			return "", false
		}
		name := names[number-1]
		return "MP4 mdta " + name, rightsName(name[strings.LastIndexByte(name, '.')+1:])
	}
	switch item.kind {
	case "cprt":
		return placeMP4Copyright, true
	case "\xa9cpy":
		return "MP4 ©cpy", true
	case "\xa9cmt", "desc", "ldes":
		return "MP4 " + strings.Replace(item.kind, "\xa9", "©", 1), false
	case "----":
		name, err := freeformName(item)
		if err != nil || name == "" {
			return "", false
		}
		return "MP4 ----:" + strings.ToUpper(name), rightsName(name)
	}
	return "", false
}

// rightsName says whether a field of that name is there to state rights.
func rightsName(name string) bool {
	switch strings.ToLower(name) {
	case "copyright", "license", "licence", "license_url", "rights", "terms_of_use", "usageterms":
		return true
	}
	return false
}

// textOf decodes a text of which only its bytes are known: UTF-8, or what is
// left of it; UTF-16 where it begins with a byte order mark.
func textOf(b []byte) string {
	if bytes.HasPrefix(b, []byte{0xfe, 0xff}) || bytes.HasPrefix(b, []byte{0xff, 0xfe}) {
		return decodeUTF16(b)
	}
	return strings.ToValidUTF8(string(bytes.TrimRight(b, "\x00")), "\ufffd")
}

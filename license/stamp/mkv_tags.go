package stamp

import (
	"fmt"
	"slices"
	"strings"

	"commonseed/license"
)

// Tags (RFC 9559 §5.1.8, and the tag names of the Matroska tag registry).

const (
	placeMKVLicense   = "Matroska LICENSE"
	placeMKVCopyright = "Matroska COPYRIGHT"
	placeMKVTerms     = "Matroska TERMS_OF_USE"
	placeMKVURL       = "Matroska URL"
)

const (
	mkvTag         = 0x7373
	mkvTargets     = 0x63C0
	mkvTargetLevel = 0x68CA
	mkvSimpleTag   = 0x67C8
	mkvTagName     = 0x45A3
	mkvTagLanguage = 0x447A
	mkvTagString   = 0x4487
	mkvWhole       = 50 // the level of a film or an album
	mkvMaxNesting  = 8
)

// mkvTargetUIDs are the ids of what a tag may be about instead of the file:
// a track, an edition, a chapter, an attachment.
var mkvTargetUIDs = []uint32{0x63C5, 0x63C9, 0x63C4, 0x63C6}

// simpleTag is a name and a text.
type simpleTag struct {
	ebmlData
	name, text string
	inside     []simpleTag
}

// readTag reads a Tag: whether it is about the whole file, and what it says. Left
// is how many more tags may be read.
func readTag(tag ebmlData, left *int) (whole bool, tags []simpleTag, err error) {
	parts, err := tag.children()
	if err != nil {
		return false, nil, err
	}
	whole = true
	for _, p := range parts {
		switch p.id {
		case mkvTargets:
			targets, err := p.children()
			if err != nil {
				return false, nil, err
			}
			for _, target := range targets {
				about := slices.Contains(mkvTargetUIDs, target.id) && target.uint() != 0
				other := target.id == mkvTargetLevel && target.uint() != mkvWhole
				whole = whole && !about && !other
			}
		case mkvSimpleTag:
			t, err := readSimpleTag(p, 0, left)
			if err != nil {
				return false, nil, err
			}
			tags = append(tags, t)
		}
	}
	return whole, tags, nil
}

func readSimpleTag(e ebmlData, depth int, left *int) (simpleTag, error) {
	t := simpleTag{ebmlData: e}
	if *left--; *left < 0 {
		return t, &UnsupportedError{"mkv", fmt.Sprintf("it has more than %d tags", mkvMaxSimple)}
	}
	if depth == mkvMaxNesting {
		return t, fmt.Errorf("tags of the Matroska file nested too deep: %w", ErrMalformed)
	}
	parts, err := e.children()
	if err != nil {
		return t, err
	}
	for _, p := range parts {
		switch p.id {
		case mkvTagName:
			t.name = oneLine(strings.TrimRight(string(p.contents()), "\x00"))
		case mkvTagString:
			text := p.contents()
			text = text[:min(len(text), maxText)]
			t.text = strings.ToValidUTF8(strings.TrimRight(string(text), "\x00"), "\ufffd")
		case mkvSimpleTag:
			inner, err := readSimpleTag(p, depth+1, left)
			if err != nil {
				return t, err
			}
			t.inside = append(t.inside, inner)
		}
	}
	return t, nil
}

// eachTag visits all tags of the file.
func (f *mkvFile) eachTag(do func(tag ebmlData, whole bool, tags []simpleTag) error) error {
	left := mkvMaxSimple
	for _, e := range f.find(mkvTags) {
		all, err := f.load(e, mkvMaxTags)
		if err != nil {
			return err
		}
		list, err := all.children()
		if err != nil {
			return err
		}
		for _, tag := range list {
			if tag.id != mkvTag {
				continue
			}
			whole, tags, err := readTag(tag, &left)
			if err != nil {
				return err
			}
			if err := do(tag, whole, tags); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *mkvFile) Statements() ([]Statement, error) {
	var st []Statement
	err := f.eachTag(func(_ ebmlData, whole bool, tags []simpleTag) error {
		prefix := "Matroska "
		if !whole {
			prefix = "Matroska part "
		}
		for _, t := range tags {
			st = append(st, t.statements(prefix)...)
		}
		return nil
	})
	return st, err
}

func (t simpleTag) statements(prefix string) []Statement {
	var st []Statement
	place := prefix + shorten(strings.ToUpper(t.name))
	switch strings.ToUpper(t.name) {
	case "LICENSE", "COPYRIGHT", "TERMS_OF_USE":
		st = statements(place, t.text)
	case "URL":
		if prefix == "Matroska " {
			st = statements(place, t.text)
		} else {
			st = mentions(place, t.text)
		}
	default:
		st = mentions(place, t.text)
	}
	for _, inner := range t.inside {
		st = append(st, inner.statements(place+" ")...)
	}
	return st
}

// newTags is the Tags element with the notice: what others say comes first, as it
// stands there, and then ours.
func (f *mkvFile) newTags(n license.Notice) ([]byte, error) {
	var contents []byte
	err := f.eachTag(func(tag ebmlData, whole bool, tags []simpleTag) error {
		contents = append(contents, foreignTag(tag, whole, tags, n)...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	contents = append(contents, noticeTag(n)...)
	if len(contents) > mkvMaxTags-100 {
		return nil, &UnsupportedError{f.format, "its tags would grow too large"}
	}
	if f.format == "mkv" { // WebM has no checksums
		contents = withCRC(contents)
	}
	return newEBML(mkvTags, contents), nil
}

// foreignTag is what stays of a Tag: all of it, or what is left without the names
// that are ours, or nothing.
func foreignTag(tag ebmlData, whole bool, tags []simpleTag, n license.Notice) []byte {
	ours := func(t simpleTag) bool {
		switch strings.ToUpper(t.name) {
		case "LICENSE", "COPYRIGHT", "TERMS_OF_USE":
			return whole
		case "URL":
			return whole && pageURL(n) != "" // without a page, the creator's own stays
		}
		return false
	}
	if !slices.ContainsFunc(tags, ours) {
		return tag.whole()
	}
	var kept []byte
	left := false
	parts, _ := tag.children() // was read before
	for _, p := range parts {
		if p.id == ebmlCRC || p.id == ebmlVoid {
			continue
		}
		if p.id == mkvSimpleTag { // tags lists them in their order
			t := tags[0]
			if tags = tags[1:]; ours(t) {
				continue
			}
			left = true
		}
		kept = append(kept, p.whole()...)
	}
	if !left {
		return nil
	}
	return newEBML(mkvTag, kept)
}

// noticeTag is a Tag about the whole file.
func noticeTag(n license.Notice) []byte {
	parts := [][]byte{newEBML(mkvTargets, newEBML(mkvTargetLevel, []byte{mkvWhole}))}
	add := func(name, text string) {
		if text != "" {
			parts = append(parts, newEBML(mkvSimpleTag, newEBML(mkvTagName, []byte(name)),
				newEBML(mkvTagLanguage, []byte("und")), newEBML(mkvTagString, []byte(text))))
		}
	}
	add("LICENSE", n.License.URL)
	add("COPYRIGHT", oneLine(n.Copyright()))
	add("TERMS_OF_USE", oneLine(n.UsageTerms()))
	add("URL", pageURL(n))
	return newEBML(mkvTag, parts...)
}

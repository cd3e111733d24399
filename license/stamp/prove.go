package stamp

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"commonseed/license"
)

// proof shows that patches of a file do what they should.
type proof struct {
	stamper Stamper
	media   Media
	src     io.ReaderAt
	size    int64
}

// of proves a patch, reading the stamped file through it before anything is
// written.
func (p proof) of(patch Patch, n license.Notice, relicense bool) (*Stamped, error) {
	if err := patch.check(p.size); err != nil {
		return nil, err
	}
	src, size := patch.ReaderAt(p.src), patch.Size()
	after, err := p.stamper.Open(src, size)
	if err != nil {
		return nil, fmt.Errorf("reading back: %w", err)
	}
	if err := p.essence(patch, after); err != nil {
		return nil, err
	}
	found, err := after.Statements()
	if err != nil {
		return nil, fmt.Errorf("reading back: %w", err)
	}
	places := p.stamper.Places()
	if err := proveNotice(found, places, n.License, relicense); err != nil {
		return nil, err
	}
	again, err := after.Patch(n)
	if err == nil {
		err = again.check(size)
	}
	if err == nil {
		err = samePatch(Patch{}.keep(0, size), again, src)
	}
	if err != nil {
		return nil, fmt.Errorf("stamping again: %w", err)
	}
	st := &Stamped{Format: p.stamper.Format(), Places: writtenPlaces(found, places, pageURL(n) != ""), Patch: patch}
	for _, s := range found {
		if s.contradicts(n.License) {
			st.Remains = append(st.Remains, s)
		}
	}
	return st, nil
}

// essence shows that the media of the file after is that of the file before. It
// is looked up in both, the way a player finds it, and compared byte for byte;
// what a patch takes from the very same place of the source is the same without
// being read, which makes the proof of a long film a matter of its index.
func (p proof) essence(patch Patch, after Media) error {
	want, err := essenceOf(p.media, p.size)
	if err != nil {
		return err
	}
	got, err := essenceOf(after, patch.Size())
	if err != nil {
		return fmt.Errorf("after the stamp: %w", err)
	}
	if err := samePatch(want, patch.of(got), p.src); errors.As(err, new(*differenceError)) {
		return fmt.Errorf("the media data would change: %w", err)
	} else if err != nil {
		return err
	}
	return nil
}

// essenceOf is the media of a file, as a patch of it.
func essenceOf(m Media, size int64) (Patch, error) {
	ranges, err := m.Essence()
	if err != nil {
		return nil, err
	}
	essence := make(Patch, len(ranges))
	for i, r := range ranges {
		essence[i] = Piece{Range: r}
	}
	if err := essence.check(size); err != nil {
		return nil, err
	}
	if essence.Size() == 0 {
		return nil, fmt.Errorf("no media data: %w", ErrMalformed)
	}
	return essence, nil
}

// proveNotice makes sure that the licence is read back, that no place we write
// says anything else, and, unless a file was relicensed, that nothing else does.
func proveNotice(found []Statement, places []string, want license.License, relicense bool) error {
	var ours []Statement
	for _, st := range found {
		if slices.Contains(places, st.Place) {
			ours = append(ours, st)
		}
	}
	if !slices.ContainsFunc(ours, func(st Statement) bool { return st.License.URL == want.URL }) {
		return fmt.Errorf("%s does not read back", want.Label)
	}
	if relicense {
		found = ours
	}
	if conflict := Conflict(found, want); conflict != nil {
		return fmt.Errorf("%s still says %q", conflict.Found.Place, shorten(conflict.Found.Text))
	}
	return nil
}

// writtenPlaces picks the places that hold something, in their own order. Without
// a page of ours, what stands in the fields for it is the creator's.
func writtenPlaces(found []Statement, places []string, page bool) []string {
	var written []string
	for _, place := range places {
		if !page && (place == placeWOAF || place == placeVorbisContact || place == placeMKVURL) {
			continue
		}
		if slices.ContainsFunc(found, func(st Statement) bool { return st.Place == place }) {
			written = append(written, place)
		}
	}
	return written
}

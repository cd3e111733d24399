package stamp

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"

	"commonseed/license"
)

// prove shows that a patch does what it should, reading the stamped file through
// it before anything is written. It answers the places that hold the notice.
func prove(s Stamper, src io.ReaderAt, size int64, p Patch, n license.Notice, relicense bool) ([]string, error) {
	if err := p.check(size); err != nil {
		return nil, err
	}
	after := p.ReaderAt(src)
	if err := proveEssence(s, src, size, after, p.Size()); err != nil {
		return nil, err
	}
	found, err := s.Read(after, p.Size())
	if err != nil {
		return nil, fmt.Errorf("reading back: %w", err)
	}
	if err := proveNotice(found, s.Places(), n.License, relicense); err != nil {
		return nil, err
	}
	again, err := s.Patch(after, p.Size(), n)
	if err != nil {
		return nil, fmt.Errorf("stamping again: %w", err)
	}
	if err := again.changesNothing(after, p.Size()); err != nil {
		return nil, fmt.Errorf("stamping again: %w", err)
	}
	return writtenPlaces(found, s.Places(), pageURL(n) != ""), nil
}

// proveEssence compares the media bytes of the file before and after.
func proveEssence(s Stamper, before io.ReaderAt, size int64, after io.ReaderAt, afterSize int64) error {
	want, err := essenceHash(s, before, size)
	if err != nil {
		return err
	}
	got, err := essenceHash(s, after, afterSize)
	if err != nil {
		return fmt.Errorf("after the stamp: %w", err)
	}
	if got != want {
		return errors.New("the media data would change")
	}
	return nil
}

// essenceHash is the SHA-256 of the media bytes, as one stream.
func essenceHash(s Stamper, src io.ReaderAt, size int64) (sum [sha256.Size]byte, err error) {
	ranges, err := s.Essence(src, size)
	if err != nil {
		return sum, err
	}
	essence := make(Patch, len(ranges))
	for i, r := range ranges {
		essence[i] = Piece{Range: r}
	}
	if err := essence.check(size); err != nil {
		return sum, err
	}
	if essence.Size() == 0 {
		return sum, fmt.Errorf("no media data: %w", ErrMalformed)
	}
	h := sha256.New()
	if _, err := io.CopyBuffer(h, onlyReader{essence.Reader(src)}, make([]byte, 256<<10)); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// onlyReader hides WriteTo, so that CopyBuffer uses the buffer it is given.
type onlyReader struct{ io.Reader }

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
		if !page && (place == placeWOAF || place == placeVorbisContact) {
			continue
		}
		if slices.ContainsFunc(found, func(st Statement) bool { return st.Place == place }) {
			written = append(written, place)
		}
	}
	return written
}

// changesNothing makes sure that the patch gives its source again. Ranges that
// stay where they are need no reading, so that this costs little for large files.
func (p Patch) changesNothing(src io.ReaderAt, size int64) error {
	if err := p.check(size); err != nil {
		return err
	}
	if p.Size() != size {
		return fmt.Errorf("%d bytes become %d", size, p.Size())
	}
	var off int64
	for _, piece := range p {
		if err := piece.equals(src, off); err != nil {
			return err
		}
		off += piece.size()
	}
	return nil
}

// equals compares the piece with the bytes of src at off.
func (p Piece) equals(src io.ReaderAt, off int64) error {
	if p.Data == nil && p.Off == off {
		return nil
	}
	const chunk = 256 << 10
	view := Patch{p}.ReaderAt(src)
	for done := int64(0); done < p.size(); done += chunk {
		n := int(min(chunk, p.size()-done))
		got, err := readAt(view, done, n)
		if err != nil {
			return err
		}
		want, err := readAt(src, off+done, n)
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("bytes %d to %d change", off+done, off+done+int64(n))
		}
	}
	return nil
}

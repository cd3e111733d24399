package stamp

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"commonseed/license"
)

// mp4Stamper stamps MP4, M4A and QuickTime files (ISO 14496-12): iTunes tags in
// moov, and an XMP packet in a uuid box at the end (XMP part 3 §1.2.7). Only
// headers, moov and, if media must move, the headers of fragments are ever read.
//
//	mp4.go          the file as a whole, the Stamper
//	mp4_box.go      boxes
//	mp4_edit.go     what is put where
//	mp4_offsets.go  the absolute offsets in the file, mended when media moves
//	mp4_essence.go  where the media lies, according to the file's own index
//	mp4_free.go     free space behind the index
//	mp4_tags.go     iTunes items: ours, and what others say
//
// The same notice must always give the same file, whatever was stamped before: see
// mp4_free.go for how free space is used nevertheless.
type mp4Stamper struct{}

func (mp4Stamper) Format() string { return "mp4" }

func (mp4Stamper) Places() []string {
	return append([]string{placeMP4License, placeMP4Copyright}, xmpWritten...)
}

// foreignBrands are formats that are built of the same boxes, but keep their
// content elsewhere: HEIF, AVIF, JPEG 2000, Canon's raw images.
var foreignBrands = []string{
	"mif1", "mif2", "msf1", "heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs",
	"avif", "avis", "avio", "miaf", "jp2 ", "jpx ", "jpm ", "mjp2", "mj2s", "j2ki", "j2is", "crx ",
}

// Sniff knows a file by its first box. QuickTime files of old begin without ftyp.
func (mp4Stamper) Sniff(head []byte) bool {
	if len(head) < 16 {
		return false
	}
	switch string(head[4:8]) {
	case "ftyp":
		return !slices.Contains(foreignBrands, string(head[8:12]))
	case "moov":
		kind := string(head[12:16])
		return kind == "mvhd" || kind == "cmov"
	case "mdat":
		return true
	case "wide", "free", "skip":
		next := binary.BigEndian.Uint32(head)
		return next >= 8 && int64(next) <= int64(len(head)-8) &&
			slices.Contains([]string{"mdat", "moov", "ftyp"}, string(head[next+4:next+8]))
	}
	return false
}

// movie is a file and the parts of it that are needed.
type movie struct {
	src    io.ReaderAt
	size   int64
	top    []box
	end    int64 // of the last box
	moov   boxData
	inside []boxData // the boxes in moov
}

// openMovie reads the index of a file.
func openMovie(src io.ReaderAt, size int64) (*movie, error) {
	m := &movie{src: src, size: size}
	var err error
	if m.top, m.end, err = scanTop(src, size); err != nil {
		return nil, err
	}
	var moovs, media int
	var moov box
	for _, b := range m.top {
		switch b.kind {
		case "moov":
			moovs, moov = moovs+1, b
		case "mdat", "imda":
			media++
		}
	}
	switch {
	case media == 0:
		return nil, fmt.Errorf("MP4 without media data: %w", ErrMalformed)
	case moovs == 0:
		return nil, fmt.Errorf("MP4 without its index, as when a recording was cut off: %w", ErrTruncated)
	case moovs > 1:
		return nil, fmt.Errorf("MP4 with %d indexes: %w", moovs, ErrMalformed)
	}
	m.moov = boxData{moov, nil, src}
	if m.inside, err = m.moov.children(0); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(m.inside, func(b boxData) bool { return b.kind == "cmov" }) {
		return nil, &UnsupportedError{"mp4", "its index is compressed (cmov)"}
	}
	return m, nil
}

// tracks are the trak boxes.
func (m *movie) tracks() []boxData {
	var tracks []boxData
	for _, b := range m.inside {
		if b.kind == "trak" {
			tracks = append(tracks, b)
		}
	}
	return tracks
}

// mediaEnd is where the last byte of media or of its fragments' headers lies.
func (m *movie) mediaEnd() int64 {
	var end int64
	for _, b := range m.top {
		if b.kind == "mdat" || b.kind == "imda" || b.kind == "moof" {
			end = b.end
		}
	}
	return end
}

func (mp4Stamper) Open(src io.ReaderAt, size int64) (Media, error) {
	m, err := openMovie(src, size)
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (m *movie) Statements() ([]Statement, error) {
	var st []Statement
	for _, b := range m.top {
		switch {
		case b.kind == "moov":
			found, err := m.tagStatements()
			if err != nil {
				return nil, err
			}
			st = append(st, found...)
		case isUUID(b, uuidXMP):
			packet, err := loadBox(m.src, b, maxXMPBox)
			if err != nil {
				return nil, err
			}
			st = append(st, xmpStatements(packet.contents())...)
		}
	}
	return st, nil
}

func (m *movie) Patch(n license.Notice) (Patch, error) {
	if slices.ContainsFunc(m.top, func(b box) bool { return isUUID(b, uuidC2PA) }) {
		return nil, &UnsupportedError{"mp4", "it carries a content credential (C2PA), which a stamp would break"}
	}
	edits, err := m.edits(n)
	if err != nil {
		return nil, err
	}
	fixes, err := m.fixOffsets(newMover(edits))
	if err != nil {
		return nil, err
	}
	return splicePatch(append(edits, fixes...), m.size)
}

// Essence is what the samples of all tracks are made of, found the way a player
// finds it, so that a wrong offset shows. It is in file order.
func (m *movie) Essence() ([]Range, error) {
	e := &essence{movie: m, defaults: map[uint32]uint32{}}
	for _, track := range m.tracks() {
		if err := e.track(track); err != nil {
			return nil, err
		}
	}
	if err := e.fragments(); err != nil {
		return nil, err
	}
	return e.ranges(), nil
}

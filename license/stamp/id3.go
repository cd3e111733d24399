package stamp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"commonseed/license"
)

// ID3v2.2, 2.3 and 2.4 tags as containers. Foreign frames are carried as ranges
// of the source, byte for byte and in order; they are never re-encoded.

// maxID3 bounds the tag that is read into memory, for a moment, and maxFrames
// the frames in it.
const (
	maxID3    = 64 << 20
	maxFrames = 1 << 16
)

// Header flags, ID3v2.4 §3.1.
const (
	id3Unsync       = 0x80
	id3Extended     = 0x40 // in ID3v2.2: compression
	id3Experimental = 0x20
	id3Footer       = 0x10
)

// id3Padding is how many zeros end a tag. Readers that guess whether sizes are
// syncsafe, such as exiftool, want to see where the last frame ends.
const id3Padding = 32

// id3Tag is one tag as it stands in a file.
type id3Tag struct {
	version byte // 2, 3 or 4
	flags   byte // id3Unsync and id3Experimental only
	Range        // the whole tag, with header, padding and footer
	frames  []id3Frame
	plain   bool // v2.4 with frame sizes that are not syncsafe, as old iTunes wrote them

	inflated int // compressed frames unpacked so far
}

// id3Frame is one frame of a tag.
type id3Frame struct {
	id     string // three characters in ID3v2.2, else four
	flags  [2]byte
	stored Range  // in the file, header included, as it stands there
	body   []byte // behind the header, without the tag's unsynchronisation (v2.2, v2.3)
}

// hasID3 says whether a tag begins at off.
func hasID3(src io.ReaderAt, size, off int64) (bool, error) {
	if size-off < 3 {
		return false, nil
	}
	mark, err := readAt(src, off, 3)
	return string(mark) == "ID3", err
}

// readID3 reads the tag at off. It answers nil if there is none.
func readID3(src io.ReaderAt, size, off int64) (*id3Tag, error) {
	if found, err := hasID3(src, size, off); err != nil || !found {
		return nil, err
	}
	tag, bodyLen, err := readID3Header(src, off)
	if err != nil {
		return nil, err
	}
	if tag.Off+tag.Len > size {
		return nil, fmt.Errorf("ID3 tag of %d bytes: %w", tag.Len, ErrTruncated)
	}
	body, err := readAt(src, off+10, int(bodyLen))
	if err != nil {
		return nil, err
	}
	if err := tag.parse(body); err != nil {
		return nil, err
	}
	return tag, nil
}

// readID3Header reads the ten bytes in front (ID3v2.4 §3.1) and leaves the
// extended header flag in tag.flags for parse.
func readID3Header(src io.ReaderAt, off int64) (*id3Tag, int64, error) {
	h, err := readAt(src, off, 10)
	if err != nil {
		return nil, 0, fmt.Errorf("ID3 header: %w", err)
	}
	tag := &id3Tag{version: h[3], flags: h[5]}
	length, ok := syncsafe(h[6:10])
	known := map[byte]byte{2: 0x80, 3: 0xe0, 4: 0xf0}[tag.version]
	switch {
	case known == 0:
		return nil, 0, &UnsupportedError{"mp3", fmt.Sprintf("its tag is ID3v2.%d", h[3])}
	case !ok:
		return nil, 0, fmt.Errorf("size of the ID3 tag: %w", ErrMalformed)
	case tag.flags&^known != 0:
		return nil, 0, &UnsupportedError{"mp3", fmt.Sprintf("its ID3v2.%d tag has the flags %#02x", h[3], h[5])}
	case length > maxID3:
		return nil, 0, &UnsupportedError{"mp3", fmt.Sprintf("its ID3 tag has %d bytes", length)}
	}
	tag.Range = Range{Off: off, Len: 10 + length}
	if tag.flags&id3Footer != 0 {
		tag.Len += 10
	}
	return tag, length, nil
}

// parse finds the frames in a tag body.
func (t *id3Tag) parse(body []byte) error {
	in := id3Input{raw: body, off: t.Off + 10, unsync: t.unsync()}
	if t.version > 2 && t.flags&id3Extended != 0 {
		if err := skipExtended(&in, t.version); err != nil {
			return err
		}
	}
	// The extended header is not kept: its checksum and padding size would no
	// longer hold. A footer only serves tags at the end of a file.
	t.flags &= id3Unsync | id3Experimental
	start := in
	frames, err := readFrames(&in, t.version, false)
	if err != nil && t.version == 4 {
		if plain, plainErr := readFrames(&start, t.version, true); plainErr == nil {
			frames, err, t.plain = plain, nil, true
		}
	}
	t.frames = frames
	return err
}

// skipExtended reads past the extended header (ID3v2.3 §3.2, ID3v2.4 §3.2).
func skipExtended(in *id3Input, version byte) error {
	b, ok := in.take(4)
	if !ok {
		return fmt.Errorf("ID3 extended header: %w", ErrMalformed)
	}
	length := int64(binary.BigEndian.Uint32(b))
	if version == 4 {
		var safe bool
		if length, safe = syncsafe(b); !safe || length < 6 {
			return fmt.Errorf("ID3 extended header: %w", ErrMalformed)
		}
		length -= 4
	}
	if length > int64(len(in.raw)) {
		return fmt.Errorf("ID3 extended header: %w", ErrMalformed)
	}
	ext, ok := in.take(int(length))
	if !ok {
		return fmt.Errorf("ID3 extended header: %w", ErrMalformed)
	}
	if version == 4 && ext[1]&0x40 != 0 {
		return &UnsupportedError{"mp3", "its ID3 tag is an update of another tag"}
	}
	return nil
}

// readFrames reads frames up to the padding. In plain mode the sizes of ID3v2.4
// frames are read as those of ID3v2.3.
func readFrames(in *id3Input, version byte, plain bool) ([]id3Frame, error) {
	var frames []id3Frame
	for !in.padding() {
		f, err := readFrame(in, version, plain)
		if err != nil {
			return nil, err
		}
		if len(frames) == maxFrames {
			return nil, &UnsupportedError{"mp3", "its ID3 tag has too many frames"}
		}
		frames = append(frames, f)
	}
	return frames, nil
}

func readFrame(in *id3Input, version byte, plain bool) (id3Frame, error) {
	var f id3Frame
	start := in.pos
	idLen, headLen := 4, 10
	if version == 2 {
		idLen, headLen = 3, 6
	}
	h, ok := in.take(headLen)
	if !ok || !frameID(h[:idLen]) {
		return f, fmt.Errorf("ID3 frame at byte %d: %w", in.off+int64(start), ErrMalformed)
	}
	f.id = string(h[:idLen])
	length, ok := frameSize(h[idLen:], version, plain)
	if version > 2 {
		f.flags = [2]byte(h[8:10])
	}
	if ok && length <= int64(len(in.raw)) {
		f.body, ok = in.take(int(length))
	} else {
		ok = false
	}
	if !ok {
		return f, fmt.Errorf("ID3 frame %q at byte %d is longer than its tag: %w", f.id, in.off+int64(start), ErrMalformed)
	}
	f.stored = Range{Off: in.off + int64(start), Len: int64(in.pos - start)}
	return f, nil
}

func frameSize(b []byte, version byte, plain bool) (int64, bool) {
	switch {
	case version == 2:
		return int64(b[0])<<16 | int64(b[1])<<8 | int64(b[2]), true
	case version == 4 && !plain:
		return syncsafe(b[:4])
	}
	return int64(binary.BigEndian.Uint32(b)), true
}

// frameID says whether b may name a frame. iTunes puts names of ID3v2.2 into
// later tags, with a space or a NUL at the end.
func frameID(b []byte) bool {
	for i, c := range b {
		upper := 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !upper && (i < 3 || c != ' ' && c != 0) {
			return false
		}
	}
	return true
}

// patch is the tag with the notice in it. The notice comes first, because
// some readers give up at a frame that is empty or oddly named. A new tag is
// ID3v2.3: whatever reads ID3v2.4 reads it too, and some older programs and
// devices read no other.
func (t *id3Tag) patch(n license.Notice) (Patch, error) {
	foreign, err := t.foreign(pageURL(n) != "")
	if err != nil {
		return nil, err
	}
	links, text := t.noticeFrames(n)
	frames := Patch{}.add(links)
	if t.unsync() { // see there
		frames = append(frames, foreign...).add(text)
	} else {
		frames = append(frames.add(text), foreign...)
	}
	frames = frames.add(make([]byte, id3Padding))
	length := frames.Size()
	if length > maxID3 {
		return nil, &UnsupportedError{"mp3", "its ID3 tag would grow too large"}
	}
	head := appendSyncsafe([]byte{'I', 'D', '3', t.version, 0, t.flags}, length)
	return append(Patch{}.add(head), frames...), nil
}

// foreign lists the frames that stay.
func (t *id3Tag) foreign(page bool) (Patch, error) {
	var p Patch
	for i := range t.frames {
		f := &t.frames[i]
		if f.credential() {
			return nil, &UnsupportedError{"mp3", "it carries a content credential (C2PA), which a stamp would break"}
		}
		ours, err := t.ours(f, page)
		switch {
		case err != nil:
			return nil, err
		case ours:
		case t.plain:
			p = p.add(f.header()).keep(f.stored.Off+10, f.stored.Len-10)
		default:
			p = p.keep(f.stored.Off, f.stored.Len)
		}
	}
	return p, nil
}

// credential says whether a frame holds a content credential (C2PA 2.1 §A.3.5): a
// file inside the tag whose type says so.
func (f *id3Frame) credential() bool {
	if f.id != "GEOB" && f.id != "GEO" || len(f.body) == 0 {
		return false
	}
	mime, _, _ := bytes.Cut(f.body[1:], []byte{0})
	return bytes.Contains(mime, []byte("c2pa"))
}

// unsync says whether the tag is unsynchronised as a whole, as only ID3v2.2 and
// 2.3 have it. Some readers, such as ffmpeg, then lose count at a frame that holds
// 0xFF, as UTF-16 text does: what they should read must stand before it.
func (t *id3Tag) unsync() bool { return t.version < 4 && t.flags&id3Unsync != 0 }

// header writes the header of an ID3v2.4 frame anew.
func (f *id3Frame) header() []byte {
	h := appendSyncsafe([]byte(f.id), int64(len(f.body)))
	return append(h, f.flags[:]...)
}

package stamp

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"commonseed/license"
)

// mkvStamper stamps Matroska (RFC 9559) and WebM files with tags. No byte of the
// file moves: the tags go behind everything else, and where they stood before a
// Void is left. Positions in the file stay true, so only headers are read.
//
//	ebml.go      elements
//	mkv.go       the file as a whole, the Stamper
//	mkv_tags.go  tags: ours, and what others say
//	mkv_seek.go  the entry in the index that leads to the tags
//
// Where the tags stand does not depend on the notice, nor does the index; so the
// same notice always gives the same file.
type mkvStamper struct{ webm bool }

// Ids of the elements that matter (RFC 9559 §5.1).
const (
	mkvHeader     = 0x1A45DFA3
	mkvDocType    = 0x4282
	mkvSegment    = 0x18538067
	mkvSeekHead   = 0x114D9B74
	mkvCluster    = 0x1F43B675
	mkvTracks     = 0x1654AE6B
	mkvTags       = 0x1254C367
	mkvMaxHeader  = 64 << 10
	mkvMaxTags    = 1 << 20 // bytes
	mkvMaxSimple  = 10_000  // tags
	mkvMaxSeek    = 1 << 20
	mkvMaxTop     = 1 << 20 // elements in a segment
	mkvMaxOthers  = 1 << 12 // of those that are no clusters
	mkvMaxEssence = 1 << 12 // runs of elements between those we may change
)

func (s mkvStamper) Format() string {
	if s.webm {
		return "webm"
	}
	return "mkv"
}

func (mkvStamper) Places() []string {
	return []string{placeMKVLicense, placeMKVCopyright, placeMKVTerms, placeMKVURL}
}

// Sniff looks for the document type in the EBML header.
func (s mkvStamper) Sniff(head []byte) bool {
	kind, err := mkvKind(bytes.NewReader(head), int64(len(head)))
	return err == nil && (kind == "webm") == s.webm && (kind == "webm" || kind == "matroska")
}

// mkvKind reads the document type (RFC 8794 §11.2.4).
func mkvKind(src io.ReaderAt, size int64) (string, error) {
	e, err := readEBML(src, 0, size)
	if err != nil {
		return "", err
	}
	if e.id != mkvHeader || e.end-e.body > mkvMaxHeader {
		return "", fmt.Errorf("no EBML header: %w", ErrMalformed)
	}
	raw, err := readAt(src, 0, int(e.end))
	if err != nil {
		return "", err
	}
	fields, err := ebmlData{e, raw}.children()
	if err != nil {
		return "", err
	}
	for _, f := range fields {
		if f.id == mkvDocType {
			return string(bytes.TrimRight(f.contents(), "\x00")), nil
		}
	}
	return "matroska", nil
}

// mkvFile is a file: its segment, and of what is in it all but the clusters.
type mkvFile struct {
	format  string
	src     io.ReaderAt
	size    int64
	segment ebmlElement
	top     []ebmlElement // without clusters
	media   []Range       // runs of elements that no stamp changes
	first   int64         // offset of the first cluster
	open    bool          // something in it has no size
}

func (s mkvStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	head, err := readEBML(src, 0, size)
	if err != nil {
		return nil, err
	}
	f := &mkvFile{format: s.Format(), src: src, size: size}
	if f.segment, err = readEBML(src, head.end, size); err != nil {
		return nil, fmt.Errorf("segment of the Matroska file: %w", err)
	}
	if f.segment.id != mkvSegment {
		return nil, fmt.Errorf("no segment in the Matroska file: %w", ErrMalformed)
	}
	f.media = []Range{{0, head.end + 4}} // up to the size of the segment
	return f, f.scan()
}

// scan walks over the elements in the segment, reading their headers alone. One
// without a size cannot be walked over: what follows is not known then.
func (f *mkvFile) scan() error {
	f.open = f.segment.unknown
	for off, n := f.segment.body, 0; off < f.segment.end; n++ {
		e, err := readEBML(f.src, off, f.segment.end)
		if err != nil {
			return err
		}
		if n == mkvMaxTop || len(f.top) == mkvMaxOthers || len(f.media) == mkvMaxEssence {
			return &UnsupportedError{f.format, "it has too many parts"}
		}
		if e.id == mkvCluster && f.first == 0 {
			f.first = e.off
		}
		if e.unknown {
			f.open = true
			return nil
		}
		f.note(e)
		off = e.end
	}
	return nil
}

// note files an element away.
func (f *mkvFile) note(e ebmlElement) {
	if e.id != mkvCluster {
		f.top = append(f.top, e)
	}
	if e.id == mkvTags || e.id == mkvSeekHead || e.id == ebmlVoid {
		return
	}
	if last := &f.media[len(f.media)-1]; last.Off+last.Len == e.off {
		last.Len += e.end - e.off
	} else {
		f.media = append(f.media, Range{e.off, e.end - e.off})
	}
}

// load reads an element into memory, with offsets as in the file taken from base.
func (f *mkvFile) load(e ebmlElement, limit int64) (ebmlData, error) {
	if e.end-e.off > limit {
		return ebmlData{}, &UnsupportedError{f.format, fmt.Sprintf("its element %X is larger than %d MiB", e.id, limit>>20)}
	}
	raw, err := readAt(f.src, e.off, int(e.end-e.off))
	return ebmlData{ebmlElement{e.id, 0, e.body - e.off, e.end - e.off, e.unknown}, raw}, err
}

// find lists the elements of an id that are no clusters.
func (f *mkvFile) find(id uint32) []ebmlElement {
	var found []ebmlElement
	for _, e := range f.top {
		if e.id == id {
			found = append(found, e)
		}
	}
	return found
}

func (f *mkvFile) safe() error {
	switch {
	case f.open:
		return &UnsupportedError{f.format, "parts of it have no length, as in a live stream; remux it first"}
	case f.segment.end != f.size:
		return &UnsupportedError{f.format, "something follows its segment"}
	case len(f.top) > 0 && f.top[0].id == ebmlCRC:
		return &UnsupportedError{f.format, "it has a checksum over all of the file"}
	case f.first == 0 || len(f.find(mkvTracks)) == 0:
		return fmt.Errorf("no media in the Matroska file: %w", ErrMalformed)
	}
	return nil
}

func (f *mkvFile) Patch(n license.Notice) (Patch, error) {
	if err := f.safe(); err != nil {
		return nil, err
	}
	tags, err := f.newTags(n)
	if err != nil {
		return nil, err
	}
	old := f.find(mkvTags)
	at := splice{f.segment.end, f.segment.end, tags}
	if n := len(old); n > 0 && old[n-1].end == f.segment.end { // they are the last already
		at.off = old[n-1].off
		old = old[:n-1]
	}
	var cuts []splice
	for _, e := range old {
		cuts = append(cuts, splice{e.off, e.end, voidEBML(e.end - e.off)})
	}
	if cuts, err = f.seekTags(cuts, at.off-f.segment.body); err != nil {
		return nil, err
	}
	width := int(f.segment.body - f.segment.off - 4)
	size := f.segment.end - f.segment.body + at.grows()
	if size >= int64(1)<<(7*width)-1 {
		return nil, &UnsupportedError{f.format, "the size of its segment has no room to grow"}
	}
	cuts = append(cuts, splice{f.segment.off + 4, f.segment.body, ebmlSizeOf(size, width)}, at)
	return splicePatch(cuts, f.size)
}

// Essence is everything but tags, the index of the segment, and voids; clusters
// and cues among it. Nothing of it moves.
func (f *mkvFile) Essence() ([]Range, error) {
	if err := f.safe(); err != nil {
		return nil, err
	}
	return slices.Clone(f.media), nil
}

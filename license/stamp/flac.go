package stamp

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"commonseed/license"
)

// flacStamper stamps FLAC (RFC 9639): the notice goes into the VORBIS_COMMENT
// block. All other blocks, pictures and padding among them, stay as they are.
type flacStamper struct{}

// Block types, RFC 9639 §8.1.
const (
	flacStreamInfo    = 0
	flacVorbisComment = 4
	flacInvalid       = 127
)

const (
	maxFLACBlocks = 10000
	maxFLACBlock  = 1<<24 - 1 // bytes: the length has 24 bits
)

// flacBlock is one metadata block; its range does not include the header.
type flacBlock struct {
	kind byte
	Range
}

// flacFile is the layout of a file.
type flacFile struct {
	src    io.ReaderAt
	size   int64
	blocks []flacBlock
	frames int64 // offset of the first audio frame
}

func (flacStamper) Format() string { return "flac" }

func (flacStamper) Places() []string { return vorbisPlaces() }

func (flacStamper) Sniff(head []byte) bool { return bytes.HasPrefix(head, []byte("fLaC")) }

// readFLAC finds the metadata blocks.
func readFLAC(src io.ReaderAt, size int64) (*flacFile, error) {
	mark, err := readAt(src, 0, 4)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(mark, []byte("ID3")) {
		return nil, &UnsupportedError{"flac", "an ID3v2 tag stands before the FLAC stream, where it does not belong"}
	}
	if string(mark) != "fLaC" {
		return nil, fmt.Errorf("no FLAC stream: %w", ErrMalformed)
	}
	f := &flacFile{src: src, size: size, frames: 4}
	for last := false; !last; {
		if len(f.blocks) == maxFLACBlocks {
			return nil, &UnsupportedError{"flac", "it has too many metadata blocks"}
		}
		if last, err = f.readBlock(); err != nil {
			return nil, err
		}
	}
	return f, f.check()
}

// readBlock reads the header of the block that begins where frames stands.
func (f *flacFile) readBlock() (last bool, err error) {
	h, err := readAt(f.src, f.frames, 4)
	if err != nil {
		return false, fmt.Errorf("FLAC metadata: %w", err)
	}
	b := flacBlock{kind: h[0] & 0x7f, Range: Range{Off: f.frames + 4, Len: int64(h[1])<<16 | int64(h[2])<<8 | int64(h[3])}}
	if b.kind == flacInvalid {
		return false, fmt.Errorf("FLAC metadata block at byte %d: %w", f.frames, ErrMalformed)
	}
	f.frames = b.Off + b.Len
	if f.frames > f.size {
		return false, fmt.Errorf("FLAC metadata block of %d bytes at byte %d: %w", b.Len, b.Off, ErrTruncated)
	}
	f.blocks = append(f.blocks, b)
	return h[0]&0x80 != 0, nil
}

// check makes sure that STREAMINFO comes first, and of the blocks that may exist
// only once, there is one (RFC 9639 §8.2, §8.6).
func (f *flacFile) check() error {
	var comments int
	for i, b := range f.blocks {
		if (b.kind == flacStreamInfo) != (i == 0) || i == 0 && b.Len != 34 {
			return fmt.Errorf("FLAC STREAMINFO: %w", ErrMalformed)
		}
		if b.kind == flacVorbisComment {
			comments++
		}
	}
	if comments > 1 {
		return fmt.Errorf("%d FLAC VORBIS_COMMENT blocks: %w", comments, ErrMalformed)
	}
	return nil
}

// comments reads the comment list, or makes an empty one.
func (f *flacFile) comments() (*vorbisComments, error) {
	for _, b := range f.blocks {
		if b.kind != flacVorbisComment {
			continue
		}
		data, err := readAt(f.src, b.Off, int(b.Len))
		if err != nil {
			return nil, err
		}
		return parseVorbisComments(data)
	}
	return &vorbisComments{vendor: []byte(vendor)}, nil
}

func (flacStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	f, err := readFLAC(src, size)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (f *flacFile) Statements() ([]Statement, error) {
	c, err := f.comments()
	if err != nil {
		return nil, err
	}
	end, err := readTrailer(f.src, f.frames, f.size)
	return append(c.statements(), end.found...), err
}

func (f *flacFile) Patch(n license.Notice) (Patch, error) {
	if _, err := f.Essence(); err != nil { // the audio is whole
		return nil, err
	}
	c, err := f.comments()
	if err != nil {
		return nil, err
	}
	c.set(n)
	data := c.marshal()
	if len(data) > maxFLACBlock {
		return nil, &UnsupportedError{"flac", "its comments would grow too large"}
	}
	return f.patch(data).keep(f.frames, f.size-f.frames), nil
}

// patch writes the blocks with the new comments, which stand where the old ones
// stood, or behind STREAMINFO.
func (f *flacFile) patch(comments []byte) Patch {
	blocks := f.blocks
	if !slices.ContainsFunc(blocks, func(b flacBlock) bool { return b.kind == flacVorbisComment }) {
		blocks = slices.Insert(slices.Clone(blocks), 1, flacBlock{kind: flacVorbisComment})
	}
	p := Patch{}.keep(0, 4)
	for i, b := range blocks {
		last := i == len(blocks)-1
		if b.kind == flacVorbisComment {
			p = p.add(flacHeader(b.kind, int64(len(comments)), last)).add(comments)
		} else {
			p = p.add(flacHeader(b.kind, b.Len, last)).keep(b.Off, b.Len)
		}
	}
	return p
}

func flacHeader(kind byte, length int64, last bool) []byte {
	if last {
		kind |= 0x80
	}
	return []byte{kind, byte(length >> 16), byte(length >> 8), byte(length)}
}

// Essence is the run of audio frames, from the first to the end of the last. It
// is also where a file that was cut is found.
func (f *flacFile) Essence() ([]Range, error) {
	frames := Range{Off: f.frames, Len: f.size - f.frames}
	info, err := readAt(f.src, f.blocks[0].Off, 34)
	if err != nil {
		return nil, err
	}
	end, err := readTrailer(f.src, f.frames, f.size)
	if err != nil {
		return nil, err
	}
	if end.audioEnd > f.frames {
		frames.Len = end.audioEnd - f.frames
	}
	return []Range{frames}, checkFLACFrames(f.src, frames, info)
}

package stamp

import (
	"bytes"
	"io"

	"commonseed/license"
)

// mp3Stamper stamps MPEG audio of layer I, II and III: the notice goes into the
// ID3v2 tag in front, which is made if there is none.
type mp3Stamper struct{}

func (mp3Stamper) Format() string { return "mp3" }

func (mp3Stamper) Places() []string {
	return []string{placeWCOP, placeTXXX, placeWOAF, placeTCOP}
}

// Sniff accepts an ID3v2 tag, or several MPEG audio frames in a row.
func (mp3Stamper) Sniff(head []byte) bool {
	if bytes.HasPrefix(head, []byte("ID3")) {
		return true
	}
	const enough = 4
	head = bytes.TrimLeft(head, "\x00")
	for frames := 0; ; frames++ {
		h, ok := parseMPEG(head)
		if frames == enough || frames >= 2 && (!ok || h.size > int64(len(head))) {
			return true
		}
		if !ok || h.size == 0 || h.size > int64(len(head)) {
			return false
		}
		head = head[h.size:]
	}
}

// detectTagged decides what a file with an ID3v2 tag in front is. Such a tag
// belongs to MP3, but stands before other streams too.
func detectTagged(src io.ReaderAt, size int64) Stamper {
	tag, err := readID3(src, size, 0)
	if err != nil || tag == nil || size-tag.Len < 4 {
		return mp3Stamper{} // which says what is wrong
	}
	mark, err := readAt(src, tag.Len, 4)
	switch {
	case err != nil:
		return mp3Stamper{}
	case string(mark) == "fLaC":
		return flacStamper{}
	case string(mark) == "TTA1", mark[0] == 0xff && mark[1]&0xf6 == 0xf0: // True Audio, AAC in ADTS
		return Sidecar{}
	}
	return mp3Stamper{}
}

// maxTags bounds the tags in front that are read.
const maxTags = 8

func (mp3Stamper) Read(src io.ReaderAt, size int64) ([]Statement, error) {
	var st []Statement
	var off int64
	for range maxTags {
		tag, err := readID3(src, size, off)
		if err != nil {
			return nil, err
		}
		if tag == nil {
			break
		}
		st = append(st, tag.statements()...)
		off += tag.Len
	}
	end, err := readTrailer(src, size)
	return append(st, end.found...), err
}

// layout finds the parts of a file and shows that they are whole. Tag is nil if
// there is none.
func (mp3Stamper) layout(src io.ReaderAt, size int64) (tag *id3Tag, audio mpegAudio, err error) {
	tag, err = readID3(src, size, 0)
	if err != nil {
		return nil, audio, err
	}
	var start int64
	if tag != nil {
		start = tag.Len
		second, err := hasID3(src, size, start)
		if err != nil {
			return nil, audio, err
		}
		if second {
			return nil, audio, &UnsupportedError{"mp3", "it has more than one ID3v2 tag"}
		}
	}
	end, err := readTrailer(src, size)
	if err != nil {
		return nil, audio, err
	}
	if end.id3v2 {
		return nil, audio, &UnsupportedError{"mp3", "it has an ID3v2 tag at its end"}
	}
	audio, err = walkMPEG(&window{src: src, size: size}, start, max(start, end.audioEnd))
	return tag, audio, err
}

func (s mp3Stamper) Patch(src io.ReaderAt, size int64, n license.Notice) (Patch, error) {
	tag, _, err := s.layout(src, size)
	if err != nil {
		return nil, err
	}
	if tag == nil {
		tag = &id3Tag{version: 3}
	}
	p, err := tag.patch(n)
	if err != nil {
		return nil, err
	}
	return p.keep(tag.Len, size-tag.Len), nil
}

func (s mp3Stamper) Essence(src io.ReaderAt, size int64) ([]Range, error) {
	_, audio, err := s.layout(src, size)
	if err != nil {
		return nil, err
	}
	return []Range{audio.Range}, nil
}

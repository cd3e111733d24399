package stamp

import (
	"bytes"
	"io"
	"sync"

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

// mp3File is a file; its audio is walked when it is first asked for.
type mp3File struct {
	src   io.ReaderAt
	size  int64
	found []Statement
	parts func() (mp3Parts, error)
}

// mp3Parts is a file that was shown to be whole. Tag is nil if there is none.
type mp3Parts struct {
	tag   *id3Tag
	audio mpegAudio
}

func (mp3Stamper) Open(src io.ReaderAt, size int64) (Media, error) {
	f := &mp3File{src: src, size: size}
	f.parts = sync.OnceValues(f.layout)
	var off int64
	for range maxTags {
		tag, err := readID3(src, size, off)
		if err != nil {
			return nil, err
		}
		if tag == nil {
			break
		}
		f.found = append(f.found, tag.statements()...)
		off += tag.Len
	}
	end, err := readTrailer(src, off, size)
	f.found = append(f.found, end.found...)
	return f, err
}

func (f *mp3File) Statements() ([]Statement, error) { return f.found, nil }

// layout finds the parts of a file and shows that they are whole.
func (f *mp3File) layout() (p mp3Parts, err error) {
	p.tag, err = readID3(f.src, f.size, 0)
	if err != nil {
		return p, err
	}
	var start int64
	if p.tag != nil {
		start = p.tag.Len
		second, err := hasID3(f.src, f.size, start)
		if err != nil {
			return p, err
		}
		if second {
			return p, &UnsupportedError{"mp3", "it has more than one ID3v2 tag"}
		}
	}
	end, err := readTrailer(f.src, start, f.size)
	if err != nil {
		return p, err
	}
	if end.id3v2 {
		return p, &UnsupportedError{"mp3", "it has an ID3v2 tag at its end"}
	}
	p.audio, err = walkMPEG(&window{src: f.src, size: f.size}, start, end.audioEnd)
	return p, err
}

func (f *mp3File) Patch(n license.Notice) (Patch, error) {
	parts, err := f.parts()
	if err != nil {
		return nil, err
	}
	tag := parts.tag
	if tag == nil {
		tag = &id3Tag{version: 3}
	}
	p, err := tag.patch(n)
	if err != nil {
		return nil, err
	}
	return p.keep(tag.Len, f.size-tag.Len), nil
}

func (f *mp3File) Essence() ([]Range, error) {
	parts, err := f.parts()
	if err != nil {
		return nil, err
	}
	return []Range{parts.audio.Range}, nil
}

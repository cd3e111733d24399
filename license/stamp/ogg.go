package stamp

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"commonseed/license"
)

// oggStamper stamps Ogg Vorbis and Ogg Opus files of one logical stream: the
// notice goes into the comment packet. If the headers then need another number of
// pages, all later pages get a new sequence number and checksum; nothing else in
// them changes. The Patch then has two pieces, some 90 bytes, for each page.
type oggStamper struct{ opus bool }

const (
	// maxOggHeaders bounds the header packets, which are read into memory.
	maxOggHeaders = 64 << 20
	// maxOggPages bounds the pages that a Patch may have to list.
	maxOggPages = 1 << 21
)

func (s oggStamper) Format() string {
	if s.opus {
		return "opus"
	}
	return "ogg"
}

func (oggStamper) Places() []string { return vorbisPlaces() }

// Sniff knows a file by the first packet. Ogg with anything else in it, such as
// films, has no Stamper.
func (s oggStamper) Sniff(head []byte) bool {
	mark := "\x01vorbis"
	if s.opus {
		mark = "OpusHead"
	}
	return bytes.HasPrefix(head, []byte("OggS")) && len(head) > oggHeadLen+1 && bytes.HasPrefix(head[oggHeadLen+1:], []byte(mark))
}

// oggFile is the layout of a file up to its first audio page.
type oggFile struct {
	kind    oggStamper
	w       *window
	serial  uint32
	first   Range    // the page with the identification packet
	number  uint32   // sequence number of that page
	packets [][]byte // the other header packets: comments, and the setup of Vorbis
	bodies  []Range  // where the bytes of the last of them lie in the file
	pages   int      // that hold the other header packets
	audio   int64    // offset of the first audio page
}

// commentMark begins the comment packet.
func (s oggStamper) commentMark() string {
	if s.opus {
		return "OpusTags"
	}
	return "\x03vorbis"
}

// readHeaders reads the header packets (Vorbis I §4.2; RFC 7845 §3, §5).
func (s oggStamper) readHeaders(w *window) (*oggFile, error) {
	page, err := readOggPage(w, 0)
	if err != nil {
		return nil, err
	}
	if err := s.checkFirst(page); err != nil {
		return nil, err
	}
	f := &oggFile{kind: s, w: w, serial: page.serial(), first: page.Range, number: page.sequence(), audio: page.Len}
	in := oggPackets{want: 2}
	if s.opus {
		in.want = 1
	}
	for len(in.done) < in.want {
		if page, err = s.nextPage(w, f); err != nil {
			return nil, err
		}
		if err := in.add(page); err != nil {
			return nil, err
		}
		f.audio += page.Len
		f.pages++
	}
	f.packets, f.bodies = in.done, in.bodies
	if !bytes.HasPrefix(f.packets[0], []byte(s.commentMark())) || !s.opus && !bytes.HasPrefix(f.packets[1], []byte("\x05vorbis")) {
		return nil, fmt.Errorf("ogg header packets: %w", ErrMalformed)
	}
	return f, nil
}

// checkFirst makes sure that the first page holds the one packet that says which
// codec the stream is for, and that it is one that can be stamped.
func (s oggStamper) checkFirst(page *oggPage) error {
	body := page.data[page.bodyAt():]
	mark := "\x01vorbis"
	if s.opus {
		mark = "OpusHead"
	}
	switch {
	case page.flags()&(oggFirst|oggContinued) != oggFirst || len(page.lacing()) != 1 || page.open():
		return fmt.Errorf("first Ogg page: %w", ErrMalformed)
	case !bytes.HasPrefix(body, []byte(mark)):
		return &UnsupportedError{s.Format(), "its codec is neither Vorbis nor Opus"}
	case page.flags()&oggLast != 0:
		return fmt.Errorf("ogg stream without audio: %w", ErrTruncated)
	}
	return nil
}

// nextPage reads the page at f.audio, which must belong to the one stream and not
// be its end.
func (s oggStamper) nextPage(w *window, f *oggFile) (*oggPage, error) {
	page, err := readOggPage(w, f.audio)
	if err != nil {
		return nil, err
	}
	if err := s.sameStream(page, f); err != nil {
		return nil, err
	}
	if page.flags()&oggLast != 0 {
		return nil, fmt.Errorf("ogg stream without audio: %w", ErrTruncated)
	}
	return page, nil
}

// sameStream refuses pages of a second stream.
func (s oggStamper) sameStream(page *oggPage, f *oggFile) error {
	if page.flags()&oggFirst != 0 || page.serial() != f.serial {
		return &UnsupportedError{s.Format(), "it has more than one logical stream"}
	}
	return nil
}

// oggPackets puts packets together from the pages they are spread over.
type oggPackets struct {
	want   int // packets
	done   [][]byte
	part   []byte  // of the packet that is not done
	bodies []Range // of the packet that is not done, or of the last
	total  int     // bytes
}

// add reads a header page. The last packet wanted must end its page.
func (in *oggPackets) add(page *oggPage) error {
	if continued := page.flags()&oggContinued != 0; continued != (in.part != nil) {
		return fmt.Errorf("ogg header page at byte %d: %w", page.Off, ErrMalformed)
	}
	at := page.bodyAt()
	if in.total += len(page.data) - at; in.total > maxOggHeaders {
		return &UnsupportedError{"ogg", "its header packets are too large"}
	}
	for _, lace := range page.lacing() {
		if len(in.done) == in.want {
			return fmt.Errorf("audio on the header page at byte %d: %w", page.Off, ErrMalformed)
		}
		if in.part == nil {
			in.part, in.bodies = []byte{}, nil
		}
		in.part = append(in.part, page.data[at:at+int(lace)]...)
		in.addBody(page.Off+int64(at), int64(lace))
		at += int(lace)
		if lace < 255 {
			in.done, in.part = append(in.done, in.part), nil
		}
	}
	return nil
}

// addBody notes where bytes of the packet lie.
func (in *oggPackets) addBody(off, length int64) {
	if n := len(in.bodies); n > 0 && in.bodies[n-1].Off+in.bodies[n-1].Len == off {
		in.bodies[n-1].Len += length
		return
	}
	in.bodies = append(in.bodies, Range{off, length})
}

// walk visits every audio page and shows that the stream is whole: all checksums
// are right, and the page marked as the last ends the file and all packets.
func (f *oggFile) walk(visit func(*oggPage)) error {
	w, s := f.w, f.kind
	for off, pages := f.audio, 0; ; pages++ {
		if off == w.size {
			return fmt.Errorf("no last page in the Ogg stream: %w", ErrTruncated)
		}
		if pages == maxOggPages {
			return &UnsupportedError{s.Format(), "it has too many pages"}
		}
		page, err := readOggPage(w, off)
		if err != nil {
			return err
		}
		if err := s.sameStream(page, f); err != nil {
			return err
		}
		visit(page)
		off += page.Len
		if page.flags()&oggLast != 0 {
			return s.checkEnd(w, page)
		}
	}
}

// checkEnd looks at what follows the last page of the stream.
func (s oggStamper) checkEnd(w *window, last *oggPage) error {
	if last.open() {
		return fmt.Errorf("last Ogg packet: %w", ErrTruncated)
	}
	end := last.Off + last.Len
	if end == w.size {
		return nil
	}
	if mark, err := w.at(end, 4); err == nil && string(mark) == "OggS" {
		return &UnsupportedError{s.Format(), "it has more than one logical stream"}
	}
	return fmt.Errorf("%d bytes behind the last Ogg page: %w", w.size-end, ErrMalformed)
}

func (f *oggFile) comments() (*vorbisComments, error) {
	return parseVorbisComments(f.packets[0][len(f.kind.commentMark()):])
}

func (s oggStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	f, err := s.readHeaders(&window{src: src, size: size})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (f *oggFile) Statements() ([]Statement, error) {
	c, err := f.comments()
	if err != nil {
		return nil, err
	}
	return c.statements(), nil
}

// Patch keeps what follows the list in the comment packet: the framing bit of
// Vorbis, and in Opus data that RFC 7845 §5.2 wants preserved.
func (f *oggFile) Patch(n license.Notice) (Patch, error) {
	c, err := f.comments()
	if err != nil {
		return nil, err
	}
	c.set(n)
	packets := slices.Clone(f.packets)
	packets[0] = append([]byte(f.kind.commentMark()), c.marshal()...)
	pages := paginate(f.serial, f.number+1, packets...)
	p := Patch{}.keep(f.first.Off, f.first.Len).add(bytes.Join(pages, nil))
	if len(pages) != f.pages {
		return f.renumber(p, uint32(len(pages)-f.pages))
	}
	if err := f.walk(func(*oggPage) {}); err != nil {
		return nil, err
	}
	return p.keep(f.audio, f.w.size-f.audio), nil
}

// renumber appends the audio pages with their sequence numbers moved.
func (f *oggFile) renumber(p Patch, by uint32) (Patch, error) {
	err := f.walk(func(page *oggPage) {
		p = p.keep(page.Off, oggSequence)
		p = p.add(page.renumbered(nil, page.sequence()+by))
		p = p.keep(page.Off+oggCounts, page.Len-oggCounts)
	})
	return p, err
}

// Essence is the identification packet, the setup of Vorbis, and of every audio
// page everything but sequence number and checksum.
func (f *oggFile) Essence() ([]Range, error) {
	ranges := Patch{}.keep(f.first.Off, f.first.Len)
	if !f.kind.opus {
		for _, body := range f.bodies {
			ranges = ranges.keep(body.Off, body.Len)
		}
	}
	err := f.walk(func(page *oggPage) {
		ranges = ranges.keep(page.Off, oggSequence)
		ranges = ranges.keep(page.Off+oggCounts, page.Len-oggCounts)
	})
	essence := make([]Range, len(ranges))
	for i, piece := range ranges {
		essence[i] = piece.Range
	}
	return essence, err
}

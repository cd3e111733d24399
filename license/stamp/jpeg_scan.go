package stamp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// Markers (ITU T.81 table B.1).
const (
	jpegTEM  = 0x01
	jpegRST0 = 0xd0
	jpegRST7 = 0xd7
	jpegSOI  = 0xd8
	jpegEOI  = 0xd9
	jpegSOS  = 0xda
	jpegAPP0 = 0xe0
	jpegCOM  = 0xfe
)

// jpegScanner walks the segments from SOI to EOI.
type jpegScanner struct {
	w       window
	off     int64
	leading bool // still among JFIF and Exif, before all else
	pixels  bool // a scan has begun
	file    *jpegFile
}

// scanJPEG walks over the whole first image. A file without its end of image
// gives ErrTruncated.
func scanJPEG(src io.ReaderAt, size int64) (*jpegFile, error) {
	s := &jpegScanner{w: window{src: src, size: size}, off: 2, leading: true, file: &jpegFile{size: size, insert: 2}}
	head, err := s.w.at(0, 2)
	if err != nil {
		return nil, err
	}
	if head[0] != 0xff || head[1] != jpegSOI {
		return nil, fmt.Errorf("no JPEG start of image: %w", ErrMalformed)
	}
	for {
		marker, err := s.marker()
		if err != nil {
			return nil, err
		}
		if marker == jpegEOI {
			break
		}
		if err := s.segment(marker); err != nil {
			return nil, err
		}
	}
	if !s.pixels {
		return nil, fmt.Errorf("JPEG without an image: %w", ErrMalformed)
	}
	return s.file, nil
}

// marker reads the next marker, over fill bytes, and leaves off behind it.
func (s *jpegScanner) marker() (byte, error) {
	b, err := s.w.at(s.off, 2)
	if err != nil {
		return 0, err
	}
	if b[0] != 0xff {
		return 0, fmt.Errorf("JPEG marker expected at byte %d: %w", s.off, ErrMalformed)
	}
	for b[1] == 0xff {
		s.off++
		if b, err = s.w.at(s.off, 2); err != nil {
			return 0, err
		}
	}
	s.off += 2
	return b[1], nil
}

// segment takes what follows a marker, and leaves off at the next one.
func (s *jpegScanner) segment(marker byte) error {
	switch {
	case marker == 0 || marker == jpegSOI:
		return fmt.Errorf("JPEG marker %#x at byte %d: %w", marker, s.off-2, ErrMalformed)
	case marker == jpegTEM || marker >= jpegRST0 && marker <= jpegRST7:
		return nil
	}
	b, err := s.w.at(s.off, 2)
	if err != nil {
		return err
	}
	length := int(binary.BigEndian.Uint16(b))
	if length < 2 {
		return fmt.Errorf("JPEG segment at byte %d: %w", s.off-2, ErrMalformed)
	}
	if b, err = s.w.at(s.off, length); err != nil {
		return err
	}
	whole := Range{s.off - 2, int64(length) + 2}
	s.off += int64(length)
	if marker == jpegSOS {
		s.pixels = true
		return s.skipScan()
	}
	if !s.pixels {
		return s.metadata(marker, whole, b[2:])
	}
	return nil
}

// skipScan skips entropy-coded data (ITU T.81 §B.1.1.5): up to the next marker
// that is neither a stuffed zero nor a restart.
func (s *jpegScanner) skipScan() error {
	const look = 64 << 10
	for {
		n := int(min(look, s.w.size-s.off))
		if n < 2 {
			return fmt.Errorf("JPEG without end of image: %w", ErrTruncated)
		}
		b, err := s.w.at(s.off, n)
		if err != nil {
			return err
		}
		i := bytes.IndexByte(b[:n-1], 0xff)
		if i < 0 {
			s.off += int64(n - 1)
			continue
		}
		s.off += int64(i)
		if next := b[i+1]; next == 0xff {
			s.off++
		} else if next == 0 || next >= jpegRST0 && next <= jpegRST7 {
			s.off += 2
		} else {
			return nil
		}
	}
}

// metadata takes note of a segment before the first scan. Body is only valid
// until the next read.
func (s *jpegScanner) metadata(marker byte, whole Range, body []byte) error {
	f, text := s.file, string(body)
	exif := marker == jpegAPP0+1 && strings.HasPrefix(text, jpegExif)
	if s.leading = s.leading && (marker == jpegAPP0 || exif); s.leading {
		f.insert = whole.Off + whole.Len
	}
	switch {
	case exif && len(body) > 6:
		f.found = append(f.found, exifStatements(body[6:])...)
	case marker == jpegAPP0+1 && strings.HasPrefix(text, jpegXMP):
		return f.addXMP(whole, body[len(jpegXMP):])
	case marker == jpegAPP0+1 && strings.HasPrefix(text, jpegXMPExt):
		f.addExtended(body[len(jpegXMPExt):])
	case marker == jpegAPP0+2 && strings.HasPrefix(text, jpegMPF) && f.mpf == nil:
		f.mpf, f.mpfAt = bytes.Clone(body[len(jpegMPF):]), whole.Off+4+int64(len(jpegMPF))
		f.holes = append(f.holes, whole)
	case marker == jpegAPP0+11 && len(body) >= 16 && text[:2] == "JP" && text[12:16] == "jumb":
		f.jumbf = true
	case marker == jpegAPP0+13 && strings.HasPrefix(text, jpegIRB) && len(f.irb) < jpegMaxExtra:
		f.irb = append(f.irb, body[len(jpegIRB):]...)
	case marker == jpegCOM:
		f.found = append(f.found, mentions("JPEG comment", strings.ToValidUTF8(text, "\ufffd"))...)
	}
	return nil
}

func (f *jpegFile) addXMP(whole Range, packet []byte) error {
	if len(f.xmp) == jpegMaxXMPs {
		return fmt.Errorf("JPEG with more than %d XMP packets: %w", jpegMaxXMPs, ErrMalformed)
	}
	p := jpegPacket{whole, bytes.Clone(packet)}
	f.xmp, f.holes = append(f.xmp, p), append(f.holes, whole)
	f.found = append(f.found, xmpStatements(p.packet)...)
	return nil
}

// addExtended keeps a portion: 32 digits that name the packet, its length, and
// where in it the portion belongs. Beyond jpegMaxExtra nothing is kept.
func (f *jpegFile) addExtended(b []byte) {
	if len(b) < 40 {
		return
	}
	if f.extBytes += len(b); f.extBytes > jpegMaxExtra {
		return
	}
	if f.ext == nil {
		f.ext = map[string][]jpegExt{}
	}
	guid := string(b[:32])
	f.ext[guid] = append(f.ext[guid], jpegExt{binary.BigEndian.Uint32(b[36:]), bytes.Clone(b[40:])})
}

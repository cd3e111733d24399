package stamp

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"commonseed/license"
)

// webpStamper stamps WebP images (RFC 9649) with an XMP packet in a chunk at the
// end. Only the extended form of the format has one: a simple image gets the
// header chunk VP8X in front of its pixels, which stay as they are.
type webpStamper struct{}

// Flags of VP8X (RFC 9649 §2.7.1.1) that matter here.
const (
	webpHasXMP   = 0x04
	webpHasAlpha = 0x10
)

func (webpStamper) Format() string { return "webp" }

func (webpStamper) Places() []string { return xmpWritten }

func (webpStamper) Sniff(head []byte) bool {
	return len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP"
}

// webpFile is a file; flags is the first byte of VP8X, flagsAt where it stands,
// 0 in a simple file.
type webpFile struct {
	*riffFile
	flags   byte
	flagsAt int64
}

func (webpStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	f, err := openRIFF("webp", src, size, binary.LittleEndian)
	if err != nil {
		return nil, err
	}
	if err := f.few(func(c riffChunk) bool { return c.id == "XMP " || c.id == "EXIF" }); err != nil {
		return nil, err
	}
	if len(f.chunks) == 0 {
		return nil, malformed("WebP without an image")
	}
	w := &webpFile{riffFile: f}
	switch first := f.chunks[0]; first.id {
	case "VP8 ", "VP8L":
	case "VP8X":
		if first.body().Len < 10 {
			return nil, malformed("WebP header")
		}
		flags, err := readAt(src, first.off+8, 1)
		if err != nil {
			return nil, err
		}
		w.flags, w.flagsAt = flags[0], first.off+8
		if len(f.find("VP8 ", "VP8L", "ANMF")) == 0 {
			return nil, malformed("WebP without an image")
		}
	default:
		return nil, malformed("WebP that begins with " + strings.ToValidUTF8(first.id, "?"))
	}
	return w, nil
}

func (f *webpFile) Statements() ([]Statement, error) {
	var st []Statement
	for _, c := range f.find("XMP ", "EXIF") {
		data, err := f.read(c, maxXMP)
		if err != nil {
			return nil, err
		}
		if c.id == "XMP " {
			st = append(st, xmpStatements(data)...)
		} else {
			st = append(st, exifStatements(bytes.TrimPrefix(data, []byte("Exif\x00\x00")))...)
		}
	}
	return st, nil
}

func (f *webpFile) Patch(n license.Notice) (Patch, error) {
	if len(f.find("C2PA")) > 0 {
		return nil, &UnsupportedError{"webp", "it carries a content credential (C2PA), which a stamp would break"}
	}
	changes, err := f.packetChanges(n, "XMP ")
	if err != nil {
		return nil, err
	}
	if f.flagsAt == 0 {
		header, err := f.extendedHeader()
		if err != nil {
			return nil, err
		}
		return f.patch(changes, splice{12, 12, header})
	}
	return f.patch(changes, splice{f.flagsAt, f.flagsAt + 1, []byte{f.flags | webpHasXMP}})
}

// extendedHeader makes VP8X for a simple image: flags, and the size of its canvas,
// which is that of the image.
func (f *webpFile) extendedHeader() ([]byte, error) {
	image := f.chunks[0]
	b, err := readAt(f.src, image.off+8, int(min(10, image.body().Len)))
	if err != nil {
		return nil, err
	}
	header := make([]byte, 10)
	header[0] = webpHasXMP
	var width, height uint32 // less one
	switch {
	case image.id == "VP8L" && len(b) >= 5 && b[0] == 0x2f: // RFC 9649 §3.4
		bits := binary.LittleEndian.Uint32(b[1:])
		width, height = bits&0x3fff, bits>>14&0x3fff
		if bits>>28&1 == 1 {
			header[0] |= webpHasAlpha
		}
	case image.id == "VP8 " && len(b) == 10 && b[0]&1 == 0 && string(b[3:6]) == "\x9d\x01\x2a": // RFC 6386 §9.1
		width = uint32(binary.LittleEndian.Uint16(b[6:])&0x3fff) - 1
		height = uint32(binary.LittleEndian.Uint16(b[8:])&0x3fff) - 1
		if width >= 1<<14 || height >= 1<<14 {
			return nil, malformed("WebP image without an extent")
		}
	default:
		return nil, malformed("WebP image data")
	}
	put24(header[4:], width)
	put24(header[7:], height)
	return f.newChunk("VP8X", header), nil
}

func put24(b []byte, v uint32) { b[0], b[1], b[2] = byte(v), byte(v>>8), byte(v>>16) }

// Essence is everything but the XMP chunk and the header that announces it.
func (f *webpFile) Essence() ([]Range, error) {
	return f.without(func(c riffChunk) bool { return c.id == "XMP " || c.id == "VP8X" }), nil
}

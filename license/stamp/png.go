package stamp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"commonseed/license"
)

// pngStamper stamps PNG images, animated ones too, with an XMP packet in an iTXt
// chunk (PNG §11.3.3.4, XMP part 3 §1.1.5). All other chunks are essence.
type pngStamper struct{}

const (
	pngSignature  = "\x89PNG\r\n\x1a\n"
	pngXMPKeyword = "XML:com.adobe.xmp\x00"
	pngMaxLength  = 1<<31 - 1     // PNG §5.3
	pngMaxText    = maxXMP + 1024 // longer text chunks are carried unread
	pngMaxXMPs    = 16            // packets in one file; one is normal
	pngMaxPackets = 4 << 20       // bytes of the packets together, unpacked
	pngMaxRead    = 1 << 20       // bytes of other texts together, unpacked; more is carried unread
)

func (pngStamper) Format() string { return "png" }

func (pngStamper) Places() []string { return xmpWritten }

func (pngStamper) Sniff(head []byte) bool { return bytes.HasPrefix(head, []byte(pngSignature)) }

func (pngStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	p, err := scanPNG(src, size)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (p *pngFile) Statements() ([]Statement, error) { return p.found, nil }

func (p *pngFile) Patch(n license.Notice) (Patch, error) {
	if p.c2pa {
		return nil, &UnsupportedError{"png", "it carries a content credential (C2PA), which a stamp would break"}
	}
	packets := p.xmp
	if len(packets) == 0 {
		packets = []pngPacket{{Range: Range{Off: p.insert}}}
	}
	var cuts []splice
	for _, packet := range packets {
		merged, err := xmpMerge(packet.packet, n)
		if err != nil {
			return nil, err
		}
		// Not compressed, no language, no translated keyword.
		chunk := pngChunk("iTXt", append([]byte(pngXMPKeyword+"\x00\x00\x00\x00"), merged...))
		cuts = append(cuts, splice{packet.Off, packet.Off + packet.Len, chunk})
	}
	return splicePatch(cuts, p.size)
}

// Essence is all of the file but the XMP chunks.
func (p *pngFile) Essence() ([]Range, error) {
	var holes []Range
	for _, packet := range p.xmp {
		holes = append(holes, packet.Range)
	}
	return between(holes, p.size), nil
}

// pngChunk is a whole chunk: length, type, data and CRC (PNG §5.3).
func pngChunk(kind string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// pngFile is what a walk over the chunks found.
type pngFile struct {
	size   int64
	insert int64 // where a new packet goes: behind IHDR, so before IDAT
	xmp    []pngPacket
	packed int // bytes of packets so far
	read   int // bytes of other texts so far
	c2pa   bool
	found  []Statement
}

// pngPacket is an iTXt chunk with an XMP packet.
type pngPacket struct {
	Range
	packet []byte
}

// scanPNG walks over all chunks and checks their CRCs. A file without IEND gives
// ErrTruncated.
func scanPNG(src io.ReaderAt, size int64) (*pngFile, error) {
	w := &window{src: src, size: size}
	head, err := w.at(0, len(pngSignature))
	if err != nil {
		return nil, err
	}
	if string(head) != pngSignature {
		return nil, fmt.Errorf("no PNG signature: %w", ErrMalformed)
	}
	p := &pngFile{size: size}
	image := false
	for off := int64(len(pngSignature)); ; {
		kind, length, err := pngHeader(w, off)
		if err != nil {
			return nil, err
		}
		end := off + 12 + length
		switch {
		case p.insert == 0 && kind != "IHDR":
			return nil, fmt.Errorf("PNG without IHDR: %w", ErrMalformed)
		case p.insert == 0:
			p.insert = end
		}
		image = image || kind == "IDAT"
		if err := p.chunk(w, kind, Range{off, end - off}); err != nil {
			return nil, err
		}
		if kind == "IEND" && !image {
			return nil, fmt.Errorf("PNG without an image: %w", ErrMalformed)
		} else if kind == "IEND" {
			return p, nil
		}
		off = end
	}
}

// pngHeader reads the type and the data length of the chunk at off, and checks
// that its data has the right CRC.
func pngHeader(w *window, off int64) (kind string, length int64, err error) {
	b, err := w.at(off, 8)
	if err != nil {
		return "", 0, err
	}
	kind, length = string(b[4:]), int64(binary.BigEndian.Uint32(b))
	if length > pngMaxLength {
		return "", 0, fmt.Errorf("PNG chunk at byte %d: %w", off, ErrMalformed)
	}
	sum := crc32.ChecksumIEEE(b[4:])
	const look = 64 << 10
	for at, end := off+8, off+8+length; at < end; at += look {
		if b, err = w.at(at, int(min(look, end-at))); err != nil {
			return "", 0, err
		}
		sum = crc32.Update(sum, crc32.IEEETable, b)
	}
	if b, err = w.at(off+8+length, 4); err != nil {
		return "", 0, err
	}
	if binary.BigEndian.Uint32(b) != sum {
		return "", 0, fmt.Errorf("PNG chunk %q at byte %d has a wrong CRC: %w", kind, off, ErrMalformed)
	}
	return kind, length, nil
}

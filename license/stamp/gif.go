package stamp

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"commonseed/license"
)

// gifStamper stamps GIF images with an XMP packet in an application extension
// (XMP part 3 §1.1.2; GIF89a §26). It stands right before the trailer: players
// look for the count of repeats behind the header, where it must stay the first.
type gifStamper struct{}

const (
	gifApplicationXMP = "XMP DataXMP"
	gifMaxBlocks      = 1 << 20
	gifMaxXMPs        = 16
	gifMaxComment     = 1 << 20 // bytes of comments that are read
)

// gifMagic ends a packet (XMP part 3 §1.1.2): for readers that take it for a row
// of counted blocks, it leads from any of its bytes to its end.
var gifMagic = func() []byte {
	b := []byte{1}
	for i := 255; i >= 0; i-- {
		b = append(b, byte(i))
	}
	return append(b, 0)
}()

func (gifStamper) Format() string { return "gif" }

func (gifStamper) Places() []string { return xmpWritten }

func (gifStamper) Sniff(head []byte) bool {
	return bytes.HasPrefix(head, []byte("GIF87a")) || bytes.HasPrefix(head, []byte("GIF89a"))
}

// gifFile is what a walk over the blocks of a file found.
type gifFile struct {
	size    int64
	old     bool      // it is a GIF87a, which knows no extensions
	packets []gifPart // application extensions with XMP
	trailer int64     // offset
	texts   int
	c2pa    bool
	found   []Statement
}

type gifPart struct {
	Range
	packet []byte
}

// gifWalk is a walk, at off.
type gifWalk struct {
	w   *window
	off int64
	*gifFile
}

func (gifStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	g := &gifWalk{w: &window{src: src, size: size}, gifFile: &gifFile{size: size}}
	head, err := g.w.at(0, 13)
	if err != nil {
		return nil, err
	}
	g.old = string(head[3:6]) == "87a"
	g.off = 13 + gifColours(head[10])
	images := 0
	for range gifMaxBlocks {
		mark, err := g.w.at(g.off, 1)
		if err != nil {
			return nil, err
		}
		switch mark[0] {
		case 0x2c:
			images, err = images+1, g.image()
		case 0x21:
			err = g.extension()
		case 0x3b:
			if g.trailer = g.off; images == 0 {
				return nil, malformed("GIF without an image")
			}
			return g.gifFile, nil
		default:
			err = fmt.Errorf("GIF block %#x at byte %d: %w", mark[0], g.off, ErrMalformed)
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, &UnsupportedError{"gif", "it has too many blocks"}
}

// gifColours is the size of a table of colours, as flags tell it (GIF89a §18, §20).
func gifColours(flags byte) int64 {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// image skips a picture (GIF89a §20 to §22).
func (g *gifWalk) image() error {
	b, err := g.w.at(g.off, 10)
	if err != nil {
		return err
	}
	g.off += 10 + gifColours(b[9]) + 1
	return g.blocks(nil)
}

// blocks walks over counted blocks up to the empty one; it shows each to visit.
func (g *gifWalk) blocks(visit func(block []byte)) error {
	for {
		b, err := g.w.at(g.off, 1)
		if err != nil {
			return err
		}
		n := int(b[0])
		if visit != nil && n > 0 {
			if b, err = g.w.at(g.off+1, n); err != nil {
				return err
			}
			visit(b)
		}
		if g.off += 1 + int64(n); n == 0 {
			return nil
		}
	}
}

// extension takes note of an extension (GIF89a §24 to §26).
func (g *gifWalk) extension() error {
	start := g.off
	b, err := g.w.at(start, 2)
	if err != nil {
		return err
	}
	g.off += 2
	switch b[1] {
	case 0xfe:
		var text []byte
		err := g.blocks(func(block []byte) {
			if g.texts += len(block); g.texts <= gifMaxComment {
				text = append(text, block...)
			}
		})
		g.found = append(g.found, mentions("GIF comment", strings.ToValidUTF8(string(text), "\ufffd"))...)
		return err
	case 0xff:
		if id, err := g.w.at(g.off, 12); err == nil && id[0] == 11 {
			switch string(id[1:]) {
			case gifApplicationXMP:
				return g.xmp(start)
			case "C2PA_GIF\x01\x00\x00":
				g.c2pa = true
			}
		}
	}
	return g.blocks(nil)
}

// xmp reads a packet: it stands there as it is, not in counted blocks.
func (g *gifWalk) xmp(start int64) error {
	from := start + 14
	end := from
	const look = 64 << 10
	for {
		n := int(min(look, g.size-end))
		if n < len(gifMagic) {
			return fmt.Errorf("GIF with an XMP packet that does not end: %w", ErrTruncated)
		}
		b, err := g.w.at(end, n)
		if err != nil {
			return err
		}
		if at := bytes.Index(b, gifMagic); at >= 0 {
			end += int64(at)
			break
		}
		if end += int64(n - len(gifMagic) + 1); end-from > maxXMP {
			return &UnsupportedError{"gif", fmt.Sprintf("its XMP packet is larger than %d MiB", maxXMP>>20)}
		}
	}
	if len(g.packets) == gifMaxXMPs {
		return malformed("GIF with too many XMP packets")
	}
	packet, err := readAt(g.w.src, from, int(end-from))
	if err != nil {
		return err
	}
	g.off = end + int64(len(gifMagic))
	g.packets = append(g.packets, gifPart{Range{start, g.off - start}, packet})
	g.found = append(g.found, xmpStatements(packet)...)
	return nil
}

func (f *gifFile) Statements() ([]Statement, error) { return f.found, nil }

func (f *gifFile) Patch(n license.Notice) (Patch, error) {
	if f.c2pa {
		return nil, &UnsupportedError{"gif", "it carries a content credential (C2PA), which a stamp would break"}
	}
	packets := f.packets
	if len(packets) == 0 {
		packets = []gifPart{{Range: Range{Off: f.trailer}}}
	}
	var cuts []splice
	if f.old { // extensions are of GIF89a, which is otherwise the same
		cuts = append(cuts, splice{3, 6, []byte("89a")})
	}
	for _, p := range packets {
		merged, err := xmpMerge(p.packet, n)
		if err != nil {
			return nil, err
		}
		if bytes.Contains(merged, gifMagic[:3]) {
			return nil, &UnsupportedError{"gif", "its XMP packet holds what would end it"}
		}
		block := append([]byte("\x21\xff\x0b"+gifApplicationXMP), merged...)
		cuts = append(cuts, splice{p.Off, p.Off + p.Len, append(block, gifMagic...)})
	}
	return splicePatch(cuts, f.size)
}

// Essence is all of the file but the packets and the version.
func (f *gifFile) Essence() ([]Range, error) {
	holes := []Range{{3, 3}}
	for _, p := range f.packets {
		holes = append(holes, p.Range)
	}
	return between(holes, f.size), nil
}

package stamp

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// chunk takes note of a chunk that says something about rights.
func (p *pngFile) chunk(w *window, kind string, whole Range) error {
	length := whole.Len - 12
	switch kind {
	case "caBX": // C2PA 2.1 §A.3.2
		p.c2pa = true
		return nil
	case "tEXt", "zTXt", "iTXt", "eXIf":
	default:
		return nil
	}
	head, err := w.at(whole.Off+8, int(min(length, int64(len(pngXMPKeyword)))))
	if err != nil {
		return err
	}
	xmp := kind == "iTXt" && string(head) == pngXMPKeyword
	if length > pngMaxText {
		if xmp {
			return &UnsupportedError{"png", fmt.Sprintf("its XMP packet is larger than %d MiB", maxXMP>>20)}
		}
		return nil
	}
	data, err := readAt(w.src, whole.Off+8, int(length))
	switch {
	case err != nil:
		return err
	case xmp:
		return p.addXMP(whole, data)
	case kind == "eXIf": // PNG §11.3.3.5
		p.found = append(p.found, exifStatements(data)...)
	case p.read < pngMaxRead:
		found, read := pngStatements(kind, data, pngMaxRead-p.read)
		p.found, p.read = append(p.found, found...), p.read+read
	}
	return nil
}

func (p *pngFile) addXMP(whole Range, data []byte) error {
	if len(p.xmp) == pngMaxXMPs {
		return fmt.Errorf("PNG with more than %d XMP packets: %w", pngMaxXMPs, ErrMalformed)
	}
	_, packet, err := pngText("iTXt", data, pngMaxPackets+1)
	if err != nil {
		return err
	}
	if p.packed += len(packet); p.packed > pngMaxPackets {
		return &UnsupportedError{"png", fmt.Sprintf("its XMP is larger than %d MiB", pngMaxPackets>>20)}
	}
	p.xmp = append(p.xmp, pngPacket{whole, packet})
	p.found = append(p.found, xmpStatements(packet)...)
	return nil
}

// pngText reads the keyword of a text chunk and its bytes, limit of them at most:
// tEXt and zTXt are Latin-1, iTXt is UTF-8 (PNG §11.3.3).
func pngText(kind string, data []byte, limit int) (keyword string, text []byte, err error) {
	key, rest, ok := bytes.Cut(data, []byte{0})
	broken := fmt.Errorf("PNG %s chunk %q: %w", kind, shorten(string(key)), ErrMalformed)
	if !ok {
		return "", nil, broken
	}
	packed := kind == "zTXt"
	if kind == "iTXt" {
		if len(rest) < 2 || rest[0] > 1 {
			return "", nil, broken
		}
		packed = rest[0] == 1
		rest = rest[1:] // the method follows, as in zTXt
	}
	if kind != "tEXt" {
		if len(rest) < 1 || packed && rest[0] != 0 {
			return "", nil, broken
		}
		rest = rest[1:]
	}
	if kind == "iTXt" {
		parts := bytes.SplitN(rest, []byte{0}, 3) // language, translated keyword, text
		if len(parts) < 3 {
			return "", nil, broken
		}
		rest = parts[2]
	}
	if packed {
		rest, err = pngInflate(rest, limit)
	}
	return latin1(key), rest[:min(len(rest), limit)], err
}

// pngInflate unpacks the first bytes of a text.
func pngInflate(b []byte, limit int) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("compressed PNG text: %w: %w", err, ErrMalformed)
	}
	var out bytes.Buffer
	if _, err := io.Copy(&out, io.LimitReader(z, int64(limit))); err != nil {
		return nil, fmt.Errorf("compressed PNG text: %w: %w", err, ErrMalformed)
	}
	return out.Bytes(), nil
}

// pngStatements reads a text chunk, and answers how many bytes its text has, of
// which limit are read. One that cannot be read says nothing.
func pngStatements(kind string, data []byte, limit int) ([]Statement, int) {
	keyword, text, err := pngText(kind, data, limit)
	if err != nil {
		return nil, len(data)
	}
	return pngSays(kind, keyword, text), len(text) + len(keyword)
}

func pngSays(kind, keyword string, text []byte) []Statement {
	if profile, ok := strings.CutPrefix(keyword, "Raw profile type "); ok {
		return rawProfile(profile, text)
	}
	text = text[:min(len(text), maxText)]
	value := strings.ToValidUTF8(string(text), "\ufffd")
	if kind != "iTXt" {
		value = latin1(text)
	}
	place := "PNG " + kind + " " + keyword
	switch strings.ToLower(keyword) {
	case "copyright", "license", "licence", "rights": // the first is PNG's own (§11.3.3.1)
		return statements(place, value)
	}
	return mentions(place, value)
}

// rawProfile reads metadata as ImageMagick keeps it: the name, the length, and
// the block of another format in hexadecimal digits, on lines.
func rawProfile(name string, text []byte) []Statement {
	lines := strings.SplitN(strings.TrimLeft(string(text), "\n"), "\n", 3)
	if len(lines) < 3 {
		return nil
	}
	block, err := hex.DecodeString(strings.Join(strings.Fields(lines[2]), ""))
	if err != nil {
		return nil
	}
	var st []Statement
	switch strings.ToLower(name) {
	case "exif", "app1":
		st = exifStatements(bytes.TrimPrefix(block, []byte("Exif\x00\x00")))
		st = append(st, xmpStatements(bytes.TrimPrefix(block, []byte(jpegXMP)))...)
	case "xmp":
		st = xmpStatements(block)
	case "iptc", "8bim":
		st = append(iptcStatements(block), iimStatements(block)...)
	}
	for i := range st {
		st[i].Place += " (raw profile)"
	}
	return st
}

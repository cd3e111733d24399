package stamp

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"commonseed/license"
)

// What ID3 frames say about rights, and the frames that hold a notice. The
// Creative Commons wiki (ID3) asks for WCOP; players show TXXX:LICENSE; both hold
// the licence URL. WOAF leads to the release page, TCOP is for people.

const (
	placeWCOP = "ID3 WCOP"
	placeTXXX = "ID3 TXXX:LICENSE"
	placeWOAF = "ID3 WOAF"
	placeTCOP = "ID3 TCOP"
)

// id3v22 gives the later names of the ID3v2.2 frames that are read here.
var id3v22 = map[string]string{
	"WCP": "WCOP", "TXX": "TXXX", "WAF": "WOAF", "TCR": "TCOP",
	"COM": "COMM", "ULT": "USLT", "WXX": "WXXX",
}

// name is the frame's name in ID3v2.3 and later.
func (f *id3Frame) name() string {
	if len(f.id) == 3 {
		if later, ok := id3v22[f.id]; ok {
			return later
		}
	}
	return f.id
}

// ours says whether a stamp replaces the frame.
func (t *id3Tag) ours(f *id3Frame, page bool) (bool, error) {
	switch f.name() {
	case "WCOP", "TCOP":
	case "WOAF":
		return page, nil // without a page, the creator's own stays
	case "TXXX":
		content, err := t.content(f)
		if err != nil {
			return false, nil // cannot be ours
		}
		description, _ := splitText(content)
		return strings.EqualFold(description, "LICENSE"), nil
	default:
		return false, nil
	}
	if _, err := t.content(f); errors.Is(err, errEncrypted) {
		return false, &UnsupportedError{"mp3", fmt.Sprintf("its %s frame is encrypted", f.id)}
	}
	return true, nil
}

// statements lists what the tag says about rights.
func (t *id3Tag) statements() []Statement {
	var st []Statement
	for i := range t.frames {
		f := &t.frames[i]
		if name := f.name(); name[0] != 'T' && name[0] != 'W' && name != "COMM" && name != "USER" && name != "USLT" && name != "PRIV" {
			continue
		}
		if content, err := t.content(f); err == nil {
			st = append(st, frameStatements(f.name(), content)...)
		}
	}
	return st
}

// frameStatements reads one frame (ID3v2.4 §4.2, §4.3, §4.8, §4.10, §4.22, §4.27).
func frameStatements(name string, content []byte) []Statement {
	switch name {
	case "WCOP", "WOAF":
		return statements("ID3 "+name, urlText(content))
	case "TCOP", "USER":
		if name == "USER" {
			content = withoutLanguage(content)
		}
		return statements("ID3 "+name, decodeText(content))
	case "TXXX":
		description, value := splitText(content)
		if strings.EqualFold(description, "LICENSE") {
			return statements(placeTXXX, value)
		}
		return mentions("ID3 TXXX:"+shorten(oneLine(description)), value)
	case "COMM", "USLT":
		_, text := splitText(withoutLanguage(content))
		return mentions("ID3 "+name, text)
	case "WXXX":
		_, url := splitText(content)
		return mentions("ID3 WXXX", url)
	case "PRIV": // Adobe's programs keep XMP in it
		owner, packet, _ := bytes.Cut(content, []byte{0})
		if string(owner) != "XMP" {
			return nil
		}
		return xmpStatements(packet)
	}
	if name[0] == 'W' {
		return mentions("ID3 "+name, urlText(content))
	}
	return mentions("ID3 "+oneLine(name), decodeText(content))
}

// maxContent bounds how much of a frame is read: a text of maxText bytes in
// UTF-16, with its description.
const maxContent = 4 * maxText

// maxInflated bounds how often compressed frames of a tag are unpacked.
const maxInflated = 16

// errEncrypted marks a frame that nobody can read without its key.
var errEncrypted = errors.New("frame is encrypted")

// content undoes what the flags of a frame say was done to it (ID3v2.3 §3.3.1,
// ID3v2.4 §4.1.2). It gives the first maxContent bytes at most.
func (t *id3Tag) content(f *id3Frame) ([]byte, error) {
	var extra int
	var compressed, encrypted, unsync bool
	switch t.version {
	case 3:
		compressed, encrypted = f.flags[1]&0x80 != 0, f.flags[1]&0x40 != 0
		extra = 4*flag(f.flags[1], 0x80) + flag(f.flags[1], 0x40) + flag(f.flags[1], 0x20)
	case 4:
		compressed, encrypted = f.flags[1]&0x08 != 0, f.flags[1]&0x04 != 0
		unsync = f.flags[1]&0x02 != 0 || t.flags&id3Unsync != 0
		extra = flag(f.flags[1], 0x40) + flag(f.flags[1], 0x04) + 4*flag(f.flags[1], 0x01)
	}
	if encrypted {
		return nil, errEncrypted
	}
	body := f.body
	if unsync {
		body = resynchronise(body[:min(len(body), maxID3)])
	}
	if len(body) < extra {
		return nil, fmt.Errorf("ID3 frame %s: %w", f.id, ErrMalformed)
	}
	body = body[extra:]
	if compressed {
		if t.inflated++; t.inflated > maxInflated {
			return nil, fmt.Errorf("more than %d compressed ID3 frames: %w", maxInflated, ErrMalformed)
		}
		return inflateFrame(body)
	}
	return body[:min(len(body), maxContent)], nil
}

func flag(b, mask byte) int {
	if b&mask != 0 {
		return 1
	}
	return 0
}

// inflateFrame reads a zlib stream, maxContent bytes of it at most.
func inflateFrame(b []byte) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("compressed ID3 frame: %w", ErrMalformed)
	}
	out, err := io.ReadAll(io.LimitReader(z, maxContent))
	if err != nil {
		return nil, fmt.Errorf("compressed ID3 frame: %w", ErrMalformed)
	}
	return out, nil
}

// decodeText reads a text field: one byte for the encoding, then the text
// (ID3v2.4 §4). Several values are separated by NUL; here by a new line.
func decodeText(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	text := decodeString(b[0], b[1:])
	return strings.ReplaceAll(strings.TrimRight(text, "\x00"), "\x00", "\n")
}

// splitText reads a text field that begins with a description.
func splitText(b []byte) (description, text string) {
	if len(b) == 0 {
		return "", ""
	}
	enc, b := b[0], b[1:]
	if enc == 0 || enc == 3 {
		d, rest, _ := bytes.Cut(b, []byte{0})
		return decodeString(enc, d), decodeText(append([]byte{enc}, rest...))
	}
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return decodeString(enc, b[:i]), decodeText(append([]byte{enc}, b[i+2:]...))
		}
	}
	return decodeString(enc, b), ""
}

// withoutLanguage drops the language code behind the encoding byte.
func withoutLanguage(b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	return append([]byte{b[0]}, b[4:]...)
}

// decodeString reads ISO-8859-1 (0), UTF-16 with (1) or without (2) a byte order
// mark, or UTF-8 (3).
func decodeString(enc byte, b []byte) string {
	switch enc {
	case 1, 2:
		return decodeUTF16(b)
	case 3:
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	return latin1(b)
}

// urlText reads a URL field, which ends at a NUL.
func urlText(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return latin1(b)
}

func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// decodeUTF16 reads big endian UTF-16, or what a byte order mark says.
func decodeUTF16(b []byte) string {
	var order binary.ByteOrder = binary.BigEndian
	if len(b) >= 2 && b[0] == 0xff && b[1] == 0xfe {
		order, b = binary.LittleEndian, b[2:]
	} else if len(b) >= 2 && b[0] == 0xfe && b[1] == 0xff {
		b = b[2:]
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	// Each of several values may begin with a mark of its own.
	return strings.ReplaceAll(string(utf16.Decode(units)), "\ufeff", "")
}

// noticeFrames writes the frames that hold a notice: three with links, and the
// text for people.
func (t *id3Tag) noticeFrames(n license.Notice) (links, text []byte) {
	url := asciiURL(n.License.URL)
	links = t.frame("WCOP", "WCP", []byte(url))
	if page := pageURL(n); page != "" {
		links = append(links, t.frame("WOAF", "WAF", []byte(page))...)
	}
	links = append(links, t.frame("TXXX", "TXX", []byte("\x00LICENSE\x00"+url))...)
	return links, t.frame("TCOP", "TCR", t.encodeText(oneLine(n.Copyright())))
}

// encodeText writes a text field. ASCII is written as such, because old readers
// disagree about ISO-8859-1; the rest as UTF-8 where it is allowed (ID3v2.4).
func (t *id3Tag) encodeText(s string) []byte {
	switch {
	case strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0:
		return append([]byte{0}, s...)
	case t.version == 4:
		return append([]byte{3}, s...)
	}
	b := []byte{1, 0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

// frame writes one frame under its name for the version of the tag.
func (t *id3Tag) frame(name, v22 string, body []byte) []byte {
	var b []byte
	switch n := len(body); t.version {
	case 2:
		b = append([]byte(v22), byte(n>>16), byte(n>>8), byte(n))
	case 3:
		b = append(binary.BigEndian.AppendUint32([]byte(name), uint32(n)), 0, 0)
	default:
		// What we write in ID3v2.4 has no 0xFF: it is unsynchronised as it is.
		b = append(appendSyncsafe([]byte(name), int64(n)), 0, t.flags&id3Unsync>>6)
	}
	b = append(b, body...)
	if t.unsync() {
		return unsynchronise(b)
	}
	return b
}

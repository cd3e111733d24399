package stamp

import (
	"encoding/binary"
	"fmt"
	"strings"

	"commonseed/license"
)

// The comment list of FLAC, Vorbis and Opus (Xiph, "Ogg Vorbis I format
// specification: comment field and header specification"): LICENSE and COPYRIGHT
// are field names of that specification; CONTACT holds the release page.

const (
	placeVorbisLicense   = "Vorbis LICENSE"
	placeVorbisCopyright = "Vorbis COPYRIGHT"
	placeVorbisContact   = "Vorbis CONTACT"
)

func vorbisPlaces() []string {
	return []string{placeVorbisLicense, placeVorbisCopyright, placeVorbisContact}
}

// vendor names the maker of a comment list that commonseed made.
const vendor = "commonseed"

// maxComments bounds the number of comments in a list.
const maxComments = 1 << 16

// vorbisComments is a comment list. All parts point into the bytes it was read from.
type vorbisComments struct {
	vendor   []byte
	comments [][]byte
	trailing []byte // what follows the list: the framing bit of Vorbis, padding
}

// parseVorbisComments reads a list: lengths are 32 bit, little endian.
func parseVorbisComments(b []byte) (*vorbisComments, error) {
	var c vorbisComments
	var ok bool
	if c.vendor, b, ok = cutLength(b); !ok || len(b) < 4 {
		return nil, fmt.Errorf("vendor of the comments: %w", ErrMalformed)
	}
	count := binary.LittleEndian.Uint32(b)
	b = b[4:]
	if count > maxComments || int64(count)*4 > int64(len(b)) {
		return nil, fmt.Errorf("%d comments in %d bytes: %w", count, len(b), ErrMalformed)
	}
	for i := range count {
		var comment []byte
		if comment, b, ok = cutLength(b); !ok {
			return nil, fmt.Errorf("comment %d of %d: %w", i+1, count, ErrMalformed)
		}
		c.comments = append(c.comments, comment)
	}
	c.trailing = b
	return &c, nil
}

// cutLength cuts off a run of bytes that its length precedes.
func cutLength(b []byte) (run, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, b, false
	}
	n := int64(binary.LittleEndian.Uint32(b))
	b = b[4:]
	if n > int64(len(b)) {
		return nil, b, false
	}
	return b[:n:n], b[n:], true
}

// marshal writes the list with what followed it.
func (c *vorbisComments) marshal() []byte {
	b := appendLength(nil, c.vendor)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(c.comments)))
	for _, comment := range c.comments {
		b = appendLength(b, comment)
	}
	return append(b, c.trailing...)
}

func appendLength(b, run []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(run)))
	return append(b, run...)
}

// set puts the notice into the list: what it replaces goes, the new comments
// stand at the end, and everything else keeps its bytes and its order.
func (c *vorbisComments) set(n license.Notice) {
	fields := [][2]string{
		{"LICENSE", n.License.URL},
		{"COPYRIGHT", oneLine(n.Copyright())},
	}
	if page := pageURL(n); page != "" { // without a page, the creator's own contact stays
		fields = append(fields, [2]string{"CONTACT", page})
	}
	kept := make([][]byte, 0, len(c.comments)+len(fields))
	for _, comment := range c.comments {
		name, _ := fieldOf(comment)
		var ours bool
		for _, f := range fields {
			ours = ours || f[0] == name
		}
		if !ours {
			kept = append(kept, comment)
		}
	}
	for _, f := range fields {
		kept = append(kept, []byte(f[0]+"="+f[1]))
	}
	c.comments = kept
}

// fieldOf splits a comment into its name, in upper case, and its value. The
// names of the specification are ASCII, their case does not count.
func fieldOf(comment []byte) (name, value string) {
	const longest = 256
	for i := 0; i < len(comment) && i < longest; i++ {
		if comment[i] == '=' {
			value := comment[i+1:]
			value = value[:min(len(value), maxText)]
			return strings.ToUpper(string(comment[:i])), strings.ToValidUTF8(string(value), "\ufffd")
		}
	}
	return "", ""
}

// statements lists what the comments say about rights.
func (c *vorbisComments) statements() []Statement {
	var st []Statement
	for _, comment := range c.comments {
		name, value := fieldOf(comment)
		switch name {
		case "LICENSE", "COPYRIGHT", "CONTACT":
			st = append(st, statements("Vorbis "+name, value)...)
		case "METADATA_BLOCK_PICTURE", "COVERART": // base64
		default:
			st = append(st, mentions("Vorbis "+oneLine(name), value)...)
		}
	}
	return st
}

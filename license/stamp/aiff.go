package stamp

import (
	"encoding/binary"
	"io"
	"strings"

	"commonseed/license"
)

// aiffStamper stamps AIFF and AIFF-C files (Apple, 1989 and 1991) with an ID3 tag
// in a chunk, as players of music write and read it.
type aiffStamper struct{}

func (aiffStamper) Format() string { return "aiff" }

func (aiffStamper) Places() []string { return mp3Stamper{}.Places() }

func (aiffStamper) Sniff(head []byte) bool {
	return len(head) >= 12 && string(head[:4]) == "FORM" && (string(head[8:12]) == "AIFF" || string(head[8:12]) == "AIFC")
}

type aiffFile struct{ *riffFile }

func (aiffStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	f, err := openRIFF("aiff", src, size, binary.BigEndian)
	if err != nil {
		return nil, err
	}
	return aiffFile{f}, f.few(aiffChanges)
}

// aiffChanges says which chunks a stamp may change.
func aiffChanges(c riffChunk) bool { return c.id == "ID3 " || c.id == "id3 " }

// Statements reads the copyright chunk, which names itself with a sign of ASCII,
// and what the other texts mention.
func (f aiffFile) Statements() ([]Statement, error) {
	var st []Statement
	for _, c := range f.find("(c) ", "NAME", "AUTH", "ANNO", "COMT") {
		text, err := readAt(f.src, c.off+8, int(min(c.body().Len, maxText)))
		if err != nil {
			return nil, err
		}
		said := strings.TrimRight(latin1(text), "\x00")
		if c.id == "(c) " {
			st = append(st, statements("AIFF copyright", said)...)
		} else {
			st = append(st, mentions("AIFF "+c.id, said)...)
		}
	}
	tags, err := f.tagStatements(f.find("ID3 ", "id3 "))
	return append(st, tags...), err
}

func (f aiffFile) Patch(n license.Notice) (Patch, error) {
	if len(f.find("COMM")) == 0 || len(f.find("SSND")) == 0 {
		return nil, malformed("AIFF without sound")
	}
	changes, err := f.tagChanges(n, "ID3 ", "id3 ")
	if err != nil {
		return nil, err
	}
	return f.patch(changes)
}

// Essence is everything but the tag.
func (f aiffFile) Essence() ([]Range, error) {
	return f.without(aiffChanges), nil
}

package stamp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"commonseed/license"
)

// infoList is a LIST chunk of the kind INFO: texts, each under four letters.
type infoList []infoText

// infoText is one of the texts, with its header and pad byte as they stand there.
type infoText struct {
	id   string
	text []byte
	raw  []byte
}

// malformed is an error for a file whose parts do not make a whole.
func malformed(what string) error { return fmt.Errorf("%s: %w", what, ErrMalformed) }

// info reads the texts of a list.
func (f *riffFile) info(c riffChunk) (infoList, error) {
	data, err := f.read(c, maxRIFFText)
	if err != nil {
		return nil, err
	}
	var list infoList
	for rest := data[4:]; len(rest) > 0; {
		if len(rest) < 8 {
			if len(strings.Trim(string(rest), "\x00")) == 0 {
				break // padding
			}
			return nil, malformed("WAV list of texts")
		}
		length := int64(binary.LittleEndian.Uint32(rest[4:]))
		if length > int64(len(rest)-8) {
			return nil, malformed(fmt.Sprintf("WAV text %q", rest[:4]))
		}
		whole := min(8+length+length&1, int64(len(rest)))
		list = append(list, infoText{string(rest[:4]), rest[8 : 8+length], rest[:whole]})
		rest = rest[whole:]
	}
	return list, nil
}

// statements lists what the texts say. They have no encoding of their own: most
// writers use UTF-8, older ones that of their system.
func (l infoList) statements() []Statement {
	var st []Statement
	for _, t := range l {
		text := strings.TrimRight(string(t.text), "\x00")
		if !utf8.ValidString(text) {
			text = latin1([]byte(text))
		}
		if t.id == "ICOP" {
			st = append(st, statements(placeICOP, text)...)
		} else {
			st = append(st, mentions("INFO "+oneLine(t.id), text)...)
		}
	}
	return st
}

// infoChanges puts the copyright into the first list, and takes it out of others.
func (f wavFile) infoChanges(n license.Notice) ([]riffChange, error) {
	ours := f.newChunk("ICOP", append([]byte(oneLine(n.Copyright())), 0))
	var changes []riffChange
	for _, c := range f.chunks {
		if c.listKind != "INFO" {
			continue
		}
		list, err := f.info(c)
		if err != nil {
			return nil, err
		}
		data := []byte("INFO")
		for _, t := range list {
			if t.id == "ICOP" {
				continue
			}
			data = append(data, t.raw...)
			if len(data)&1 == 1 { // the pad byte of the last was missing
				data = append(data, 0)
			}
		}
		if len(changes) == 0 {
			data = append(data, ours...)
		}
		changes = append(changes, riffChange{&c, "LIST", data})
	}
	if changes == nil {
		changes = []riffChange{{nil, "LIST", slices.Concat([]byte("INFO"), ours)}}
	}
	return changes, nil
}

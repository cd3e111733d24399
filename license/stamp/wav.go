package stamp

import (
	"encoding/binary"
	"io"
	"strings"

	"commonseed/license"
)

// wavStamper stamps WAV files. No reader reads all places, so a notice stands in
// three: the INFO list, of which ffmpeg reads the copyright, an ID3 tag, which
// editors and players of music read, and an XMP packet (XMP part 3 §1.2.3).
type wavStamper struct{}

const placeICOP = "INFO ICOP"

func (wavStamper) Format() string { return "wav" }

func (wavStamper) Places() []string {
	return append(append([]string{placeICOP}, mp3Stamper{}.Places()...), xmpWritten...)
}

// Sniff also knows the variants for more than 4 GiB, to refuse them.
func (wavStamper) Sniff(head []byte) bool {
	if len(head) < 12 || string(head[8:12]) != "WAVE" {
		return false
	}
	mark := string(head[:4])
	return mark == "RIFF" || mark == "RF64" || mark == "BW64"
}

// wavFile is a file; refused says why it cannot be stamped, though it may be read.
type wavFile struct {
	*riffFile
	refused error
}

func (wavStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	mark, err := readAt(src, 0, 4)
	if err != nil {
		return nil, err
	}
	if string(mark) != "RIFF" { // EBU Tech 3306, ITU-R BS.2088: lengths of 64 bits
		f := &riffFile{format: "wav", src: src, size: size, order: binary.LittleEndian}
		return wavFile{f, &UnsupportedError{"wav", "it is an " + string(mark) + " file, for more than 4 GiB"}}, nil
	}
	f, err := openRIFF("wav", src, size, binary.LittleEndian)
	if f == nil {
		return nil, err
	}
	if len(f.find("C2PA")) > 0 {
		err = &UnsupportedError{"wav", "it carries a content credential (C2PA), which a stamp would break"}
	}
	if tooMany := f.few(wavChanges); tooMany != nil {
		return nil, tooMany
	}
	return wavFile{f, err}, nil
}

// wavChanges says which chunks a stamp may change.
func wavChanges(c riffChunk) bool {
	return c.listKind == "INFO" || c.id == "id3 " || c.id == "ID3 " || c.id == "_PMX"
}

func (f wavFile) Statements() ([]Statement, error) {
	var st []Statement
	for _, c := range f.chunks {
		switch {
		case c.listKind == "INFO":
			info, err := f.info(c)
			if err != nil {
				return nil, err
			}
			st = append(st, info.statements()...)
		case c.id == "_PMX":
			packet, err := f.read(c, maxXMP)
			if err != nil {
				return nil, err
			}
			st = append(st, xmpStatements(packet)...)
		case c.id == "bext" || c.id == "iXML" || c.id == "axml":
			text, err := readAt(f.src, c.off+8, int(min(c.body().Len, maxText)))
			if err != nil {
				return nil, err
			}
			text = []byte(strings.ReplaceAll(string(text), "\x00", " "))
			st = append(st, mentions("WAV "+c.id, strings.ToValidUTF8(string(text), "\ufffd"))...)
		}
	}
	tags, err := f.tagStatements(f.find("id3 ", "ID3 "))
	return append(st, tags...), err
}

func (f wavFile) Patch(n license.Notice) (Patch, error) {
	if f.refused != nil {
		return nil, f.refused
	}
	if len(f.find("fmt ")) == 0 || len(f.find("data")) == 0 {
		return nil, malformed("WAV without sound")
	}
	info, err := f.infoChanges(n)
	if err != nil {
		return nil, err
	}
	tags, err := f.tagChanges(n, "id3 ", "ID3 ")
	if err != nil {
		return nil, err
	}
	packets, err := f.packetChanges(n, "_PMX")
	if err != nil {
		return nil, err
	}
	return f.patch(append(append(info, tags...), packets...))
}

// Essence is everything else: format and sound, cues, loops, broadcast metadata.
func (f wavFile) Essence() ([]Range, error) {
	if f.refused != nil {
		return nil, f.refused
	}
	return f.without(wavChanges), nil
}

// tagChanges puts the notice into the ID3 tags in chunks of some ids, or into a new one.
func (f *riffFile) tagChanges(n license.Notice, ids ...string) ([]riffChange, error) {
	var changes []riffChange
	for _, c := range f.find(ids...) {
		tag, err := f.readTag(c)
		if err != nil {
			return nil, err
		}
		if tag == nil {
			tag = &id3Tag{version: 3}
		}
		data, err := f.tagBytes(tag, n)
		if err != nil {
			return nil, err
		}
		changes = append(changes, riffChange{&c, c.id, data})
	}
	if changes != nil {
		return changes, nil
	}
	data, err := f.tagBytes(&id3Tag{version: 3}, n)
	return []riffChange{{nil, ids[0], data}}, err
}

func (f *riffFile) tagBytes(tag *id3Tag, n license.Notice) ([]byte, error) {
	p, err := tag.patch(n)
	if err != nil {
		return nil, f.named(err)
	}
	return readAt(p.ReaderAt(f.src), 0, int(p.Size()))
}

// packetChanges merges the notice into the XMP packets in chunks of an id, or
// makes one.
func (f *riffFile) packetChanges(n license.Notice, id string) ([]riffChange, error) {
	var changes []riffChange
	for _, c := range f.find(id) {
		packet, err := f.read(c, maxXMP)
		if err != nil {
			return nil, err
		}
		merged, err := xmpMerge(packet, n)
		if err != nil {
			return nil, err
		}
		changes = append(changes, riffChange{&c, id, merged})
	}
	if changes != nil {
		return changes, nil
	}
	merged, err := xmpMerge(nil, n)
	return []riffChange{{nil, id, merged}}, err
}

package stamp

import (
	"bytes"
	"encoding/binary"
	"io"
	"strconv"
	"strings"
)

// Tags at the end of an audio file: ID3v1, APEv2 and Lyrics3. They stay as they
// are; what they say about rights is read.

// trailer is what stands behind the audio.
type trailer struct {
	audioStart int64 // offset
	audioEnd   int64 // offset where the first of the tags begins
	found      []Statement
	id3v2      bool // there is an ID3v2 tag among them
}

// maxTrailers bounds how many tags are peeled off the end of a file.
const maxTrailers = 8

// readTrailer peels tags off the end of a file, whose audio begins behind start.
// What is no tag, or would reach before start, ends it.
func readTrailer(src io.ReaderAt, start, size int64) (trailer, error) {
	t := trailer{audioStart: start, audioEnd: max(start, size)}
	for range maxTrailers {
		from := max(start, t.audioEnd-lyricsMax)
		tail, err := readAt(src, from, int(t.audioEnd-from))
		if err != nil {
			return t, err
		}
		length := t.peel(src, tail)
		if length <= 0 || length > t.audioEnd-start {
			break
		}
		t.audioEnd -= length
	}
	return t, nil
}

// peel answers the length of the tag that ends the tail, or 0.
func (t *trailer) peel(src io.ReaderAt, tail []byte) int64 {
	if n := id3v1Length(tail); n > 0 {
		id3v1 := tail[len(tail)-128:]
		t.found = append(t.found, mentions("ID3v1 comment", urlText(id3v1[97:127]))...)
		return n
	}
	if n := len(tail); n >= 32 && string(tail[n-32:n-24]) == "APETAGEX" {
		return t.peelAPE(src, tail[n-32:])
	}
	if n := len(tail); n >= 10 && string(tail[n-10:n-7]) == "3DI" {
		t.id3v2 = true
		return 0
	}
	return lyricsLength(tail)
}

// id3v1Length knows the tag, and the enhanced one that may stand before it.
func id3v1Length(tail []byte) int64 {
	n := len(tail)
	switch {
	case n < 128 || string(tail[n-128:n-125]) != "TAG":
		return 0
	case n >= 128+227 && string(tail[n-355:n-351]) == "TAG+":
		return 355
	}
	return 128
}

// lyricsMax is more than a Lyrics3 tag of version 1 or any other mark needs.
const lyricsMax = 8 << 10

// lyricsLength knows Lyrics3 (id3.org/Lyrics3, id3.org/Lyrics3v2).
func lyricsLength(tail []byte) int64 {
	n := len(tail)
	switch {
	case bytes.HasSuffix(tail, []byte("LYRICS200")) && n >= 15:
		length, err := strconv.ParseUint(string(tail[n-15:n-9]), 10, 32)
		if err != nil {
			return 0
		}
		return int64(length) + 15
	case bytes.HasSuffix(tail, []byte("LYRICSEND")):
		if at := bytes.LastIndex(tail, []byte("LYRICSBEGIN")); at >= 0 {
			return int64(n - at)
		}
	}
	return 0
}

// maxAPEItems bounds the items that are read.
const maxAPEItems = 1000

// peelAPE reads an APE tag by its footer (Monkey's Audio, APE tag version 2).
func (t *trailer) peelAPE(src io.ReaderAt, footer []byte) int64 {
	length := int64(binary.LittleEndian.Uint32(footer[12:]))
	items := t.audioEnd - length
	if length < 32 || items < t.audioStart {
		return 0
	}
	t.readAPE(src, Range{items, length - 32}, binary.LittleEndian.Uint32(footer[16:]))
	if hasHeader := footer[23]&0x80 != 0; hasHeader {
		length += 32
	}
	return length
}

// readAPE reads the items: lengths, flags, a key that ends in NUL, and the value.
func (t *trailer) readAPE(src io.ReaderAt, r Range, count uint32) {
	const headMax = 8 + 256
	for range min(count, maxAPEItems) {
		head, err := readAt(src, r.Off, int(min(headMax, r.Len)))
		if err != nil || len(head) < 10 {
			return
		}
		length := int64(binary.LittleEndian.Uint32(head))
		key, _, ok := bytes.Cut(head[8:], []byte{0})
		skip := int64(8 + len(key) + 1)
		if !ok || skip+length > r.Len {
			return
		}
		if text := head[4]&6 == 0; text {
			value, err := readAt(src, r.Off+skip, int(min(length, maxText)))
			if err != nil {
				return
			}
			t.found = append(t.found, apeStatements(string(key), string(value))...)
		}
		r.Off, r.Len = r.Off+skip+length, r.Len-skip-length
	}
}

func apeStatements(key, value string) []Statement {
	value = strings.ToValidUTF8(strings.ReplaceAll(value, "\x00", "\n"), "\ufffd")
	switch strings.ToLower(key) {
	case "copyright", "license":
		return statements("APE "+key, value)
	}
	return mentions("APE "+oneLine(key), value)
}

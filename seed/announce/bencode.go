package announce

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/anacrolix/torrent/bencode"
)

// maxDepth bounds lists in lists of what a tracker sends.
const maxDepth = 16

var errBencode = errors.New("is not bencoded")

// eachField hands the fields of a bencoded dictionary to do, each value as it is
// written. Something may follow the dictionary. BEP 3
func eachField(b []byte, do func(key string, value []byte)) error {
	if len(b) == 0 || b[0] != 'd' {
		return errBencode
	}
	b = b[1:]
	for len(b) > 0 && b[0] != 'e' {
		k := valueLen(b, 0)
		if k == 0 || !isText(b) {
			return errBencode
		}
		key, rest := b[:k], b[k:]
		v := valueLen(rest, 0)
		if v == 0 {
			return errBencode
		}
		do(string(text(key)), rest[:v])
		b = rest[v:]
	}
	if len(b) == 0 {
		return errBencode
	}
	return nil
}

// valueLen is the length of the value that b begins with; 0: it is none.
func valueLen(b []byte, depth int) int {
	switch {
	case len(b) == 0 || depth > maxDepth:
		return 0
	case b[0] == 'i':
		return 1 + bytes.IndexByte(b, 'e')
	case isText(b):
		digits := bytes.IndexByte(b[:min(len(b), 10)], ':')
		if digits < 0 {
			return 0
		}
		n, err := strconv.ParseUint(string(b[:digits]), 10, 31)
		if err != nil || int(n) > len(b)-digits-1 {
			return 0
		}
		return digits + 1 + int(n)
	case b[0] != 'l' && b[0] != 'd':
		return 0
	}
	at := 1
	for at < len(b) && b[at] != 'e' {
		n := valueLen(b[at:], depth+1)
		if n == 0 {
			return 0
		}
		at += n
	}
	if at == len(b) {
		return 0
	}
	return at + 1
}

// isText says whether a value is a string.
func isText(v []byte) bool { return len(v) > 0 && '0' <= v[0] && v[0] <= '9' }

// text is what a string holds, nil if the value is none.
func text(v []byte) []byte {
	if !isText(v) {
		return nil
	}
	return v[bytes.IndexByte(v, ':')+1:]
}

// number reads an integer, or answers with something else if the value is none.
func number(v []byte, otherwise int64) int64 {
	if len(v) < 3 || v[0] != 'i' {
		return otherwise
	}
	n, err := strconv.ParseInt(string(v[1:len(v)-1]), 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}

// unmarshalPrefix decodes one bencoded value that more bytes may follow.
func unmarshalPrefix(p []byte, v any) error {
	err := bencode.Unmarshal(p, v)
	if _, trailing := err.(bencode.ErrUnusedTrailingBytes); trailing {
		return nil
	}
	return err
}

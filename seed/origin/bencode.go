package origin

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// maxNesting bounds how deep lists and dictionaries may lie in each other.
const maxNesting = 64

// bencoded reads bencoded values from left to right (BEP 3). It copies nothing: a
// start reads 100,000 .torrent files. After a mistake everything is empty, and err
// is the mistake.
//
//	for b.begin('d'); b.more(); {
//		switch string(b.bytes()) {
//		case "length":
//			n = b.int()
//		default:
//			b.raw()
//		}
//	}
type bencoded struct {
	data  []byte // that is to come
	depth int
	err   error
}

func (b *bencoded) fail(why string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(why, args...)
	}
	b.data = nil
}

// is says whether a value of this kind comes next: 'd', 'l' or 'i'.
func (b *bencoded) is(kind byte) bool { return len(b.data) > 0 && b.data[0] == kind }

// begin enters a dictionary ('d') or list ('l').
func (b *bencoded) begin(kind byte) {
	if !b.is(kind) {
		b.fail("%q is wanted where it does not stand", kind)
		return
	}
	if b.depth++; b.depth > maxNesting {
		b.fail("more than %d levels", maxNesting)
		return
	}
	b.data = b.data[1:]
}

// more says whether another key or item follows, and leaves the dictionary or list
// if not.
func (b *bencoded) more() bool {
	if len(b.data) == 0 {
		b.fail("it ends too early")
		return false
	}
	if !b.is('e') {
		return true
	}
	b.depth--
	b.data = b.data[1:]
	return false
}

// bytes takes a string. It shares memory with the input.
func (b *bencoded) bytes() []byte {
	n, ok := b.number(':')
	if !ok || n < 0 || n > int64(len(b.data)) {
		b.fail("a string is wanted, or goes past the end")
		return nil
	}
	s := b.data[:n:n]
	b.data = b.data[n:]
	return s
}

func (b *bencoded) int() int64 {
	if !b.is('i') {
		b.fail("an integer is wanted")
		return 0
	}
	b.data = b.data[1:]
	n, ok := b.number('e')
	if !ok {
		b.fail("bad integer")
	}
	return n
}

// number takes digits up to end, in the one spelling that a number has.
func (b *bencoded) number(end byte) (n int64, ok bool) {
	i := bytes.IndexByte(b.data[:min(len(b.data), 21)], end) // 20 are the longest number
	if i < 0 {
		return 0, false
	}
	digits := b.data[:i]
	b.data = b.data[i+1:]
	n, err := strconv.ParseInt(string(digits), 10, 64)
	var spelled [20]byte
	return n, err == nil && bytes.Equal(digits, strconv.AppendInt(spelled[:0], n, 10))
}

// raw takes any value as it stands.
func (b *bencoded) raw() []byte {
	start := b.data
	b.skip()
	return start[:len(start)-len(b.data)]
}

func (b *bencoded) skip() {
	switch {
	case b.is('i'):
		b.int()
	case b.is('l'):
		for b.begin('l'); b.more(); {
			b.skip()
		}
	case b.is('d'):
		for b.begin('d'); b.more(); {
			b.bytes()
			b.skip()
		}
	default:
		b.bytes()
	}
}

// strings takes a list of strings.
func (b *bencoded) strings() (list []string) {
	for b.begin('l'); b.more(); {
		list = append(list, string(b.bytes()))
	}
	return list
}

var errTrailing = errors.New("more follows its end")

// end is what was wrong, or that not everything was read.
func (b *bencoded) end() error {
	if b.err == nil && len(b.data) > 0 {
		return errTrailing
	}
	return b.err
}

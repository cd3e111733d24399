// Package bencoded reads bencoded values of strangers (BEP 3) without reflection:
// .torrent files and answers of trackers, by the thousands.
package bencoded

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// maxNesting bounds how deep lists and dictionaries may lie in each other.
const maxNesting = 64

// Reader goes through bencoded values from left to right. It copies nothing. After a
// mistake everything is empty, and Err is the mistake.
//
//	for r.Begin('d'); r.More(); {
//		switch string(r.Bytes()) {
//		case "length":
//			n = r.Int()
//		default:
//			r.Raw()
//		}
//	}
type Reader struct {
	data  []byte // that is to come
	depth int
	err   error
}

// New reads data, which is not changed.
func New(data []byte) *Reader { return &Reader{data: data} }

// Fail notes a mistake that the caller found. Later ones are not noted.
func (r *Reader) Fail(why string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(why, args...)
	}
	r.data = nil
}

// Is says whether a value of this kind comes next: 'd', 'l' or 'i'.
func (r *Reader) Is(kind byte) bool { return len(r.data) > 0 && r.data[0] == kind }

// Begin enters a dictionary ('d') or list ('l').
func (r *Reader) Begin(kind byte) {
	if !r.Is(kind) {
		r.Fail("%q is wanted where it does not stand", kind)
		return
	}
	if r.depth++; r.depth > maxNesting {
		r.Fail("more than %d levels", maxNesting)
		return
	}
	r.data = r.data[1:]
}

// More says whether another key or item follows, and leaves the dictionary or list
// if not.
func (r *Reader) More() bool {
	if len(r.data) == 0 {
		r.Fail("it ends too early")
		return false
	}
	if !r.Is('e') {
		return true
	}
	r.depth--
	r.data = r.data[1:]
	return false
}

// Bytes takes a string. It shares memory with the input.
func (r *Reader) Bytes() []byte {
	n, ok := r.number(':')
	if !ok || n < 0 || n > int64(len(r.data)) {
		r.Fail("a string is wanted, or goes past the end")
		return nil
	}
	s := r.data[:n:n]
	r.data = r.data[n:]
	return s
}

// Int takes an integer of 64 bits.
func (r *Reader) Int() int64 {
	if !r.Is('i') {
		r.Fail("an integer is wanted")
		return 0
	}
	r.data = r.data[1:]
	n, ok := r.number('e')
	if !ok {
		r.Fail("bad integer")
	}
	return n
}

// number takes digits up to end, in the one spelling that a number has.
func (r *Reader) number(end byte) (n int64, ok bool) {
	i := bytes.IndexByte(r.data[:min(len(r.data), 21)], end) // 20 are the longest number
	if i < 0 {
		return 0, false
	}
	digits := r.data[:i]
	r.data = r.data[i+1:]
	n, err := strconv.ParseInt(string(digits), 10, 64)
	var spelled [20]byte
	return n, err == nil && bytes.Equal(digits, strconv.AppendInt(spelled[:0], n, 10))
}

// Raw takes any value as it stands.
func (r *Reader) Raw() []byte {
	start := r.data
	r.skip()
	return start[:len(start)-len(r.data)]
}

func (r *Reader) skip() {
	switch {
	case r.Is('i'):
		r.Int()
	case r.Is('l'):
		for r.Begin('l'); r.More(); {
			r.skip()
		}
	case r.Is('d'):
		for r.Begin('d'); r.More(); {
			r.Bytes()
			r.skip()
		}
	default:
		r.Bytes()
	}
}

// Strings takes a list of strings.
func (r *Reader) Strings() (list []string) {
	for r.Begin('l'); r.More(); {
		list = append(list, string(r.Bytes()))
	}
	return list
}

// Err is the first mistake so far.
func (r *Reader) Err() error { return r.err }

var errTrailing = errors.New("more follows its end")

// End is what was wrong, or that not everything was read.
func (r *Reader) End() error {
	if r.err == nil && len(r.data) > 0 {
		return errTrailing
	}
	return r.err
}

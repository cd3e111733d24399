package torrentfile

import (
	"errors"
	"fmt"
	"strconv"
)

// maxNesting is deeper than any file tree with maxDepth folders.
const maxNesting = maxDepth + 16

var errBencode = errors.New("not canonical bencoding")

// reader takes bencoded values off data, from left to right. It is strict: one
// spelling for each value, dictionary keys sorted and unique (BEP 3, BEP 52), so
// that two programs cannot read two meanings out of the same bytes. Strings it
// returns share memory with nothing, its byte slices with data; allocation never
// exceeds the input.
type reader struct {
	data  []byte
	pos   int
	depth int
}

func (r *reader) fail(what string) error {
	return fmt.Errorf("%w: %s at byte %d", errBencode, what, r.pos)
}

// peek is the next byte, 0 at the end.
func (r *reader) peek() byte {
	if r.pos >= len(r.data) {
		return 0
	}
	return r.data[r.pos]
}

// digits takes a run of decimal digits without leading zeros.
func (r *reader) digits() (string, error) {
	start := r.pos
	for c := r.peek(); c >= '0' && c <= '9'; c = r.peek() {
		r.pos++
	}
	run := string(r.data[start:r.pos])
	if run == "" || len(run) > 19 || len(run) > 1 && run[0] == '0' {
		return "", r.fail("bad number")
	}
	return run, nil
}

func (r *reader) bytes() ([]byte, error) {
	run, err := r.digits()
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(run, 10, 64)
	if err != nil || r.peek() != ':' {
		return nil, r.fail("bad string")
	}
	r.pos++
	if n > int64(len(r.data)-r.pos) {
		return nil, r.fail("string goes past the end")
	}
	r.pos += int(n)
	return r.data[r.pos-int(n) : r.pos], nil
}

func (r *reader) string() (string, error) {
	b, err := r.bytes()
	return string(b), err
}

func (r *reader) int() (int64, error) {
	if r.peek() != 'i' {
		return 0, r.fail("an integer is wanted")
	}
	r.pos++
	sign := ""
	if r.peek() == '-' {
		sign = "-"
		r.pos++
	}
	run, err := r.digits()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(sign+run, 10, 64)
	if err != nil || sign+run == "-0" || r.peek() != 'e' {
		return 0, r.fail("bad integer")
	}
	r.pos++
	return n, nil
}

// list calls item at the start of each item; item must take exactly it.
func (r *reader) list(item func() error) error {
	return r.sequence('l', item)
}

// dict calls value with each key; value must take exactly the value.
func (r *reader) dict(value func(key string) error) error {
	last, first := "", true
	return r.sequence('d', func() error {
		key, err := r.string()
		if err != nil {
			return err
		}
		if !first && key <= last {
			return r.fail("dictionary keys are not sorted and unique")
		}
		last, first = key, false
		return value(key)
	})
}

func (r *reader) sequence(kind byte, item func() error) error {
	if r.peek() != kind {
		if kind == 'd' {
			return r.fail("a dictionary is wanted")
		}
		return r.fail("a list is wanted")
	}
	if r.depth++; r.depth > maxNesting {
		return r.fail("too deeply nested")
	}
	r.pos++
	for r.peek() != 'e' {
		if err := item(); err != nil {
			return err
		}
	}
	r.pos++
	r.depth--
	return nil
}

// skip takes any value.
func (r *reader) skip() error {
	switch r.peek() {
	case 'i':
		_, err := r.int()
		return err
	case 'l':
		return r.list(r.skip)
	case 'd':
		return r.dict(func(string) error { return r.skip() })
	}
	_, err := r.bytes()
	return err
}

// raw takes any value and returns its bytes, which share memory with the input.
func (r *reader) raw() ([]byte, error) {
	start := r.pos
	err := r.skip()
	return r.data[start:r.pos], err
}

// stringOf is a bencoded string, or "" if raw is anything else.
func stringOf(raw []byte) string {
	s, _ := (&reader{data: raw}).string()
	return s
}

// intOf is a bencoded integer, or 0 if raw is anything else.
func intOf(raw []byte) int64 {
	n, _ := (&reader{data: raw}).int()
	return n
}

// listOf is the raw items of a bencoded list, or none if raw is anything else.
func listOf(raw []byte) [][]byte {
	r := &reader{data: raw}
	var items [][]byte
	err := r.list(func() error {
		item, err := r.raw()
		items = append(items, item)
		return err
	})
	if err != nil {
		return nil
	}
	return items
}

// stringsOf is the strings that are not empty in a bencoded list.
func stringsOf(raw []byte) []string {
	var list []string
	for _, item := range listOf(raw) {
		if s := stringOf(item); s != "" {
			list = append(list, s)
		}
	}
	return list
}

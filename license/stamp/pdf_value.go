package stamp

import (
	"bytes"
	"strconv"
)

// Values of PDF (ISO 32000-1 §7.3), as far as they must be understood: spans of
// the bytes they stand in.

// pdfValue is a value; kind is 'd' for a dictionary, 'a' array, 'n' name, 'i'
// integer, 's' string, 'r' reference, 'k' any other word or number.
type pdfValue struct {
	kind       byte
	start, end int // in the bytes it was read from
	raw        []byte
	dict       []pdfEntry
	array      []pdfValue
	name       string // of a name
	num, gen   int64  // of an integer, or a reference
}

// pdfEntry is an entry of a dictionary; start is where its key begins.
type pdfEntry struct {
	key   string
	start int
	value pdfValue
}

// get finds an entry of a dictionary.
func (v pdfValue) get(key string) (pdfValue, bool) {
	for _, e := range v.dict {
		if e.key == key {
			return e.value, true
		}
	}
	return pdfValue{}, false
}

// int is the value of an entry that is an integer, or -1.
func (v pdfValue) int(key string) int64 {
	if i, ok := v.get(key); ok && i.kind == 'i' {
		return i.num
	}
	return -1
}

// text is the value as it was spelled.
func (v pdfValue) text() []byte { return v.raw[v.start:v.end] }

const pdfMaxDepth = 64

// pdfLexer reads values from bytes.
type pdfLexer struct {
	b     []byte
	at    int
	depth int
}

func pdfSpace(c byte) bool { return bytes.IndexByte([]byte("\x00\t\n\f\r "), c) >= 0 }

func pdfDelimiter(c byte) bool { return pdfSpace(c) || bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

// skip goes over white space and comments.
func (l *pdfLexer) skip() {
	for l.at < len(l.b) {
		switch {
		case pdfSpace(l.b[l.at]):
			l.at++
		case l.b[l.at] == '%':
			for l.at < len(l.b) && l.b[l.at] != '\n' && l.b[l.at] != '\r' {
				l.at++
			}
		default:
			return
		}
	}
}

// word reads up to the next delimiter.
func (l *pdfLexer) word() string {
	start := l.at
	for l.at < len(l.b) && !pdfDelimiter(l.b[l.at]) {
		l.at++
	}
	return string(l.b[start:l.at])
}

// value reads a value; ok is false where there is none, or the bytes end.
func (l *pdfLexer) value() (v pdfValue, ok bool) {
	l.skip()
	if l.at >= len(l.b) || l.depth == pdfMaxDepth {
		return v, false
	}
	l.depth++
	defer func() { l.depth-- }()
	v.start, v.raw = l.at, l.b
	switch rest := l.b[l.at:]; {
	case bytes.HasPrefix(rest, []byte("<<")):
		ok = l.dictionary(&v)
	case rest[0] == '[':
		ok = l.list(&v)
	case rest[0] == '/':
		v.kind, v.name, ok = 'n', l.readName(), true
	case rest[0] == '(':
		v.kind, ok = 's', l.literal()
	case rest[0] == '<':
		n := bytes.IndexByte(rest, '>')
		v.kind, ok = 's', n > 0
		l.at += max(0, n) + 1
	default:
		ok = l.number(&v)
	}
	v.end = l.at
	return v, ok && l.at <= len(l.b)
}

func (l *pdfLexer) dictionary(v *pdfValue) bool {
	v.kind = 'd'
	for l.at += 2; ; {
		l.skip()
		if bytes.HasPrefix(l.b[l.at:], []byte(">>")) {
			l.at += 2
			return true
		}
		if l.at >= len(l.b) || l.b[l.at] != '/' {
			return false
		}
		e := pdfEntry{start: l.at}
		e.key = l.readName()
		value, ok := l.value()
		if !ok {
			return false
		}
		e.value = value
		v.dict = append(v.dict, e)
	}
}

func (l *pdfLexer) list(v *pdfValue) bool {
	v.kind = 'a'
	for l.at++; ; {
		l.skip()
		if l.at >= len(l.b) {
			return false
		}
		if l.b[l.at] == ']' {
			l.at++
			return true
		}
		item, ok := l.value()
		if !ok {
			return false
		}
		v.array = append(v.array, item)
	}
}

// readName reads a name; #xx stands for a byte (§7.3.5).
func (l *pdfLexer) readName() string {
	l.at++
	word := l.word()
	var out []byte
	for i := 0; i < len(word); i++ {
		if word[i] == '#' && i+2 < len(word) {
			if b, err := strconv.ParseUint(word[i+1:i+3], 16, 8); err == nil {
				out, i = append(out, byte(b)), i+2
				continue
			}
		}
		out = append(out, word[i])
	}
	return string(out)
}

// literal goes over a string in parentheses, which may nest.
func (l *pdfLexer) literal() bool {
	depth := 0
	for ; l.at < len(l.b); l.at++ {
		switch l.b[l.at] {
		case '\\':
			l.at++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.at++
				return true
			}
		}
	}
	return false
}

// number reads an integer, a reference "7 0 R", or any other word.
func (l *pdfLexer) number(v *pdfValue) bool {
	word := l.word()
	if word == "" {
		return false
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		v.kind = 'k'
		return true
	}
	v.kind, v.num = 'i', n
	after := *l
	after.skip()
	gen, err := strconv.ParseInt(after.word(), 10, 32)
	if err != nil || gen < 0 || n < 0 {
		return true
	}
	after.skip()
	if after.word() == "R" {
		v.kind, v.gen, l.at = 'r', gen, after.at
	}
	return true
}

// pdfText decodes a string of the Info dictionary (§7.3.4, §7.9.2).
func pdfText(v pdfValue) string {
	raw := v.text()
	if v.kind != 's' || len(raw) < 2 {
		return ""
	}
	var b []byte
	if raw[0] == '<' {
		b = pdfHex(raw[1 : len(raw)-1])
	} else {
		b = pdfUnescape(raw[1 : len(raw)-1])
	}
	switch {
	case bytes.HasPrefix(b, []byte("\xfe\xff")), bytes.HasPrefix(b, []byte("\xff\xfe")):
		return decodeUTF16(b)
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return string(bytes.ToValidUTF8(b[3:], []byte("\ufffd")))
	}
	return latin1(b)
}

func pdfHex(raw []byte) []byte {
	var out []byte
	var digits []byte
	for _, c := range raw {
		if pdfSpace(c) {
			continue
		}
		if digits = append(digits, c); len(digits) == 2 {
			n, _ := strconv.ParseUint(string(digits), 16, 8)
			out, digits = append(out, byte(n)), digits[:0]
		}
	}
	return out
}

func pdfUnescape(raw []byte) []byte {
	var out []byte
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 == len(raw) {
			out = append(out, raw[i])
			continue
		}
		i++
		switch c := raw[i]; {
		case c >= '0' && c <= '7':
			n := 0
			for j := 0; j < 3 && i < len(raw) && raw[i] >= '0' && raw[i] <= '7'; j++ {
				n = n*8 + int(raw[i]-'0')
				i++
			}
			i--
			out = append(out, byte(n))
		case c == '\n' || c == '\r': // a line goes on
		default:
			if at := bytes.IndexByte([]byte("nrtbf"), c); at >= 0 {
				c = "\n\r\t\b\f"[at]
			}
			out = append(out, c)
		}
	}
	return out
}

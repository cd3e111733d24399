package license

import (
	"strings"
	"unicode"
)

// A gap says what stands before a word. The order matters: the widest of several wins.
type gap uint8

const (
	none  gap = iota // nothing: "CC" and "0" in "CC0"
	dash             // - _ / without spaces
	space            // white space
	mark             // brackets, quotes, colons
	comma            // , and ;
	stop             // the end of a sentence
)

// A token is one word or number of a text.
type token struct {
	text  string // folded
	gap   gap    // before it
	upper bool   // written in capitals
	off   int    // of its first byte in the text
}

// version reports whether the token is a number such as "4.0"; "" if not.
func (t token) version() string {
	if major, minor, ok := strings.Cut(t.text, "."); ok && len(major) == 1 && len(minor) == 1 && digit(rune(major[0])) {
		return t.text
	}
	return ""
}

// dropped are words that say nothing by themselves.
var dropped = words("the version v ver")

// same are words for which another is meant.
var same = map[string]string{"licence": "license", "licences": "license", "licenses": "license"}

func digit(r rune) bool { return r >= '0' && r <= '9' }

// tokenizer splits a text into tokens: runs of letters, numbers with inner dots, and "+" after a number.
type tokenizer struct {
	tokens []token
	word   []rune
	start  int
	gap    gap
	upper  bool
	number bool // word is a number so far
	dotted bool // word has a dot in it
	plain  bool // word is written in ASCII letters
}

func tokenize(s string) []token {
	t := &tokenizer{}
	dot := -1 // offset of a dot after a number that may be a part of it
	for i, r := range s {
		f := fold(r)
		switch {
		case f == 0:
			continue
		case digit(f):
			if dot >= 0 {
				t.word, t.dotted = append(t.word, '.'), true
			} else {
				t.endBeforeNumber()
			}
			t.put(f, i, true)
		case unicode.IsLetter(f):
			t.letter(f, r, i, dot >= 0)
		default:
			if f == '.' && t.number && dot < 0 {
				dot = i
				continue
			}
			t.separator(f, i)
		}
		if dot >= 0 && !digit(f) {
			t.widen(stop)
		}
		dot = -1
	}
	t.end()
	return t.tokens
}

func (t *tokenizer) letter(f, r rune, i int, afterDot bool) {
	plain := f < 0x80
	if len(t.word) > 0 {
		if afterDot || t.dotted || plain != t.plain && !t.number {
			t.end()
		}
	}
	t.put(f, i, false)
	t.plain = plain
	t.upper = t.upper && unicode.IsUpper(r)
}

func (t *tokenizer) put(f rune, i int, number bool) {
	if len(t.word) == 0 {
		t.start, t.upper, t.number, t.dotted = i, true, number, false
	}
	t.number = t.number && number
	t.word = append(t.word, f)
}

func (t *tokenizer) separator(f rune, i int) {
	switch {
	case f == '+' && len(t.word) > 0 && !t.number:
		t.word = append(t.word, '+')
		t.end()
	case f == '+' && len(t.word) > 0:
		t.end()
		t.emit("+", i)
	case f == '&':
		t.end()
		t.widen(space)
		t.emit("and", i)
		t.widen(space)
	default:
		t.end()
		t.widen(gapOf(f))
	}
}

func gapOf(f rune) gap {
	switch f {
	case '-', '_', '/':
		return dash
	case ' ', '\n', '\r', '\t':
		return space
	case ',', ';', '、':
		return comma
	case '.', '!', '?', '。', '|', 0:
		return stop
	}
	return mark
}

func (t *tokenizer) widen(g gap) { t.gap = max(t.gap, g) }

// endBeforeNumber closes a word of letters where a number follows at once. A "v" between belongs to neither: "GPLv3".
func (t *tokenizer) endBeforeNumber() {
	if n := len(t.word); n > 1 && !t.number && t.word[n-1] == 'v' {
		t.word = t.word[:n-1]
	}
	if !t.number {
		t.end()
	}
}

// end closes the word, if one is open.
func (t *tokenizer) end() {
	if len(t.word) == 0 {
		return
	}
	text := string(t.word)
	t.word = t.word[:0]
	if to, ok := same[text]; ok {
		text = to
	}
	if !dropped[text] {
		t.emit(text, t.start)
	}
}

func (t *tokenizer) emit(text string, off int) {
	t.tokens = append(t.tokens, token{text: text, gap: t.gap, upper: t.upper, off: off})
	t.gap = none
}

// joined is the key of some words.
func joined(tokens []token) string {
	var b strings.Builder
	for i, t := range tokens {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	return b.String()
}

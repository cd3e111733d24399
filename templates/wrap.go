package templates

import (
	"strings"
	"unicode"
)

// columns is the width of LICENSE.txt: it fits a terminal and a mail.
const columns = 76

// wrap breaks every line of s at width columns. The lines that continue one
// begin under its first word, behind a "* " where there is one. Nothing is
// broken inside a word, so that addresses stay whole; only text without spaces
// between words (Chinese, Japanese) is broken between any two characters.
// Spaces at line ends go, and never do two empty lines follow each other.
func wrap(s string, width int) string {
	var out []string
	for l := range strings.SplitSeq(s, "\n") {
		l = strings.TrimRightFunc(l, unicode.IsSpace)
		if l == "" {
			if len(out) > 0 && out[len(out)-1] != "" {
				out = append(out, "")
			}
			continue
		}
		out = append(out, wrapLine(l, width)...)
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n") + "\n"
}

func wrapLine(l string, width int) []string {
	body := strings.TrimLeft(l, " ")
	indent := l[:len(l)-len(body)]
	hang := indent
	if strings.HasPrefix(body, "* ") {
		hang += "  "
	}
	var out []string
	current, used := indent, len(indent)
	empty := true // no word on this line yet
	for _, word := range breakable(body, width-len(hang)) {
		gap := ""
		if !empty && word.spaced {
			gap = " "
		}
		if !empty && used+len(gap)+word.width > width {
			out = append(out, current)
			current, used, gap = hang, len(hang), ""
		}
		current += gap + word.text
		used += len(gap) + word.width
		empty = false
	}
	return append(out, current)
}

// piece is text that stays on one line.
type piece struct {
	text   string
	width  int  // columns
	spaced bool // a space stands before it, unless a line begins
}

// breakable splits a line at spaces, and between wide characters in words that
// are longer than a line.
func breakable(s string, width int) []piece {
	var out []piece
	for _, word := range strings.Fields(s) {
		w := displayWidth(word)
		if w <= width || !strings.ContainsFunc(word, wide) {
			out = append(out, piece{word, w, true})
			continue
		}
		start := len(out)
		for _, r := range word {
			last := len(out) - 1
			if last >= start && !wide(r) { // marks and Latin runs stay with what precedes
				out[last].text += string(r)
				out[last].width += runeWidth(r)
				continue
			}
			out = append(out, piece{string(r), runeWidth(r), len(out) == start})
		}
	}
	return out
}

func displayWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case wide(r):
		return 2
	}
	return 1
}

// wide holds for the characters that take two columns in a terminal: the East
// Asian scripts and their punctuation, and emoji (UAX #11, coarsely).
func wide(r rune) bool {
	return r >= 0x1100 && r <= 0x115F || r >= 0x2E80 && r <= 0xA4CF || r >= 0xAC00 && r <= 0xD7A3 ||
		r >= 0xF900 && r <= 0xFAFF || r >= 0xFE30 && r <= 0xFE6F || r >= 0xFF00 && r <= 0xFF60 ||
		r >= 0xFFE0 && r <= 0xFFE6 || r >= 0x1F300 && r <= 0x1FAFF || r >= 0x20000 && r <= 0x3FFFD
}

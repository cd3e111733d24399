package feed

import (
	"html"
	"strings"
	"unicode/utf8"
)

// cleanText drops what XML 1.0 §2.2 and terminals cannot carry: invalid UTF-8,
// control characters and non-characters. Line ends become "\n", tabs stay.
func cleanText(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || r == '\r' || unprintable(r) }) {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	var b strings.Builder
	b.Grow(len(s))
	for i, r := range s {
		if r == utf8.RuneError {
			if _, width := utf8.DecodeRuneInString(s[i:]); width == 1 {
				continue // a byte that is no UTF-8; U+FFFD itself may stay
			}
		}
		if !unprintable(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool {
	switch {
	case r == '\t', r == '\n':
		return false
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	}
	return r >= 0xfdd0 && r <= 0xfdef || r&0xfffe == 0xfffe
}

// cleanLine is cleanText on one line: every run of white space becomes a space.
func cleanLine(s string) string {
	return strings.Join(strings.Fields(cleanText(s)), " ")
}

// paragraphs turns plain text into HTML: an empty line begins a paragraph, a
// single line end a new line.
func paragraphs(text string) string {
	var b strings.Builder
	for p := range strings.SplitSeq(cleanText(text), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			b.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(p), "\n", "<br>") + "</p>\n")
		}
	}
	return b.String()
}

// anchor is an HTML link, or the bare text where u is no web address.
func anchor(rel, u, text string) string {
	if !webURL(u) {
		return html.EscapeString(text)
	}
	attr := ""
	if rel != "" {
		attr = ` rel="` + rel + `"`
	}
	return `<a` + attr + ` href="` + html.EscapeString(u) + `">` + html.EscapeString(text) + `</a>`
}

func webURL(s string) bool { return absoluteURL(s, "http", "https") }

var linkLabels = map[string]string{
	RelSupport: "Support the creator",
	RelShop:    "Buy this work",
	RelHome:    "Creator's site",
	RelSource:  "Source",
}

// label is the text of a link: its title, else what its kind is called.
func (l Link) label() string {
	if title := cleanLine(l.Title); title != "" {
		return title
	}
	if label, ok := linkLabels[l.Rel]; ok {
		return label
	}
	return l.URL
}

// shorten cuts s to at most n runes, with an ellipsis for the rest.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:n-1])) + "…"
}

package stamp

import (
	"strings"
	"testing"
	"unicode/utf8"

	"commonseed/license"
)

func TestConflict(t *testing.T) {
	for _, c := range []struct {
		place, text string
		conflict    bool
	}{
		{"ID3 TCOP", "© 2020 Ana", false},
		{"ID3 TCOP", "2026 Ana. Licensed under CC BY 4.0: https://creativecommons.org/licenses/by/4.0/", false},
		{"ID3 TCOP", "http://creativecommons.org/licenses/by/4.0/deed.es", false},
		{"ID3 TCOP", "CC BY 4.0", false},
		{"ID3 TCOP", "CC BY 3.0", true},
		{"ID3 TCOP", "CC BY-SA 4.0", true},
		{"ID3 TCOP", "CC BY", true},
		{"ID3 TCOP", "CC BY 4.0 or CC BY-SA 4.0", true},
		{"ID3 TCOP", "see http://creativecommons.org/licenses/by/", true},
		{"ID3 TCOP", "http://creativecommons.org/licenses/by/9.9/", true},
		{"ID3 TCOP", "https://CreativeCommons.org/PublicDomain/nothing/", true},
		{"ID3 TCOP", "https://creativecommons.org/about", false},
		{"ID3 TCOP", "© 2020 Label. All rights reserved.", true},
		{"ID3 WCOP", "https://creativecommons.org/licenses/by/4.0/", false},
		{"ID3 WCOP", "https://label.example.com/rights", true},
		{"ID3 WOAF", "https://label.example.com/", false},
		{"Vorbis LICENSE", "cc-by-4.0", false},
		{"Vorbis LICENSE", "by", true},
		{"Vorbis LICENSE", "ask me", true},
		{"XMP cc:license", "ask me", true},
		{"SPDX-License-Identifier", "MIT", true},
	} {
		got := Conflict(statements(c.place, c.text), byA)
		if (got != nil) != c.conflict {
			t.Errorf("%s %q: %v", c.place, c.text, got)
		}
		if got != nil && (got.Found.Place != c.place || got.Found.Text != c.text || got.Want != byA) {
			t.Errorf("%s %q: %+v", c.place, c.text, got)
		}
	}
	if got := Conflict(nil, byA); got != nil {
		t.Errorf("nothing found: %v", got)
	}
}

func TestConflictError(t *testing.T) {
	for _, c := range []struct {
		found Statement
		want  string
	}{
		{Statement{Place: "ID3 WCOP", Text: "x", License: byB}, `already says CC BY-SA 4.0 (ID3 WCOP); the work says CC BY 4.0`},
		{Statement{Place: "ID3 TCOP", Text: "All rights reserved", Reserves: true}, `already says that all rights are reserved (ID3 TCOP); the work says CC BY 4.0`},
		{Statement{Place: "ID3 WCOP", Text: "ask\nme"}, `already says "ask\nme" (ID3 WCOP); the work says CC BY 4.0`},
	} {
		err := &ConflictError{Found: c.found, Want: byA}
		if err.Error() != c.want {
			t.Errorf("%s\nwant %s", err, c.want)
		}
	}
}

// TestMentions counts a comment only if it is about rights.
func TestMentions(t *testing.T) {
	for text, want := range map[string]int{
		"":                              0,
		"Recorded in Lima":              0,
		"cc: Bruno":                     0,
		"Creative ways":                 0,
		"under CC BY 4.0":               1,
		"CC BY-SA":                      1,
		"Todos los derechos reservados": 1,
		"http://creativecommons.org/licenses/by/": 1,
		"CC BY 4.0, before CC BY-NC 3.0":          2,
	} {
		if got := mentions("ID3 COMM", text); len(got) != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestStatementText(t *testing.T) {
	long := statements("ID3 TCOP", strings.Repeat("ñ", maxText))
	if len(long) != 1 || len(long[0].Text) > maxText || !utf8.ValidString(long[0].Text) {
		t.Errorf("text of %d bytes", len(long[0].Text))
	}
	if st := statements("ID3 TCOP", " \n\x00 "); len(st) > 1 {
		t.Errorf("blank text: %+v", st)
	}
	if got := shorten(strings.Repeat("ñ", 100)); utf8.RuneCountInString(got) != 81 {
		t.Errorf("shortened to %q", got)
	}
}

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                    "",
		" a\tb\r\nc\x00d ":    "a b c d",
		"Åse\u2028潮":          "Åse 潮",
		"\xff\xfe ok":         "\ufffd ok",
		"a\u0085b\x1b[0m":     "a b [0m",
		"👩‍👩‍👧 keeps joiners": "👩‍👩‍👧 keeps joiners",
	} {
		if got := oneLine(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestPageURL(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"https://example.org/ñ":   "https://example.org/%C3%B1",
		"https://example.org/%20": "https://example.org/%20",
		"javascript:alert(1)":     "",
	} {
		if got := pageURL(license.Notice{License: byA, PageURL: in}); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

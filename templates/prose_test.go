package templates

import (
	"strings"
	"testing"
	"time"
)

func TestParagraphs(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", " \n\t\n ", ""},
		{"one", "a\nb", "a\nb"},
		{"two", "a\r\n\r\nb\n \n\n c", "a|b|c"},
		{"a link", "see https://a.example/x, and", "see [https://a.example/x], and"},
		{"link in brackets", "(https://a.example/x)", "([https://a.example/x])"},
		{"brackets in a link", "https://a.example/x_(y)", "[https://a.example/x_(y)]"},
		{"end of a sentence", "https://a.example/?q=1&r=2!?", "[https://a.example/?q=1&r=2]!?"},
		{"in angle brackets", "<https://a.example>", "<[https://a.example]>"},
		{"two links", "http://a.example http://b.example", "[http://a.example] [http://b.example]"},
		{"not links", "javascript:alert(1) ftp://a.example www.a.example https://", "javascript:alert(1) ftp://a.example www.a.example https://"},
		{"endless link", "https://a.example/" + strings.Repeat(")", 100_000), "https://a.example/" + strings.Repeat(")", 100_000)},
		{"broken link", "http://[broken", "http://[broken"},
	} {
		var got []string
		for _, p := range paragraphs(c.in) {
			s := ""
			for _, span := range p {
				if span.Href != "" {
					s += "[" + span.Text + "]"
				} else {
					s += span.Text
				}
			}
			got = append(got, s)
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%s: got %q, want %q", c.name, s, c.want)
		}
	}
}

func FuzzParagraphs(f *testing.F) {
	f.Add("see https://a.example/x_(y), and\n\nhttp://[b")
	f.Add("https://https://.,;:!?)))")
	f.Fuzz(func(t *testing.T, s string) {
		var b strings.Builder
		for _, p := range paragraphs(s) {
			for _, span := range p {
				b.WriteString(span.Text)
				if span.Href != "" && webLink(span.Href) == "" {
					t.Errorf("%q links to %q", s, span.Href)
				}
			}
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if squeeze(b.String()) != squeeze(clean(s)) {
			t.Errorf("%q became %q", s, b.String())
		}
	})
}

func TestSummary(t *testing.T) {
	for in, want := range map[string]string{
		"short\n\ntext":         "short text",
		"one two three four":    "one two…",
		"潮汐与风的录音集锦潮汐与风":         "潮汐与风的录音集锦潮…",
		"exactly ten":           "exactly ten",
		"Donaudampfschifffahrt": "Donaudampf…",
	} {
		if got := summary(in, 11); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestLinksThatMayBeFollowed(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.example/x?y=1": "https://a.example/x?y=1",
		"HTTP://a.example/":       "http://a.example/",
		"mailto:ana@a.example":    "mailto:ana@a.example",
		"mailto:":                 "", "javascript:alert(1)": "", "//a.example": "", "https:a.example": "", "": "",
		"data:text/html,x": "", "ftp://a.example": "", " https://a.example": "", "https://a.example/\n": "",
	} {
		if got := anyLink(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestSizesInWords(t *testing.T) {
	for n, want := range map[int64]string{-1: "0 B", 0: "0 B", 999: "999 B", 1000: "1.0 kB", 2100: "2.1 kB", 9949: "9.9 kB", 9951: "10 kB",
		999_499: "999 kB", 999_500: "1.0 MB", 4_321_000: "4.3 MB", 1_500_000_000: "1.5 GB", 1 << 62: "4.6 EB"} {
		if got := bytesInWords(n); got != strings.ReplaceAll(want, " ", "\u00a0") {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestDatesInWords(t *testing.T) {
	for in, want := range map[string]string{"2026": "2026", "2026-05": "May 2026", "2026-05-01": "1 May 2026", "": "", "May": "", "2026-13": "", "2026-05-01T10:00": ""} {
		if got := workDate(in).Words; got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := day(time.Date(2026, 5, 1, 23, 30, 0, 0, time.FixedZone("", -3600))); got.Words != "2 May 2026" || got.ISO != "2026-05-02T00:30:00Z" {
		t.Errorf("got %+v", got)
	}
	if got := day(time.Time{}); got != (moment{}) {
		t.Errorf("the zero time is %+v", got)
	}
}

func TestTypesInWords(t *testing.T) {
	for mime, want := range map[string][2]string{
		"audio/mpeg":                 {"MP3 audio", "audio"},
		"Image/JPEG":                 {"JPEG image", "image"},
		"video/webm; codecs=\"vp9\"": {"WebM video", "video"},
		"application/ogg":            {"Ogg audio", "audio"},
		"application/pdf":            {"PDF document", "document"},
		"application/epub+zip":       {"EPUB book", "document"},
		"text/x-log":                 {"text/x-log", "document"},
		"application/x-blend":        {"application/x-blend", "other"},
		"application/zip":            {"ZIP archive", "other"},
		"":                           {"", "other"},
	} {
		if got := [2]string{typeInWords(mime), kindOf(mime)}; got != want {
			t.Errorf("%q: got %q, want %q", mime, got, want)
		}
	}
}

func TestInitials(t *testing.T) {
	for title, want := range map[string]string{"low tide": "L", "«Ébano»": "É", "e\u0301bano": "E\u0301", "9 mornings": "9", "أغاني": "أ", "…!": "", "": ""} {
		if got := initial(title); got != want {
			t.Errorf("%q: got %q, want %q", title, got, want)
		}
	}
}

func TestImagePathStaysInside(t *testing.T) {
	for in, want := range map[string]string{"": "", "a b.jpg": "./a%20b.jpg", "img/a.jpg": "./img/a.jpg", "/etc/x": "", "../x": "", "a/../x": "", "a//x": "", `a\x`: "", "http://a.example/x": "", "javascript:x": "./javascript:x"} {
		if got := imagePath(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

package templates

import (
	html "html/template"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n\n")

// clean drops what cannot be shown or would show a text as something that it
// is not: control characters, non-characters, and the marks that override the
// writing direction ("song\u202e3pm.exe" reads "songexe.mp3"). Line ends become
// "\n"; invalid UTF-8 becomes U+FFFD.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = lineEnds.Replace(s)
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case unicode.IsControl(r), r == '\uFEFF',
			r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069', // UAX #9: embeddings, overrides, isolates
			r >= 0xFDD0 && r <= 0xFDEF, r&0xFFFE == 0xFFFE: // non-characters, no XML either
			return -1
		}
		return r
	}, s)
}

// line is clean on one line: every run of white space becomes one space.
func line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

var blankLine = regexp.MustCompile(`\n[ \t]*\n\s*`)

// paragraphs splits plain text at blank lines and finds the links in it.
func paragraphs(s string) []paragraph {
	var out []paragraph
	for _, p := range blankLine.Split(strings.TrimSpace(clean(s)), -1) {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, linked(p))
		}
	}
	return out
}

var linkForm = regexp.MustCompile(`https?://[^\s<>"]+`)

// maxLink bounds what is taken for one address, in bytes.
const maxLink = 2048

// linked tells the web addresses in a text apart from the rest.
func linked(s string) paragraph {
	var out paragraph
	for {
		at := linkForm.FindStringIndex(s)
		if at == nil {
			break
		}
		if at[1]-at[0] > maxLink {
			out = append(out, span{Text: s[:at[1]]})
			s = s[at[1]:]
			continue
		}
		address := trimLink(s[at[0]:at[1]])
		if at[0] > 0 {
			out = append(out, span{Text: s[:at[0]]})
		}
		out = append(out, span{Text: address, Href: webLink(address)})
		s = s[at[0]+len(address):]
	}
	if s != "" {
		out = append(out, span{Text: s})
	}
	return out
}

// trimLink leaves out the punctuation of the sentence around an address, and a
// closing bracket that was opened before it.
func trimLink(s string) string {
	for {
		t := strings.TrimRight(s, ".,;:!?'”’»…")
		for _, pair := range []string{"()", "[]"} {
			if strings.HasSuffix(t, pair[1:]) && strings.Count(t, pair[1:]) > strings.Count(t, pair[:1]) {
				t = t[:len(t)-1]
			}
		}
		if t == s {
			return s
		}
		s = t
	}
}

// summary is the beginning of a description on one line, limit characters at
// most, cut at a word.
func summary(s string, limit int) string {
	s = line(s)
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	cut := string(runes[:limit-1])
	if i := strings.LastIndexByte(cut, ' '); i > limit/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " .,;:–—-") + "…"
}

// webLink returns s if it is an http or https address, else "".
func webLink(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}

// anyLink is webLink and mailto.
func anyLink(s string) string {
	if u, err := url.Parse(s); err == nil && u.Scheme == "mailto" && strings.Contains(u.Opaque, "@") {
		return u.String()
	}
	return webLink(s)
}

// RFC 3986 §2: nothing but characters that may stand in a query.
var magnetForm = regexp.MustCompile(`^magnet:\?[A-Za-z0-9\-._~%!$&'()*+,;=:@/?]+$`)

// magnet passes a magnet link that cannot be anything else, else "". Package
// html/template takes no scheme but http, https and mailto for safe by itself.
func magnet(s string) html.URL {
	if !magnetForm.MatchString(s) {
		return ""
	}
	return html.URL(s)
}

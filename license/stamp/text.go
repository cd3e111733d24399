package stamp

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"commonseed/license"
)

// oneLine makes a text fit for a tag field: valid UTF-8, without control
// characters (a NUL ends or splits many fields) and without runs of spaces.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// pageURL is the release page, fit for a URL field, or "" if there is none. A
// notice takes only addresses of the web for one.
func pageURL(n license.Notice) string {
	if page := n.WebStatement(); page != n.License.URL {
		return asciiURL(page)
	}
	return ""
}

// asciiURL escapes what a URL field cannot hold: everything but visible ASCII.
// What is escaped already stays as it is.
func asciiURL(url string) string {
	var b strings.Builder
	for i := 0; i < len(url); i++ {
		if c := url[i]; c > ' ' && c < 0x7f {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

package stamp

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"commonseed/license"
)

// Errors that callers tell apart. They come wrapped, with what and where.
var (
	ErrEmpty     = errors.New("file is empty")
	ErrTruncated = errors.New("file ends too early")
	ErrMalformed = errors.New("file is damaged")
)

// UnsupportedError says that a file may be fine, but cannot be stamped safely.
type UnsupportedError struct {
	Format string // as Stamper.Format
	Why    string // a short sentence without a full stop
}

func (e *UnsupportedError) Error() string { return "cannot stamp this " + e.Format + ": " + e.Why }

const (
	maxText = 64 << 10 // bytes in the text of one Statement
	maxName = 100      // bytes in a text that is nothing but the name of a licence
)

// Statement is something a file says about rights.
type Statement struct {
	Place    string          // where it stands: "ID3 WCOP", "XMP cc:license", "Vorbis LICENSE" …
	Text     string          // as found, at most 64 KiB
	License  license.License // zero if the text names none that is known
	Reserves bool            // says that all rights are reserved
}

// statements makes what a rights field says: one Statement for each licence that
// the text names, or one without a licence. A blank text says nothing.
func statements(place, text string) []Statement {
	text = bound(strings.TrimSpace(text))
	if text == "" {
		return nil
	}
	reserves := license.ReservesAll(text)
	found := license.Find(text)
	if len(found) == 0 && licenceField(place) && len(text) <= maxName {
		if l, err := license.Parse(text); err == nil { // "CC-BY-4.0", "by 4.0"
			found = append(found, l)
		}
	}
	if len(found) == 0 {
		return []Statement{{Place: place, Text: text, Reserves: reserves}}
	}
	var st []Statement
	for _, l := range found {
		st = append(st, Statement{Place: place, Text: text, License: l, Reserves: reserves})
	}
	return st
}

// mentions is statements for a field that is not about rights, such as a
// comment: it counts only if it names a licence or reserves all rights.
func mentions(place, text string) []Statement {
	st := statements(place, text)
	if len(st) == 1 && st[0].License.IsZero() && !st[0].Reserves && !vague(st[0].Text) {
		return nil
	}
	return st
}

// bound cuts text to maxText bytes, between runes.
func bound(text string) string {
	if len(text) <= maxText {
		return text
	}
	cut := maxText
	for cut > maxText-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}

// vague says whether text, in which no known licence was found, still speaks of
// one: a Creative Commons URL nobody knows, or a licence without its version.
func vague(text string) bool {
	low := strings.ToLower(text)
	for _, path := range []string{"licenses/", "licences/", "license/", "publicdomain/"} {
		if strings.Contains(low, "creativecommons.org/"+path) {
			return true
		}
	}
	if len(text) > maxName || !strings.HasPrefix(low, "cc") && !strings.HasPrefix(low, "creative") {
		return false
	}
	var noVersion *license.VersionError
	_, err := license.Parse(text)
	return errors.As(err, &noVersion)
}

// licenceField says whether a place exists to hold a licence, so that whatever
// stands there is one.
func licenceField(place string) bool {
	return place == placeWCOP || place == tagLicense || strings.HasSuffix(strings.ToUpper(place), "LICENSE")
}

// ConflictError reports a file that already says something else about its
// rights: a different licence, or that all are reserved.
type ConflictError struct {
	Found Statement
	Want  license.License
}

func (e *ConflictError) Error() string {
	says := e.Found.License.Label
	switch {
	case e.Found.Reserves:
		says = "that all rights are reserved"
	case e.Found.License.IsZero():
		says = fmt.Sprintf("%q", shorten(e.Found.Text))
	}
	return fmt.Sprintf("already says %s (%s); the work says %s", says, e.Found.Place, e.Want.Label)
}

// shorten cuts a text to what fits in a message.
func shorten(text string) string {
	const most = 80
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}

// Conflict looks for a statement that does not agree with the licence wanted: a
// different licence, one nobody knows, or all rights reserved. "© 2020 Ana"
// agrees with everything. It returns nil if there is none.
func Conflict(found []Statement, want license.License) *ConflictError {
	for _, st := range found {
		if st.contradicts(want) {
			return &ConflictError{Found: st, Want: want}
		}
	}
	return nil
}

func (st Statement) contradicts(want license.License) bool {
	switch {
	case st.Reserves:
		return true
	case st.License.IsZero():
		return licenceField(st.Place) || vague(st.Text)
	}
	return st.License.URL != want.URL
}

package license

import (
	"strings"
	"unicode"
)

// latin maps accented letters to the plain ones, so that "Österreich" and "osterreich" are one word.
var latin = func() map[rune]rune {
	m := map[rune]rune{'İ': 'i', 'ё': 'е', 'й': 'и', 'ї': 'і', 'ς': 'σ'}
	for _, row := range []string{
		"aàáâãäåāăąǎạảấầẩẫậắằẳẵặ", "cçćĉċč", "dďđð", "eèéêëēĕėęěẹẻẽếềểễệ", "gĝğġģ", "hĥħ", "iìíîïĩīĭįıỉị", "jĵ", "kķ",
		"lĺļľŀł", "nñńņň", "oòóôõöøōŏőơọỏốồổỗộớờởỡợ", "rŕŗř", "sśŝşšș", "tţťŧț", "uùúûüũūŭůűųưụủứừửữự", "wŵẁẃẅ",
		"yýÿŷỳỵỷỹ", "zźżž", "αά", "εέ", "ηή", "ιίϊΐ", "οό", "υύϋΰ", "ωώ",
	} {
		letters := []rune(row)
		for _, r := range letters[1:] {
			m[r] = letters[0]
		}
	}
	return m
}()

// fold returns the comparable form of one character: lower case, no accent, no full-width form, one kind of
// space and of dash. It returns 0 for what is not seen: joiners, soft hyphens, combining accents.
func fold(r rune) rune {
	switch {
	case r < 0x80:
		return unicode.ToLower(r)
	case r >= 0xFF01 && r <= 0xFF5E: // full-width ASCII
		return unicode.ToLower(r - 0xFEE0)
	case r == 0xAD, r >= 0x300 && r <= 0x36F, unicode.Is(unicode.Cf, r):
		return 0
	case unicode.IsSpace(r), r == unicode.ReplacementChar:
		return ' '
	case unicode.Is(unicode.Pd, r), r == '−', r == '‧', r == '•':
		return '-'
	}
	r = unicode.ToLower(r)
	if plain, ok := latin[r]; ok {
		return plain
	}
	return r
}

// foldText folds a whole text and makes every run of white space and control characters one space.
func foldText(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := true
	for _, r := range s {
		r = fold(r)
		switch {
		case r == 0:
		case r == ' ' || unicode.IsControl(r):
			if !space {
				b.WriteByte(' ')
			}
			space = true
		default:
			b.WriteRune(r)
			space = false
		}
	}
	return strings.TrimSuffix(b.String(), " ")
}

// oneLine makes s fit for one line of text for people: control characters and line ends become spaces,
// characters that turn the direction of writing go, and white space is single.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Bidi_Control, r), r == '\uFEFF':
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

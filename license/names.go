package license

import (
	"slices"
	"strings"
)

// ccName is a name of a Creative Commons licence, read from the words of a text.
//
//	[Creative Commons] [CC] [License] [version] elements [License] [version] [place]
type ccName struct {
	unit    string
	version string
	place   string // code of a jurisdiction
	prefix  bool   // begins with Creative Commons or CC
	spelled bool   // the elements are written out: Attribution-ShareAlike
	generic bool   // says International, Unported, Generic or Universal
	linked  bool   // at least two elements, joined with a dash
	n       int    // words used
}

// A reader reads a name from the words of a text.
type reader struct {
	words  []token
	at     int
	strict bool // the words are all there is: nothing needs to be told apart from prose
}

// readName reads a name at the beginning of words. It reports false if no unit stands there.
func readName(words []token, strict bool) (ccName, bool) {
	r := &reader{words: words, strict: strict}
	var name ccName
	r.skip("licenseref")
	name.prefix = r.prefix()
	if name.prefix {
		r.skip("license")
		name.version = r.version()
	}
	if !r.special(&name) && !r.elements(&name) {
		return name, false
	}
	r.skip("license")
	if name.version == "" {
		name.version = r.version()
	}
	r.skip("license")
	if name.version != "" || r.strict {
		r.place(&name)
	}
	if name.version == "" && name.place != "" {
		name.version = r.version()
	}
	name.n = r.at
	return name, true
}

// prefix reads Creative Commons, CC, or the one after the other.
func (r *reader) prefix() bool {
	long := r.skip("creative", "commons") || r.skip("creativecommons")
	return r.skip("cc") || long
}

// peek returns the word at the given distance; the zero token beyond the end or beyond the end of a sentence.
func (r *reader) peek(n int) token {
	for i := r.at; i <= r.at+n; i++ {
		if i >= len(r.words) || i > 0 && r.words[i].gap == stop {
			return token{}
		}
	}
	return r.words[r.at+n]
}

// skip steps over the given words if they come next.
func (r *reader) skip(words ...string) bool {
	for i, w := range words {
		if r.peek(i).text != w {
			return false
		}
	}
	r.at += len(words)
	return true
}

// version reads "4.0", and where nothing else can be meant also "4". There is no "2": that may be three versions.
func (r *reader) version() string {
	t := r.peek(0)
	v := t.version()
	if v == "" && r.strict && (t.text == "1" || t.text == "3" || t.text == "4") {
		v = t.text + ".0"
	}
	if v != "" {
		r.at++
	}
	return v
}

// special reads the units that are not made of elements.
func (r *reader) special(name *ccName) bool {
	switch {
	case name.prefix && (r.zero() || r.skip("zero")):
		name.unit = "zero"
	case r.skip("public", "domain", "mark"), (name.prefix || r.strict) && r.skip("pdm"):
		name.unit = "mark"
	case name.prefix && r.skip("pddc"), r.skip("public", "domain", "dedication", "and", "certification"),
		r.skip("publicdomain", "certification"):
		name.unit = "certification"
	default:
		return false
	}
	if name.unit == "certification" {
		name.version, name.place = "1.0", "us"
		r.skip("1.0")
		r.skip("us")
	}
	return true
}

// zero reads the 0 of CC0, CC-0 and, where nothing else can be meant, CC 0.
func (r *reader) zero() bool {
	t := r.peek(0)
	return (t.gap <= dash || r.strict) && r.skip("0")
}

// elementWords are the names of the elements, the longer before the shorter.
var elementWords = []struct {
	element string
	words   []string
	spelled bool
}{
	{"nd", []string{"no", "derivative", "works"}, true},
	{"nd", []string{"no", "derivatives"}, true},
	{"nd", []string{"no", "derivs"}, true},
	{"nd", []string{"noderivatives"}, true},
	{"nd", []string{"noderivs"}, true},
	{"nd", []string{"noderivativeworks"}, true},
	{"nd", []string{"nd"}, false},
	{"nc", []string{"non", "commercial"}, true},
	{"nc", []string{"noncommercial"}, true},
	{"nc", []string{"nc"}, false},
	{"sa", []string{"share", "alike"}, true},
	{"sa", []string{"sharealike"}, true},
	{"sa", []string{"sa"}, false},
	{"by", []string{"attribution"}, true},
	{"by", []string{"by"}, false},
	{"sampling+", []string{"sampling", "plus"}, true},
	{"sampling+", []string{"sampling+"}, true},
	{"sampling", []string{"sampling"}, true},
	{"devnations", []string{"developing", "nations"}, true},
	{"devnations", []string{"devnations"}, true},
}

func (r *reader) element() (element string, spelled bool) {
	for _, e := range elementWords {
		if r.skip(e.words...) {
			return e.element, e.spelled
		}
	}
	return "", false
}

// elements reads a unit, its elements in any order.
func (r *reader) elements(name *ccName) bool {
	var found []string
	begin := r.at
	for {
		before := r.at
		if len(found) > 0 {
			r.skip("and")
		}
		element, spelled := r.element()
		if element == "" || slices.Contains(found, element) {
			r.at = before
			break
		}
		found = append(found, element)
		if len(found) == 1 {
			name.spelled = spelled
		} else {
			name.linked = (name.linked || len(found) == 2) && r.words[before].gap == dash
		}
	}
	name.unit = unitOf(found)
	return r.at > begin
}

// unitOf puts elements into the order of Creative Commons' units: by, nc, sa or nd. Only the old nd-nc differs.
func unitOf(elements []string) string {
	if slices.Contains(elements, "by") || slices.Contains(elements, "sa") || slices.Contains(elements, "sampling+") {
		slices.SortFunc(elements, func(a, b string) int {
			return strings.Index("by nc nd sa sampling+", a) - strings.Index("by nc nd sa sampling+", b)
		})
	}
	unit := strings.Join(elements, "-")
	if unit == "nc-nd" {
		return "nd-nc"
	}
	return unit
}

// place reads International and the like, or a jurisdiction.
func (r *reader) place(name *ccName) {
	switch t := r.peek(0); t.text {
	case "international", "unported", "generic", "universal":
		name.generic = t.gap < comma
		if name.generic {
			r.at++
		}
		return
	}
	for n := min(index().longestPlace, len(r.words)-r.at); n > 0; n-- {
		code, ok := index().place[joined(r.words[r.at:r.at+n])]
		if ok && r.isPlace(n, code) {
			name.place = code
			r.at += n
			return
		}
	}
}

// isPlace tells a jurisdiction from prose: "CC BY 3.0 DE" and "CC-BY-3.0-de", but not "CC BY 3.0 de Ana" and not
// "CC BY 3.0, Germany". There are no ports of 4.0, so nothing after it is one.
func (r *reader) isPlace(n int, code string) bool {
	first, last := r.peek(0), r.peek(n-1)
	if first.text == "" || last.text == "" {
		return false
	}
	if r.strict {
		return true
	}
	if first.gap >= comma || r.at > 0 && r.words[r.at-1].text == "4.0" {
		return false
	}
	if n > 1 || first.text != code || code == "scotland" {
		return true
	}
	return first.upper || first.gap != space || r.peek(1).text == ""
}

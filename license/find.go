package license

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Bounds of Find: a longer text is cut, and more licences are not reported.
const (
	maxText  = 256 << 10
	maxFound = 100
)

// addressInText is an address as it stands in prose, in markup or in a tag.
var addressInText = regexp.MustCompile(
	`(?i)(?:\b[a-z][a-z0-9+.-]*://|\b(?:[a-z0-9-]+\.)+[a-z]{2,}(?::[0-9]+)?/)[a-z0-9._~:/?#@!$+,;=%()*-]*`)

// A hit is a licence and the offset where a text names it.
type hit struct{ off, found int }

// Find returns every licence that a text names, in order of appearance and each once: by its address, or by a name
// with its version ("CC BY-SA 4.0"). A name without a version names none, unless there is but one version (CC0).
// It reads the first 256 KiB.
func Find(text string) []License {
	text = text[:min(len(text), maxText)]
	hits, rest := addressesIn(text)
	hits = append(hits, namesIn(tokenize(rest))...)
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.off, b.off) })
	var out []License
	seen := map[int]bool{}
	for _, h := range hits {
		if !seen[h.found] && len(out) < maxFound {
			seen[h.found] = true
			out = append(out, index().all[h.found])
		}
	}
	return out
}

// addressesIn finds the addresses of licences, and returns the text with every address struck out, so that the
// path of some other page is not read as a name. Offsets stay.
func addressesIn(text string) ([]hit, string) {
	if !strings.Contains(text, "/") {
		return nil, text
	}
	var hits []hit
	rest := []byte(text)
	for from := 0; from < len(text); {
		n := strings.IndexAny(text[from:], " \t\n\r<>\"'")
		if n < 0 {
			n = len(text) - from
		}
		word := text[from : from+n]
		if strings.Contains(word, "/") {
			hits = append(hits, addressesInWord(word, from, rest)...)
		}
		from += n + 1
	}
	return hits, string(rest)
}

// addressesInWord finds the addresses in a piece of the text that begins at the given offset, and strikes them out in rest.
func addressesInWord(word string, from int, rest []byte) []hit {
	var hits []hit
	for _, at := range addressInText.FindAllStringIndex(word, -1) {
		address := strings.TrimRight(word[at[0]:at[1]], ".,:;!?()*_-=#")
		if i, err := parseAddress(address); err == nil {
			hits = append(hits, hit{from + at[0], i})
		}
		for i := from + at[0]; i < from+at[1]; i++ {
			rest[i] = '|'
		}
	}
	return hits
}

// namesIn finds the names of licences among the words of a text.
func namesIn(words []token) []hit {
	var hits []hit
	for i := 0; i < len(words); {
		found, n := nameAt(words[i:])
		if n == 0 {
			i++
			continue
		}
		hits = append(hits, hit{words[i].off, found})
		i += n
	}
	return hits
}

// nameAt finds the licence that is named at the beginning of words, and of how many words its name is.
func nameAt(words []token) (found, n int) {
	t := index()
	for n := min(t.longest[words[0].text], len(words)); n > 0; n-- {
		i, ok := t.freeName[joined(words[:n])]
		if ok && !slices.ContainsFunc(words[1:n], func(w token) bool { return w.gap == stop }) {
			return i, n
		}
	}
	name, ok := readName(words, false)
	if !ok || !name.plain() {
		return 0, 0
	}
	i, err := resolve("", name)
	if err != nil {
		return 0, 0
	}
	return i, name.n
}

// plain reports whether a name in free text can be nothing else. "Attribution 4.0" may be a chapter, and "by 4.0"
// prose; "CC BY 4.0", "by-sa 4.0" and "Attribution 4.0 International" are names.
func (c ccName) plain() bool {
	if isPublicDomainTool(c.unit) {
		return true
	}
	if c.version == "" {
		return false
	}
	long := strings.Contains(c.unit, "-") || c.generic || c.place != ""
	return c.prefix || c.linked || c.spelled && long
}

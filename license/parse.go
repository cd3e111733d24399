package license

import (
	"errors"
	"strings"
)

// maxInput is how many bytes Parse looks at; no spelling of a licence is longer.
const maxInput = 1000

// Parse finds the licence that s names. It takes an SPDX identifier in any case, the licence's address in any of
// its spellings (deed, legal code, any language, http, no scheme), the short form ("by-sa 4.0", "cc0") and the
// full name with its version. It guesses nothing: the error is an *UnknownError or a *VersionError.
func Parse(s string) (License, error) {
	if len(s) > maxInput {
		return License{}, &UnknownError{Input: shown(s)}
	}
	s = strings.Trim(s, "<>\"'`“”„ \t\r\n\u00a0\ufeff")
	var found int
	var err error
	if isAddress(s) {
		found, err = parseAddress(s)
	} else {
		found, err = parseName(s)
	}
	if err != nil {
		return License{}, err
	}
	return index().all[found], nil
}

// unknown makes the error for an input that names nothing.
func unknown(input string, near func() []int) error {
	return &UnknownError{Input: shown(oneLine(input)), near: near}
}

// versionless makes the error for an input that names several versions.
func versionless(input string, choices []int) error {
	return &VersionError{Input: shown(oneLine(input)), Choices: shorts(choices)}
}

func shorts(found []int) []string {
	var out []string
	for _, i := range found {
		out = append(out, index().all[i].Short())
	}
	return out
}

// parseName finds the licence that a whole input names.
func parseName(s string) (int, error) {
	words := tokenize(s)
	key := joined(words)
	if i, ok := index().name[key]; ok {
		return i, nil
	}
	if members, ok := index().families[key]; ok {
		return 0, versionless(s, members)
	}
	name, ok := readName(words, true)
	if !ok {
		return 0, unknown(s, func() []int { return nearText(key) })
	}
	rest := words[name.n:]
	i, err := resolve(s, name)
	var lacks *VersionError
	switch {
	case err == nil && !onlyRepeats(rest, i):
		return 0, unknown(s, func() []int { return nearText(key) })
	case errors.As(err, &lacks) && !onlyTails(rest):
		return 0, unknown(s, func() []int { return nearUnit(ccKey{unit: name.unit}) })
	}
	return i, err
}

// resolve finds the licence with the parts of a name.
func resolve(input string, name ccName) (int, error) {
	key := ccKey{name.unit, name.version, name.place}
	if key.version == "" {
		return onlyVersion(input, key)
	}
	if i, ok := index().cc[key]; ok {
		return i, nil
	}
	return 0, unknown(input, func() []int { return nearUnit(key) })
}

// onlyVersion finds the licence without a version: an error, unless there is but one.
func onlyVersion(input string, key ccKey) (int, error) {
	if key.unit == "certification" {
		key.place = "us"
	}
	choices := index().versions[strings.TrimSpace(key.unit+" "+key.place)]
	switch {
	case len(choices) == 0:
		return 0, unknown(input, func() []int { return nearUnit(key) })
	case isPublicDomainTool(key.unit):
		return choices[0], nil
	}
	return 0, versionless(input, choices)
}

func isPublicDomainTool(unit string) bool {
	return unit == "zero" || unit == "mark" || unit == "certification"
}

// tails are words that may follow a name without changing it.
var tails = words("license public deed legal code")

// onlyTails reports whether nothing of weight follows a name without a version. A bare number is weighed as none:
// "CC BY 2" lacks a version, for there is more than one second version.
func onlyTails(rest []token) bool {
	for _, t := range rest {
		if !tails[t.text] && t.text != "2" {
			return false
		}
	}
	return true
}

// onlyRepeats reports whether words say no more than the licence i once again: "… 4.0 International (CC BY 4.0)".
func onlyRepeats(rest []token, i int) bool {
	for len(rest) > 0 {
		if name, ok := readName(rest, true); ok {
			if again, err := resolve("", name); err != nil || again != i {
				return false
			}
			rest = rest[name.n:]
			continue
		}
		t := rest[0].text
		if !tails[t] && (index().all[i].Unit != "zero" || t != "domain" && t != "dedication") {
			return false
		}
		rest = rest[1:]
	}
	return true
}

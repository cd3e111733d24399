package license

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// Every entry can be said in every way.
func TestParseRoundTrip(t *testing.T) {
	for _, l := range All() {
		ways := []string{
			l.ID, l.URL, l.Label, l.Name, l.Short(),
			strings.ToLower(l.ID), strings.ToUpper(l.ID), strings.ToUpper(l.Label), strings.ToLower(l.Name),
			"  " + l.Label + "\u00a0\n", strings.ReplaceAll(l.Label, " ", "\u00a0"), strings.ReplaceAll(l.Label, "-", "\u2010"),
			"<" + l.URL + ">", strings.Replace(l.URL, "https", "http", 1), strings.TrimPrefix(l.URL, "https:"),
			strings.TrimPrefix(l.URL, "https://"), strings.TrimSuffix(l.URL, "/"), strings.ToUpper(l.URL),
			l.URL + "?lang=de", l.URL + "#deed", l.URL + "/", strings.Replace(l.URL, "//", "//www.", 1),
		}
		if l.CreativeCommons() {
			ways = append(ways, creativeCommonsWays(l)...)
		}
		for _, s := range ways {
			if s = strings.Replace(s, "//www.www.", "//www.", 1); s == "" {
				continue
			}
			if got, err := Parse(s); err != nil || got != l {
				t.Errorf("Parse(%q) = %q, %v; want %q", s, got.ID, err, l.ID)
			}
		}
	}
}

func creativeCommonsWays(l License) []string {
	ways := []string{
		l.URL + "deed", l.URL + "deed.de", l.URL + "deed.pt_BR", l.URL + "deed.zh-hans", l.URL + "legalcode",
		l.URL + "legalcode.fr", l.URL + "legalcode.txt", l.URL + "legalcode.en#s3a", l.URL + "rdf", l.URL + "deed.en/",
		strings.TrimSuffix(l.URL, "/") + "//deed.en?ref=chooser-v1",
		l.Name + " License", "The " + l.Name + " Public Licence", l.Name + " (" + l.Label + ")", l.Label + " – " + l.Name,
		strings.TrimPrefix(l.Name, "Creative Commons "),
	}
	if cut, ok := strings.CutPrefix(l.Label, "CC "); ok && l.Unit != "certification" {
		ways = append(ways, cut, strings.ReplaceAll(l.Label, " ", "-"), strings.ReplaceAll(l.Label, "-", " "), "cc-"+cut, "Creative Commons "+cut)
	}
	return ways
}

func TestParseSpellings(t *testing.T) {
	for s, want := range map[string]string{
		"cc-by-sa-4.0":         "CC-BY-SA-4.0",
		"by-sa 4.0":            "CC-BY-SA-4.0",
		"by 4":                 "CC-BY-4.0",
		"cc by v4.0":           "CC-BY-4.0",
		"CC BY version 4.0":    "CC-BY-4.0",
		"CC-BY4.0":             "CC-BY-4.0",
		"CC-BYv4.0":            "CC-BY-4.0",
		"ＣＣ ＢＹ－ＳＡ ４．０":         "CC-BY-SA-4.0",
		"CC\u200b BY—SA 4.0":   "CC-BY-SA-4.0",
		"CC 4.0 BY-SA":         "CC-BY-SA-4.0",
		"CC BY-SA-NC 4.0":      "CC-BY-NC-SA-4.0",
		"CC BY-ND-NC 1.0":      "CC-BY-NC-ND-1.0",
		"CC BY, NC and SA 4.0": "CC-BY-NC-SA-4.0",
		"cc0":                  "CC0-1.0", "CC0": "CC0-1.0", "cc zero": "CC0-1.0", "CC-0": "CC0-1.0", "Creative Commons Zero": "CC0-1.0",
		"Creative Commons Zero v1.0 Universal":                 "CC0-1.0",
		"CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
		"Public Domain Mark":                                   "CC-PDM-1.0",
		"pdm":                                                  "CC-PDM-1.0",
		"cc-pddc":                                              "CC-PDDC",
		"Creative Commons Attribution-ShareAlike 4.0 International":          "CC-BY-SA-4.0",
		"Creative Commons Attribution 4.0 International Public License":      "CC-BY-4.0",
		"Creative Commons Attribution-NonCommercial 3.0 Germany":             "CC-BY-NC-3.0-DE",
		"Attribution-NonCommercial 3.0 Germany":                              "CC-BY-NC-3.0-DE",
		"Creative Commons Attribution Non Commercial No Derivatives 3.0 IGO": "CC-BY-NC-ND-3.0-IGO",
		"Attribution-Noncommercial-No Derivative Works 3.0 Österreich":       "LicenseRef-CC-BY-NC-ND-3.0-AT",
		"Attribution-ShareAlike 2.1 日本":                                      "CC-BY-SA-2.1-JP",
		"Attribution-ShareAlike 2.0 England and Wales":                       "CC-BY-SA-2.0-UK",
		"CC BY-SA 3.0/DE":      "CC-BY-SA-3.0-DE",
		"CC BY-SA 3.0 (DE)":    "CC-BY-SA-3.0-DE",
		"CC Sampling Plus 1.0": "LicenseRef-CC-SAMPLING-PLUS-1.0",
		"https://creativecommons.org/licenses/sampling%2B/1.0/de/":     "LicenseRef-CC-SAMPLING-PLUS-1.0-DE",
		"http://creativecommons.org/licenses/publicdomain/":            "CC-PDDC",
		"https://creativecommons.org/licenses/publicdomain/deed.es":    "CC-PDDC",
		"https://creativecommons.org/publicdomain/zero":                "CC0-1.0",
		"https://creativecommons.org/licenses/by-nc-nd/1.0/":           "CC-BY-NC-ND-1.0",
		"https://creativecommons.org/licenses/by-nd-nc/1.0/fi/deed.fi": "LicenseRef-CC-BY-NC-ND-1.0-FI",
		"https://creativecommons.org:443/licenses/by/4.0/":             "CC-BY-4.0",
		"https://spdx.org/licenses/CC-BY-SA-2.1-JP.html":               "CC-BY-SA-2.1-JP",
		"GFDL-1.3":  "GFDL-1.3-only",
		"GFDL-1.2+": "GFDL-1.2-or-later",
		"GNU Free Documentation License, Version 1.2 or any later version": "GFDL-1.2-or-later",
		"GFDL-1.3-no-invariants-or-later":                                  "GFDL-1.3-no-invariants-or-later",
		"http://www.gnu.org/copyleft/fdl.html":                             "",
		"https://www.gnu.org/licenses/fdl-1.3.txt":                         "GFDL-1.3-only",
		"GPLv3":    "GPL-3.0-only",
		"gpl-3.0+": "GPL-3.0-or-later",
		"https://www.gnu.org/licenses/gpl-3.0.en.html": "GPL-3.0-only",
		"https://www.gnu.org/licenses/gpl-2.0.html":    "GPL-2.0-only",
		"mit":                                 "MIT",
		"https://opensource.org/licenses/MIT": "MIT",
		"OGL v3":                              "OGL-UK-3.0",
		"Free Art License 1.3":                "LAL-1.3",
		"http://artlibre.org/licence/lal/en/": "LAL-1.3",
		"odbl":                                "ODbL-1.0",
		"https://opendatacommons.org/licenses/odbl/":            "ODbL-1.0",
		"Datenlizenz Deutschland – Namensnennung – Version 2.0": "DL-DE-BY-2.0",
		"unlicense.org": "Unlicense",
	} {
		got, err := Parse(s)
		if got.ID != want || (err == nil) != (want != "") {
			t.Errorf("Parse(%q) = %q, %v; want %q", s, got.ID, err, want)
		}
	}
}

func TestParseWithoutVersion(t *testing.T) {
	generic := func(unit string) []string {
		return []string{unit + "-4.0", unit + "-3.0", unit + "-2.5", unit + "-2.0", unit + "-1.0"}
	}
	for s, want := range map[string][]string{
		"CC BY-SA": generic("cc-by-sa"), "cc by": generic("cc-by"), "by": generic("cc-by"), "Attribution": generic("cc-by"),
		"Creative Commons Attribution-NonCommercial-NoDerivs": generic("cc-by-nc-nd"),
		"CC BY 2": generic("cc-by"),
		"https://creativecommons.org/licenses/by-nd/": generic("cc-by-nd"),
		"CC BY-SA Germany":                            {"cc-by-sa-3.0-de", "cc-by-sa-2.0-de"},
		"by-sa-jp":                                    {"cc-by-sa-2.1-jp", "cc-by-sa-2.0-jp"},
		"OGL":                                         {"ogl-uk-3.0", "ogl-uk-2.0", "ogl-uk-1.0"},
		"gpl":                                         {"gpl-3.0-or-later", "gpl-3.0-only", "gpl-2.0-or-later", "gpl-2.0-only"},
		"cc sampling+":                                {"cc-sampling-plus-1.0"},
	} {
		_, err := Parse(s)
		var lacks *VersionError
		if !errors.As(err, &lacks) || lacks.Input != s || !slices.Equal(lacks.Choices, want) {
			t.Errorf("Parse(%q): %+v; want the choices %v", s, err, want)
			continue
		}
		for _, choice := range lacks.Choices {
			if _, err := Parse(choice); err != nil {
				t.Errorf("choice %q: %v", choice, err)
			}
		}
	}
}

func TestParseUnknown(t *testing.T) {
	for s, near := range map[string][]string{
		"":                                   nil,
		"0":                                  nil,
		"all rights reserved":                nil,
		"CC BY 3.0 JP":                       {"cc-by-3.0", "cc-by-2.1-jp", "cc-by-2.0-jp"},
		"CC BY 4.0 Germany":                  {"cc-by-4.0", "cc-by-3.0-de", "cc-by-2.0-de"},
		"CC BY 2.1":                          {"cc-by-4.0", "cc-by-3.0", "cc-by-2.5"},
		"cc-by-5.0":                          {"cc-by-4.0", "cc-by-3.0", "cc-by-2.5"},
		"CC0 2.0":                            {"cc0-1.0"},
		"public domain":                      {"cc0-1.0", "cc-pdm-1.0"},
		"by-ca 4.0":                          {"cc-by-4.0", "cc-by-3.0-ca", "cc-by-2.5-ca"},
		"cc-by-sa-4.0 or so":                 nil,
		"CC BY 4.0 CC BY-SA 4.0":             nil,
		"CC BY 4.0 public domain dedication": nil,
		"CC BY-ND-SA 4.0":                    nil,
		"https://creativecommons.org/":       nil,
		"https://creativecommons.org/licenses/by/4.0/xx/":         nil,
		"https://creativecommons.org/licenses/by/3.0/jp/":         {"cc-by-3.0", "cc-by-2.1-jp", "cc-by-2.0-jp"},
		"https://creativecommons.org/licenses/by-nd-nc/4.0/":      nil,
		"https://creativecommons.org/publicdomain/by/4.0/":        nil,
		"https://creativecommons.org/licenses/by/4.0/de/x/y":      nil,
		"https://creativecommons.org.example/licenses/by/4.0/":    nil,
		"https://evilcreativecommons.org/licenses/by/4.0/":        nil,
		"https://creativecommons.org@example.org/licenses/by/4.0": nil,
		"https://creativecommons.org:8080/licenses/by/4.0/":       nil,
		"ftp://creativecommons.org/licenses/by/4.0/":              nil,
		"https://creativecommons.org/licenses/by/4.0/%zz":         nil,
		"javascript://creativecommons.org/licenses/by/4.0/":       nil,
		strings.Repeat("cc ", 1000):                               nil,
	} {
		got, err := Parse(s)
		var no *UnknownError
		if !errors.As(err, &no) {
			t.Errorf("Parse(%.80q) = %q, %v; want an UnknownError", s, got.ID, err)
			continue
		}
		if near != nil && !slices.Equal(no.Near(), near) {
			t.Errorf("Parse(%q): near %v, want %v", s, no.Near(), near)
		}
		if len(no.Near()) > 3 || len([]rune(no.Input)) > 81 {
			t.Errorf("Parse(%.80q): %d suggestions, input of %d bytes", s, len(no.Near()), len(no.Input))
		}
	}
}

func TestNearSuggestions(t *testing.T) {
	for s, want := range map[string]string{
		"cc-by-sa-4.o": "cc-by-sa-4.0", "cc-bysa-4.0": "cc-by-sa-4.0", "c-by-4.0": "cc-by-4.0", "ccby-4.0": "cc-by-4.0", "unlicence": "unlicense", "lal 1.4": "lal-1.3",
	} {
		_, err := Parse(s)
		var no *UnknownError
		if !errors.As(err, &no) || !slices.Contains(no.Near(), want) {
			t.Errorf("Parse(%q): %+v; want %s among the suggestions", s, err, want)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"copyleft", `unknown licence "copyleft"`},
		{"CC BY-SA", `licence "CC BY-SA" lacks a version`},
		{"evil\x1b[2J\nname", `unknown licence "evil [2J name"`},
	} {
		if _, err := Parse(c.in); err == nil || err.Error() != c.want {
			t.Errorf("Parse(%q): %v; want %s", c.in, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"cc-by-sa-4.0", "CC BY-NC-ND 3.0 DE", "https://creativecommons.org/licenses/sampling+/1.0/br/deed.pt_BR?x#y",
		"CC BY", "//creativecommons.org//", "GFDL 1.3+", "Attribution 2.0 UK: England & Wales", "cc4.0.", "\xff\u0300.", "4.0+.+.", "http://[::1]/",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := Parse(s)
		if err == nil {
			if again, err := Parse(l.ID); err != nil || again != l {
				t.Errorf("%q gives %q, which gives %q, %v", s, l.ID, again.ID, err)
			}
			return
		}
		if !l.IsZero() {
			t.Errorf("%q: an error and %q", s, l.ID)
		}
		if strings.ContainsFunc(err.Error(), unicode.IsControl) {
			t.Errorf("%q: control characters in %q", s, err.Error())
		}
		var lacks *VersionError
		if errors.As(err, &lacks) && len(lacks.Choices) == 0 {
			t.Errorf("%q: no choices", s)
		}
	})
}

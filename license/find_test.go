package license

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func ids(found []License) []string {
	out := []string{}
	for _, l := range found {
		out = append(out, l.ID)
	}
	return out
}

// Every entry is found by its address, every Creative Commons one also by its names.
func TestFindRoundTrip(t *testing.T) {
	for _, l := range All() {
		texts := []string{l.URL, "see " + l.URL + ".", "(" + l.URL + ")", `<a rel="license" href="` + l.URL + `">here</a>`,
			"2026 Ana Ruiz. Licensed to the public under " + l.URL + " verify at https://example.org/by-sa/4.0/"}
		if l.CreativeCommons() {
			texts = append(texts, l.Label, l.Name, "© 2026 Ana, "+l.Label+". Enjoy!", l.URL+"deed.de", l.URL+"legalcode#4a",
				"This work is licensed under a "+l.Name+" License.", l.Name+" ("+l.Label+") "+l.URL)
		}
		if l.PublicDomain() || strings.Contains(l.ID, "1.") || strings.Contains(l.ID, "2.") || strings.Contains(l.ID, "3.") {
			texts = append(texts, "Licence: "+l.Name+".")
		}
		for _, text := range texts {
			if got := ids(Find(text)); !slices.Equal(got, []string{l.ID}) {
				t.Errorf("Find(%q) = %v; want %s", text, got, l.ID)
			}
		}
	}
}

func TestFind(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "CC BY": "", "CC BY-SA, with attribution": "", "Creative Commons": "", "GFDL": "", "MIT": "", "at MIT in 2004": "",
		"painted by 4.0": "", "Chapter Attribution 4.0 of the book": "", "public domain": "", "100cc 0 km": "", "CC BY. 4.0 stars": "",
		"made by Sa 2.0": "", "https://example.org/licenses/by-sa/4.0/": "", "CC BY 9.9": "", "CC0 2.0": "",
		"CC BY-SA 4.0":                        "CC-BY-SA-4.0",
		"CC-BY 4.0":                           "CC-BY-4.0",
		"Photo: Ana (CC BY 4.0 by Ana)":       "CC-BY-4.0",
		"lizenziert unter by-nc 3.0":          "CC-BY-NC-3.0",
		"本作品採用CC BY-NC-SA 4.0授權":              "CC-BY-NC-SA-4.0",
		"released as CC0":                     "CC0-1.0",
		"CC0, no rights reserved":             "CC0-1.0",
		"Creative Commons Zero":               "CC0-1.0",
		"marked Public Domain Mark":           "CC-PDM-1.0",
		"Creative Commons Attribution 4.0":    "CC-BY-4.0",
		"Attribution 4.0 International":       "CC-BY-4.0",
		"Attribution-ShareAlike 3.0":          "CC-BY-SA-3.0",
		"CC Attribution License, version 2.5": "CC-BY-2.5",
		"Creative Commons Attribution-Noncommercial-Share Alike 3.0 United States License": "LicenseRef-CC-BY-NC-SA-3.0-US",
		"CC BY 3.0 DE":                                    "CC-BY-3.0-DE",
		"cc-by-3.0-de":                                    "CC-BY-3.0-DE",
		"CC BY 3.0 (de)":                                  "CC-BY-3.0-DE",
		"cc by 3.0 de Ana Ruiz":                           "CC-BY-3.0",
		"CC BY 2.5 in 2009":                               "CC-BY-2.5",
		"CC BY 3.0, Germany":                              "CC-BY-3.0",
		"CC BY 3.0 Deutschland":                           "CC-BY-3.0-DE",
		"CC BY 3.0 Japan":                                 "",
		"CC BY 4.0 DE":                                    "CC-BY-4.0",
		"CC BY-SA 3.0 and GFDL 1.2":                       "CC-BY-SA-3.0 GFDL-1.2-only",
		"GFDL 1.2 or later, CC BY 1.0":                    "GFDL-1.2-or-later CC-BY-1.0",
		"CC BY 4.0, code: MIT License, CC BY 4.0":         "CC-BY-4.0 MIT",
		"creativecommons.org/licenses/by/2.0/fr":          "LicenseRef-CC-BY-2.0-FR",
		"HTTP://WWW.CREATIVECOMMONS.ORG/LICENSES/BY/2.0/": "CC-BY-2.0",
		"[CC](https://creativecommons.org/licenses/by/4.0/), [x](https://x.org/y)":                                              "CC-BY-4.0",
		"see creativecommons.org/licenses/by/4.0/.":                                                                             "CC-BY-4.0",
		"http://creativecommons.org/licenses/by/3.0/ http://evil.org/CC-BY-4.0/":                                                "CC-BY-3.0",
		"evilcreativecommons.org/licenses/by/4.0/":                                                                              "",
		"creativecommons.org/licenses/by/":                                                                                      "",
		"Open Data Commons Attribution License v1.0":                                                                            "ODC-By-1.0",
		"Permission is granted under the GNU Free Documentation License, Version 1.2 or any later version published by the FSF": "GFDL-1.2-or-later",
		"see https://unlicense.org for more":                                                                                    "Unlicense",
	} {
		if got := strings.Join(ids(Find(text)), " "); got != want {
			t.Errorf("Find(%q) = %q; want %q", text, got, want)
		}
	}
}

func TestFindIsBounded(t *testing.T) {
	if got := Find(strings.Repeat("x ", maxText/2) + "CC BY 4.0"); len(got) != 0 {
		t.Errorf("found %v beyond the bound", ids(got))
	}
	var all strings.Builder
	for _, l := range All() {
		all.WriteString(l.URL + "\n")
	}
	if got := Find(all.String()); len(got) != maxFound {
		t.Errorf("found %d", len(got))
	}
}

// Text made to be slow is read about as fast as any other: what grows with the square of the length takes minutes.
func TestHostileTextIsFast(t *testing.T) {
	for _, s := range []string{"a", "非", "4.", "4.0+", "//", "x://", "a.b/", "by-", "cc by ", "creative commons license ", "\u0300",
		"gnu free documentation license ", "not all rights reserved ", "cc by 3.0 united states of ", "https://creativecommons.org/licenses/by/4.0/,"} {
		text := strings.Repeat(s, maxText/len(s))
		begin := time.Now()
		Find(text)
		ReservesAll(text)
		_, _ = Parse(text[:maxInput])
		if took := time.Since(begin); took > 15*time.Second {
			t.Errorf("%q takes %v", s, took)
		}
	}
}

func TestReservesAll(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "(c) 2020 Ana": false, "Some rights reserved": false, "No rights reserved": false, "Overall rights reserved": false,
		"Einige Rechte vorbehalten": false, "Certains droits réservés": false, "Algunos derechos reservados": false,
		"Not all rights reserved.": false, "some instead of \"all rights reserved\"": false, "nicht alle Rechte vorbehalten": false,
		"CC BY 4.0": false, "no todos los derechos reservados": false,
		"All rights reserved": true, "© 2020 Ana. ALL  RIGHTS\nRESERVED.": true, "Not for sale. All rights reserved": true,
		"Alle Rechte vorbehalten": true, "Tous droits réservés": true, "TOUS DROITS RESERVES": true, "Tous droits re\u0301serve\u0301s": true,
		"Todos los derechos reservados": true, "Todos os direitos reservados": true, "Tutti i diritti riservati": true,
		"Tüm hakları saklıdır": true, "TÜM HAKLARI SAKLIDIR": true, "Все права защищены": true, "Wszelkie prawa zastrzeżone": true,
		"無断転載禁止": true, "写真の無断転載を禁じます": true, "版权所有，翻印必究": true, "جميع الحقوق محفوظة": true, "All\u00a0rights\u00adreserved": false,
		"All rights re\u00adserved": true, "not all rights reserved, but: all rights reserved": true,
	} {
		if got := ReservesAll(text); got != want {
			t.Errorf("ReservesAll(%q) = %v", text, got)
		}
	}
	for _, phrase := range reservations {
		if !ReservesAll("x 2020: " + strings.ToUpper(phrase) + "!") {
			t.Errorf("%q is not found in capitals", phrase)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"CC BY-SA 4.0", "https://creativecommons.org/licenses/by/4.0/deed.de).", "Attribution-ShareAlike 3.0 UK: Scotland (CC BY 2.5 scotland)",
		"GFDL 1.2 or any later version.", "cc-by-3.0-", "CC\x00BY\xff4.0", "a.b/c://d", "not all rights reserved", "+.+4.0+4.",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		found := Find(s)
		ReservesAll(s)
		for i, l := range found {
			if l.IsZero() || slices.Contains(found[:i], l) {
				t.Errorf("Find(%q) = %v", s, ids(found))
			}
		}
		for _, l := range found {
			if !slices.Contains(Find(l.URL+" "+s), l) {
				t.Errorf("%s is lost in %q", l.ID, s)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	text := strings.Repeat("Photo by Ana Ruiz, taken at https://example.org/x in 2026; ", 20) + "CC BY-SA 4.0"
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Find(text)
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		_, _ = Parse("https://creativecommons.org/licenses/by-sa/4.0/deed.de")
		_, _ = Parse("CC BY-NC-ND 3.0 DE")
	}
}

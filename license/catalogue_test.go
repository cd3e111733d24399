package license

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// spdxCreativeCommons are the Creative Commons identifiers of the SPDX License List 3.28, written out on purpose.
const spdxCreativeCommons = `
CC-BY-1.0 CC-BY-2.0 CC-BY-2.5 CC-BY-2.5-AU CC-BY-3.0 CC-BY-3.0-AT CC-BY-3.0-AU CC-BY-3.0-DE CC-BY-3.0-IGO
CC-BY-3.0-NL CC-BY-3.0-US CC-BY-4.0 CC-BY-NC-1.0 CC-BY-NC-2.0 CC-BY-NC-2.5 CC-BY-NC-3.0 CC-BY-NC-3.0-DE
CC-BY-NC-4.0 CC-BY-NC-ND-1.0 CC-BY-NC-ND-2.0 CC-BY-NC-ND-2.5 CC-BY-NC-ND-3.0 CC-BY-NC-ND-3.0-DE
CC-BY-NC-ND-3.0-IGO CC-BY-NC-ND-4.0 CC-BY-NC-SA-1.0 CC-BY-NC-SA-2.0 CC-BY-NC-SA-2.0-DE CC-BY-NC-SA-2.0-FR
CC-BY-NC-SA-2.0-UK CC-BY-NC-SA-2.5 CC-BY-NC-SA-3.0 CC-BY-NC-SA-3.0-DE CC-BY-NC-SA-3.0-IGO CC-BY-NC-SA-4.0
CC-BY-ND-1.0 CC-BY-ND-2.0 CC-BY-ND-2.5 CC-BY-ND-3.0 CC-BY-ND-3.0-DE CC-BY-ND-4.0 CC-BY-SA-1.0 CC-BY-SA-2.0
CC-BY-SA-2.0-UK CC-BY-SA-2.1-JP CC-BY-SA-2.5 CC-BY-SA-3.0 CC-BY-SA-3.0-AT CC-BY-SA-3.0-DE CC-BY-SA-3.0-IGO
CC-BY-SA-4.0 CC-PDDC CC-PDM-1.0 CC-SA-1.0 CC0-1.0`

func TestSPDXIdentifiers(t *testing.T) {
	want := strings.Fields(spdxCreativeCommons)
	if len(want) != 55 {
		t.Fatalf("the list has %d identifiers", len(want))
	}
	var got []string
	for _, l := range All() {
		if l.CreativeCommons() && !strings.HasPrefix(l.ID, "LicenseRef-") {
			got = append(got, l.ID)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("SPDX identifiers\n got %v\nwant %v", got, want)
	}
}

// The numbers are those of the legal code that Creative Commons publishes.
func TestCatalogueIsComplete(t *testing.T) {
	count := map[string]int{}
	for _, l := range All() {
		switch {
		case !l.CreativeCommons():
			count["other"]++
		case l.Retired != "":
			count["retired"]++
		default:
			count[l.Version]++
		}
	}
	// 1.0 also counts CC0 and the Public Domain Mark.
	for version, want := range map[string]int{
		"4.0": 6, "3.0": 6 * 44, "2.5": 6 * 29, "2.1": 6 * 4, "2.0": 6 * 19, "1.0": 6*4 + 2, "retired": 5*4 + 1 + 3 + 4 + 2 + 1,
	} {
		if count[version] != want {
			t.Errorf("%s: %d entries, want %d", version, count[version], want)
		}
	}
	if count["other"] < 40 {
		t.Errorf("only %d other licences", count["other"])
	}
}

func TestEntriesAreWellFormed(t *testing.T) {
	id := regexp.MustCompile(`^(LicenseRef-)?[A-Za-z0-9.-]+$`) // SPDX 2.3, Annex D
	seen := map[string]string{}
	unique := func(l License, value string) {
		key := strings.ToLower(value)
		if by := seen[key]; by != "" && by != l.ID {
			t.Errorf("%s and %s share %q", by, l.ID, value)
		}
		seen[key] = l.ID
	}
	for _, l := range All() {
		if l.IsZero() || !id.MatchString(l.ID) {
			t.Errorf("identifier %q", l.ID)
		}
		if l.Label == "" || l.Name == "" || strings.ContainsAny(l.Label+l.Name, "\n\t") {
			t.Errorf("%s: label %q, name %q", l.ID, l.Label, l.Name)
		}
		u, err := url.Parse(l.URL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
			t.Errorf("%s: address %q", l.ID, l.URL)
		}
		if l.CreativeCommons() && (l.URL != strings.ToLower(l.URL) || !strings.HasSuffix(l.URL, "/") || u.Host != "creativecommons.org") {
			t.Errorf("%s: address %q is not canonical", l.ID, l.URL)
		}
		unique(l, l.ID)
		unique(l, l.URL)
		unique(l, l.Label)
		unique(l, l.Name)
		unique(l, l.Short())
	}
}

func TestKnownEntries(t *testing.T) {
	for _, want := range []License{
		{ID: "CC-BY-SA-4.0", URL: "https://creativecommons.org/licenses/by-sa/4.0/", Label: "CC BY-SA 4.0",
			Name: "Creative Commons Attribution-ShareAlike 4.0 International", Unit: "by-sa", Version: "4.0"},
		{ID: "CC-BY-NC-ND-4.0", URL: "https://creativecommons.org/licenses/by-nc-nd/4.0/", Label: "CC BY-NC-ND 4.0",
			Name: "Creative Commons Attribution-NonCommercial-NoDerivatives 4.0 International", Unit: "by-nc-nd", Version: "4.0"},
		{ID: "CC-BY-ND-3.0", URL: "https://creativecommons.org/licenses/by-nd/3.0/", Label: "CC BY-ND 3.0",
			Name: "Creative Commons Attribution-NoDerivs 3.0 Unported", Unit: "by-nd", Version: "3.0"},
		{ID: "CC-BY-NC-ND-1.0", URL: "https://creativecommons.org/licenses/by-nd-nc/1.0/", Label: "CC BY-NC-ND 1.0",
			Name: "Creative Commons Attribution-NoDerivs-NonCommercial 1.0 Generic", Unit: "by-nc-nd", Version: "1.0"},
		{ID: "CC-BY-NC-SA-2.0-UK", URL: "https://creativecommons.org/licenses/by-nc-sa/2.0/uk/", Label: "CC BY-NC-SA 2.0 UK",
			Name: "Creative Commons Attribution-NonCommercial-ShareAlike 2.0 UK: England & Wales", Unit: "by-nc-sa", Version: "2.0", Jurisdiction: "uk"},
		{ID: "CC-BY-3.0-IGO", URL: "https://creativecommons.org/licenses/by/3.0/igo/", Label: "CC BY 3.0 IGO",
			Name: "Creative Commons Attribution 3.0 IGO", Unit: "by", Version: "3.0", Jurisdiction: "igo"},
		{ID: "LicenseRef-CC-BY-2.5-SCOTLAND", URL: "https://creativecommons.org/licenses/by/2.5/scotland/", Label: "CC BY 2.5 Scotland",
			Name: "Creative Commons Attribution 2.5 UK: Scotland", Unit: "by", Version: "2.5", Jurisdiction: "scotland"},
		{ID: "LicenseRef-CC-NC-SAMPLING-PLUS-1.0-TW", URL: "https://creativecommons.org/licenses/nc-sampling+/1.0/tw/", Label: "CC NC-Sampling+ 1.0 TW",
			Name: "Creative Commons NonCommercial Sampling Plus 1.0 Taiwan", Unit: "nc-sampling+", Version: "1.0", Jurisdiction: "tw", Retired: "2011-09-12"},
		{ID: "CC-SA-1.0", URL: "https://creativecommons.org/licenses/sa/1.0/", Label: "CC SA 1.0",
			Name: "Creative Commons ShareAlike 1.0 Generic", Unit: "sa", Version: "1.0", Retired: "2004-05-25"},
		{ID: "CC0-1.0", URL: "https://creativecommons.org/publicdomain/zero/1.0/", Label: "CC0 1.0",
			Name: "Creative Commons CC0 1.0 Universal", Unit: "zero", Version: "1.0"},
		{ID: "GFDL-1.3-or-later", URL: "https://spdx.org/licenses/GFDL-1.3-or-later.html", Label: "GFDL 1.3 or later",
			Name: "GNU Free Documentation License v1.3 or later"},
		{ID: "GFDL-1.2-only", URL: "https://www.gnu.org/licenses/old-licenses/fdl-1.2.html", Label: "GFDL 1.2 only",
			Name: "GNU Free Documentation License v1.2 only"},
	} {
		if !slices.Contains(All(), want) {
			got, _ := Parse(want.ID)
			t.Errorf("%s\n got %+v\nwant %+v", want.ID, got, want)
		}
	}
}

func TestAllIsACopy(t *testing.T) {
	All()[0].ID = "broken"
	if All()[0].ID == "broken" {
		t.Error("a caller can change the catalogue")
	}
}

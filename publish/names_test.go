package publish

import (
	"errors"
	"strings"
	"testing"
)

func TestSlugOf(t *testing.T) {
	for title, want := range map[string]string{
		"Tide":                      "tide",
		"Crème Brûlée":              "creme-brulee",
		"  What's up, Doc?  ":       "whats-up-doc",
		"Straße & Gasse":            "strasse-gasse",
		"AC/DC: Live (2026)":        "ac-dc-live-2026",
		"Øresund łódź":              "oresund-lodz",
		strings.Repeat("word ", 40): strings.TrimSuffix(strings.Repeat("word-", 16), "-"),
	} {
		if got := slugOf(title); got != want {
			t.Errorf("slugOf(%q) = %q, want %q", title, got, want)
		}
	}
}

func TestSlugOfAnyTitleIsUsableAndStable(t *testing.T) {
	seen := map[string]bool{}
	for _, title := range []string{"潮汐", "прилив", "🌊", "..", "CON", "---", "nul"} {
		slug := slugOf(title)
		if err := checkSlug(slug); err != nil || slug == "" {
			t.Errorf("slugOf(%q) = %q: %v", title, slug, err)
		}
		if slug != slugOf(title) || seen[slug] {
			t.Errorf("slugOf(%q) = %q is not stable or not its own", title, slug)
		}
		seen[slug] = true
	}
}

func TestCheckName(t *testing.T) {
	for name, want := range map[string]string{
		"Tide.mp3":               "",
		"潮汐.flac":                "",
		strings.Repeat("a", 255): "",
		strings.Repeat("a", 256): "error",
		"":                       "error",
		"..":                     "error",
		"a/b":                    "error",
		"bad\xff.mp3":            "error",
		"line\nbreak":            "error",
		"CON":                    "doubt",
		"con.mp3":                "doubt",
		"LPT1.txt":               "doubt",
		"LPT0.txt":               "",
		"What?.mp3":              "doubt",
		"trailing.":              "doubt",
		" leading":               "doubt",
		"constant.mp3":           "",
	} {
		var hard *NameError
		var doubt *DoubtError
		err := checkName(name)
		got := ""
		switch {
		case errors.As(err, &hard):
			got = "error"
		case errors.As(err, &doubt):
			got = "doubt"
		}
		if got != want {
			t.Errorf("checkName(%q) = %v, want %q", name, err, want)
		}
	}
}

func TestFolderNameIsPortable(t *testing.T) {
	for _, c := range [][3]string{
		{"Ana Ruiz", "Tide", "Ana Ruiz - Tide"},
		{"", "Tide", "Tide"},
		{"AC/DC", `What: a "day"?`, "AC-DC - What - a 'day'"},
		{"A", "ends with dots...", "A - ends with dots"},
	} {
		got := folderName(c[0], c[1])
		if got != c[2] {
			t.Errorf("folderName(%q, %q) = %q, want %q", c[0], c[1], got, c[2])
		}
		if err := checkName(got); err != nil {
			t.Errorf("folderName(%q, %q): %v", c[0], c[1], err)
		}
	}
}

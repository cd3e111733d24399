package publish

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"commonseed/publish/torrentfile"
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
	for name, good := range map[string]bool{
		"Tide.mp3":               true,
		"潮汐.flac":                true,
		"CON":                    true, // doubtful, not wrong
		"What?.mp3 ":             true,
		strings.Repeat("a", 255): true,
		strings.Repeat("a", 256): false,
		"":                       false,
		"..":                     false,
		"a/b":                    false,
		"bad\xff.mp3":            false,
		"line\nbreak":            false,
	} {
		if err := checkName(name); (err == nil) != good {
			t.Errorf("checkName(%q) = %v", name, err)
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
		if doubts := torrentfile.LintNames(got, nil); doubts != nil {
			t.Errorf("folderName(%q, %q): %v", c[0], c[1], doubts)
		}
	}
}

// Every doubt that a publish may have in names can be overruled: its lint is one
// that --allow takes.
func TestLintsOfNamesAreKnown(t *testing.T) {
	paths := []string{"AUX", "a?", "B", "b", "e\u0301", strings.Repeat("x", 255)}
	known := map[string]bool{"denormal-name": false} // gather writes all names in NFC
	for _, d := range torrentfile.LintNames("", paths) {
		if _, ok := Lints[d.Lint]; !ok && d.Lint != "denormal-name" {
			t.Errorf("%q is no lint", d.Lint)
		}
		known[d.Lint] = true
	}
	if len(known) != 5 || !known["denormal-name"] {
		t.Errorf("only %v were told", known)
	}
}

func TestNamesThatAreTaken(t *testing.T) {
	for _, c := range []struct {
		files string // that there are, one a line
		wrong string // what is said, "" for nothing
	}{
		{"Tide.txt\ntide.txt\nTIDE/x", ""}, // doubtful, not wrong
		{"licence.txt\nin/LICENSE.txt\nlicense.txt.license", ""},
		{"License.TXT", `the name "License.TXT" is one that every release writes itself`},
		{"METADATA.json/x", `the name "METADATA.json" is one that every release writes itself`},
		{"\u00e9/x\ne\u0301/y", `the name "é" is that of both`},
		{"\u00e9\ne\u0301/y", `the name "é" is that of both`},
		{`back\slash`, `holds a backslash`},
	} {
		dir := t.TempDir()
		for name := range strings.SplitSeq(c.files, "\n") {
			writeTest(t, filepath.Join(dir, name), "text")
		}
		said := fmt.Sprint(gather([]string{dir}, nil).problems)
		if c.wrong == "" && said != "" || !strings.Contains(said, c.wrong) || strings.Contains(said, "\n") {
			t.Errorf("%q: said %q, want %q", c.files, said, c.wrong)
		}
	}
}

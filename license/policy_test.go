package license

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func mustParse(t *testing.T, s string) License {
	t.Helper()
	l, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPolicy(t *testing.T) {
	// r: redistribute, c: commercially, a: adapt; b: attribution, s: share alike
	for s, want := range map[string]string{
		"CC BY 4.0": "rcab", "CC BY-SA 3.0 DE": "rcabs", "CC BY-NC 2.5": "rab", "CC BY-NC-SA 2.0 FR": "rabs", "CC BY-ND 1.0": "rcb",
		"CC BY-NC-ND 1.0": "rb", "CC BY-NC-ND 4.0": "rb", "CC NC 1.0": "ra", "CC NC-SA 1.0": "ras", "CC ND 1.0": "rc", "CC ND-NC 1.0": "r", "CC SA 1.0": "rcas",
		"CC0": "rca", "PDM": "rca", "CC PDDC": "rca", "Unlicense": "rca", "PDDL": "rca", "DL-DE-ZERO-2.0": "rca", "0BSD": "rca",
		"CC Sampling 1.0": "cab", "CC DevNations 2.0": "cab", "CC Sampling+ 1.0": "rab", "CC NC-Sampling+ 1.0": "rab",
		"LAL-1.3": "rcabs", "GFDL-1.3-or-later": "rcabs", "OFL-1.1": "rcabs", "OGL-UK-3.0": "rcab", "ODbL": "rcabs", "ODC-By": "rcab",
		"etalab-2.0": "rcab", "CDLA-Permissive-2.0": "rca", "CDLA-Permissive-1.0": "rcab", "MIT": "rcab", "GPL-3.0-or-later": "rcabs",
	} {
		p := mustParse(t, s).Policy()
		var got strings.Builder
		for _, f := range []struct {
			on     bool
			letter string
		}{{p.Redistribute, "r"}, {p.Commercial, "c"}, {p.Adapt, "a"}, {p.Attribution, "b"}, {p.ShareAlike, "s"}} {
			if f.on {
				got.WriteString(f.letter)
			}
		}
		if got.String() != want {
			t.Errorf("%s: %s, want %s", s, got.String(), want)
		}
	}
}

// Only the retired licences that forbid passing on the work are refused, and only sampling+ is warned about.
func TestRefusals(t *testing.T) {
	for _, l := range All() {
		p := l.Policy()
		refused := l.Unit == "sampling" || l.Unit == "devnations"
		warned := l.Unit == "sampling+" || l.Unit == "nc-sampling+"
		if (p.Refused != "") != refused || p.Redistribute == refused {
			t.Errorf("%s: refused %q, redistribute %v", l.ID, p.Refused, p.Redistribute)
		}
		if (p.Warning != "") != warned {
			t.Errorf("%s: warning %q", l.ID, p.Warning)
		}
	}
	if p := (License{}).Policy(); p.Refused == "" || p.Redistribute {
		t.Errorf("no licence allows %+v", p)
	}
	if p := (License{ID: "Proprietary", Unit: "by"}).Policy(); p.Refused == "" || p.Redistribute {
		t.Errorf("a licence that is not ours allows %+v", p)
	}
}

func TestPublicDomain(t *testing.T) {
	var got []string
	for _, l := range All() {
		if l.PublicDomain() {
			got = append(got, l.ID)
			if must := l.Policy().Must(); len(must) != 0 {
				t.Errorf("%s asks for %q", l.ID, must)
			}
		}
	}
	if want := []string{"CC0-1.0", "CC-PDM-1.0", "CC-PDDC", "PDDL-1.0", "Unlicense"}; !slices.Equal(got, want) {
		t.Errorf("public domain: %v", got)
	}
}

func TestPlainWords(t *testing.T) {
	form := regexp.MustCompile(`^[A-Z][A-Za-z ]+: [a-z][^.\n]+[^.\n]$`)
	for _, l := range All() {
		p := l.Policy()
		lines := append(p.May(), p.Must()...)
		if len(p.May()) == 0 {
			t.Errorf("%s allows nothing", l.ID)
		}
		for _, line := range lines {
			if !form.MatchString(line) {
				t.Errorf("%s: %q", l.ID, line)
			}
		}
	}
	nc := mustParse(t, "CC BY-NC-SA 4.0").Policy()
	if got, want := nc.May()[0], "Share: copy and redistribute it in any medium or format, but not commercially"; got != want {
		t.Errorf("got %q", got)
	}
	heads := func(lines []string) string {
		var out []string
		for _, line := range lines {
			head, _, _ := strings.Cut(line, ":")
			out = append(out, head)
		}
		return strings.Join(out, ", ")
	}
	for s, want := range map[string]string{
		"CC BY-NC-SA 4.0": "Share, Adapt | Give credit, NonCommercial, Share alike",
		"CC BY-ND 4.0":    "Share | Give credit, No changes",
		"CC BY-NC-ND 4.0": "Share | Give credit, NonCommercial, No changes",
		"CC0":             "Share, Adapt | ",
		"CC Sampling 1.0": "Sample | Give credit, No advertising",
		"OFL-1.1":         "Share, Adapt | Give credit, Share alike, Not on its own",
	} {
		p := mustParse(t, s).Policy()
		if got := heads(p.May()) + " | " + heads(p.Must()); got != want {
			t.Errorf("%s: %s", s, got)
		}
	}
}

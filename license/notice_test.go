package license

import (
	"slices"
	"strings"
	"testing"
)

const (
	bysa = "https://creativecommons.org/licenses/by-sa/4.0/"
	zero = "https://creativecommons.org/publicdomain/zero/1.0/"
	pdm  = "https://creativecommons.org/publicdomain/mark/1.0/"
)

func TestAttribution(t *testing.T) {
	full := Notice{Title: "Tide", Creator: "Ana Ruiz", Year: 2026}
	for _, c := range []struct {
		license string
		n       Notice
		want    string
	}{
		{"CC BY-SA 4.0", full, `"Tide" © 2026 by Ana Ruiz is licensed under CC BY-SA 4.0. ` + bysa},
		{"CC BY-SA 4.0", Notice{Title: "Tide", Creator: "Ana Ruiz"}, `"Tide" by Ana Ruiz is licensed under CC BY-SA 4.0. ` + bysa},
		{"CC BY-SA 4.0", Notice{Title: "Tide", Year: 2026}, `"Tide" © 2026 is licensed under CC BY-SA 4.0. ` + bysa},
		{"CC BY-SA 4.0", Notice{Creator: "Ana Ruiz", Year: 2026}, `This work © 2026 by Ana Ruiz is licensed under CC BY-SA 4.0. ` + bysa},
		{"CC BY-SA 4.0", Notice{}, `This work is licensed under CC BY-SA 4.0. ` + bysa},
		{"CC BY-SA 4.0", Notice{Title: "A\r\n\tB\x00 \u202eC", Creator: " \n"}, `"A B C" is licensed under CC BY-SA 4.0. ` + bysa},
		{"CC BY-SA 4.0", Notice{Title: `The "Sea"`}, `“The "Sea"” is licensed under CC BY-SA 4.0. ` + bysa},
		{"CC BY-SA 4.0", Notice{Title: "Tide", SourceURL: "https://ana.example/tide"},
			`"Tide" is licensed under CC BY-SA 4.0. ` + bysa + ` Source: https://ana.example/tide`},
		{"CC BY-SA 4.0", Notice{Title: "Tide", SourceURL: "javascript:alert(1)"}, `"Tide" is licensed under CC BY-SA 4.0. ` + bysa},
		{"CC0", full, `"Tide" by Ana Ruiz is marked with CC0 1.0. ` + zero},
		{"PDM", full, `"Tide" by Ana Ruiz is marked with Public Domain Mark 1.0. ` + pdm},
		{"Unlicense", full, `"Tide" by Ana Ruiz is released into the public domain with The Unlicense. https://unlicense.org/`},
	} {
		c.n.License = mustParse(t, c.license)
		if got := c.n.Attribution(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	if got, want := full.Attribution(), `"Tide" © 2026 by Ana Ruiz`; got != want {
		t.Errorf("without a licence: %s", got)
	}
}

func TestAttributionHTML(t *testing.T) {
	n := Notice{License: mustParse(t, "CC BY-SA 4.0"), Title: `<b>"T" & co`, Creator: "Ana <i>", Year: 2026,
		SourceURL: `https://a.example/?a=1&b=2`, AttributionURL: "https://ana.example/", PageURL: "https://p.example/"}
	want := `<a href="https://a.example/?a=1&amp;b=2">“&lt;b&gt;&#34;T&#34; &amp; co”</a> © 2026 by ` +
		`<a href="https://ana.example/">Ana &lt;i&gt;</a> is licensed under <a href="` + bysa + `" rel="license">CC BY-SA 4.0</a>.`
	if got := n.AttributionHTML(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	n.Title, n.SourceURL, n.AttributionURL = "T", "", "javascript:alert(1)"
	want = `<a href="https://p.example/">&#34;T&#34;</a> © 2026 by Ana &lt;i&gt; is licensed under <a href="` + bysa + `" rel="license">CC BY-SA 4.0</a>.`
	if got := n.AttributionHTML(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, bad := range []string{"javascript:alert(1)", "data:text/html,x", "//x.example/", "/relative", "https://", `https://x.example/"onclick="x`,
		"https://x.example/<", "https://x.example/a b", "https://x.example/\n", "HTTPS\x00://x"} {
		n := Notice{Title: "T", SourceURL: bad, PageURL: bad, AttributionURL: bad, Creator: "A"}
		if got := n.AttributionHTML(); strings.Contains(got, "<a") {
			t.Errorf("%q is linked: %s", bad, got)
		}
	}
}

func TestTags(t *testing.T) {
	full := Notice{Title: "Tide", Creator: "Ana Ruiz", Year: 2026, PageURL: "https://p.example/tide/"}
	for _, c := range []struct {
		license          string
		n                Notice
		copyright, terms string
	}{
		{"CC BY-SA 4.0", full, "2026 Ana Ruiz. Licensed under CC BY-SA 4.0: " + bysa,
			"This work is licensed under CC BY-SA 4.0: " + bysa + " verify at https://p.example/tide/"},
		{"CC BY-SA 4.0", Notice{Creator: "Ana Ruiz"}, "Ana Ruiz. Licensed under CC BY-SA 4.0: " + bysa, "This work is licensed under CC BY-SA 4.0: " + bysa},
		{"CC BY-SA 4.0", Notice{Year: 2026}, "2026 Licensed under CC BY-SA 4.0: " + bysa, "This work is licensed under CC BY-SA 4.0: " + bysa},
		{"CC BY-SA 4.0", Notice{Creator: "Acme Inc."}, "Acme Inc. Licensed under CC BY-SA 4.0: " + bysa, "This work is licensed under CC BY-SA 4.0: " + bysa},
		{"CC BY-SA 4.0", Notice{Year: -3, Creator: "A\nB"}, "A B. Licensed under CC BY-SA 4.0: " + bysa, "This work is licensed under CC BY-SA 4.0: " + bysa},
		{"CC BY-SA 4.0", Notice{}, "Licensed under CC BY-SA 4.0: " + bysa, "This work is licensed under CC BY-SA 4.0: " + bysa},
		{"CC0", Notice{Year: 2026, Creator: "Ana"}, "2026 Ana. Marked with CC0 1.0: " + zero, "This work is marked with CC0 1.0: " + zero},
		{"PDM", Notice{Year: 2026, Creator: "Ana"}, "Marked with Public Domain Mark 1.0, free of known copyright restrictions: " + pdm,
			"This work is marked with Public Domain Mark 1.0, free of known copyright restrictions: " + pdm},
	} {
		c.n.License = mustParse(t, c.license)
		if got := c.n.Copyright(); got != c.copyright {
			t.Errorf("Copyright: got  %s\nwant %s", got, c.copyright)
		}
		if got := c.n.UsageTerms(); got != c.terms {
			t.Errorf("UsageTerms: got  %s\nwant %s", got, c.terms)
		}
	}
	full.License = mustParse(t, "CC BY-SA 4.0")
	if got := full.WebStatement(); got != full.PageURL {
		t.Errorf("WebStatement: %s", got)
	}
	full.PageURL = "not an address"
	if got := full.WebStatement(); got != bysa {
		t.Errorf("WebStatement: %s", got)
	}
	if n := (Notice{Title: "T"}); n.Copyright() != "" || n.UsageTerms() != "" || n.WebStatement() != "" {
		t.Errorf("without a licence: %q %q %q", n.Copyright(), n.UsageTerms(), n.WebStatement())
	}
}

// What a notice says is what Find reads, and it never reserves rights.
func TestNoticeIsReadBack(t *testing.T) {
	for _, l := range All() {
		n := Notice{License: l, Title: "Tide", Creator: "Ana Ruiz", Year: 2026, SourceURL: "https://a.example/by/4.0/", PageURL: "https://p.example/"}
		for _, text := range []string{n.Attribution(), n.AttributionHTML(), n.Copyright(), n.UsageTerms()} {
			if got := Find(text); !slices.Equal(got, []License{l}) {
				t.Errorf("%s: Find(%q) = %v", l.ID, text, ids(got))
			}
			if ReservesAll(text) {
				t.Errorf("%q reserves rights", text)
			}
			if l.PublicDomain() && (strings.Contains(text, "©") || strings.Contains(strings.ReplaceAll(text, "The Unlicense", ""), "icensed")) {
				t.Errorf("%s: %q", l.ID, text)
			}
		}
	}
}

package templates

import (
	"strings"
	"testing"
	"unicode/utf8"

	"commonseed/feed"
)

func TestNoticeOfASong(t *testing.T) {
	text := licenseText(t, song())
	for _, want := range []string{
		"Low Tide\n========\n",
		"Creative Commons Attribution-ShareAlike 4.0 International\n  " + ccBySA,
		"You may:\n\n  * Share: ", "You must:\n\n  * Give credit: ", "  * Share alike: ",
		"They are no\nsubstitute",
		"FILES ON OTHER TERMS", "  " + ccBy + "\n    * Cover.jpg, by Bo Li\n",
		"  * Source: https://ana.example/sources/low-tide\n", "  * The author: https://ana.example/about\n", "  * Tip jar: https://give.example/tips\n",
		"metadata.json", "SHA-256",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
	notice, err := song().Notice("")
	if err != nil {
		t.Fatal(err)
	}
	for _, credit := range []string{notice.Attribution(), notice.AttributionHTML()} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), credit) {
			t.Errorf("lacks the attribution %q", credit)
		}
	}
	if strings.Contains(text, base) {
		t.Error("names an address that is not in the record")
	}
}

func TestNoticeWordsFollowTheStanding(t *testing.T) {
	for name, c := range map[string]struct{ has, lacks []string }{
		"strict":    {[]string{"THE LICENCE", "NonCommercial", "No changes", "HOW TO GIVE CREDIT As text", "© 2026"}, []string{"Adapt:", "public domain"}},
		"dedicated": {[]string{"THE DEDICATION", "dedicated to the public domain", "nothing in return", "IF YOU LIKE"}, []string{"You must:", "©", "THE LICENCE"}},
		"bare":      {[]string{"THE MARK", "This mark is no licence", "nothing in return"}, []string{"You must:", "©", " by ", "full text"}},
	} {
		text := strings.Join(strings.Fields(licenseText(t, odd()[name])), " ")
		for _, want := range c.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, text)
			}
		}
		for _, unwanted := range c.lacks {
			if strings.Contains(text, unwanted) {
				t.Errorf("%s has %q:\n%s", name, unwanted, text)
			}
		}
	}
}

func TestNoticeOfARetiredLicence(t *testing.T) {
	text := licenseText(t, sample(1, "Old", "https://creativecommons.org/licenses/nd/1.0/", "a.mp3"))
	if !strings.Contains(text, "retired this text on 25 May 2004") {
		t.Errorf("does not say so:\n%s", text)
	}
}

func TestNoticeNeedsNoTorrentAndNeverChanges(t *testing.T) {
	r := song()
	want := licenseText(t, r)
	r.Torrent, r.Slug, r.Published = feed.Torrent{}, "another", firstDay.AddDate(3, 0, 0)
	if got := licenseText(t, r); got != want {
		t.Errorf("depends on what is not settled yet:\n%s", got)
	}
}

func TestNoticeShape(t *testing.T) {
	for name, r := range odd() {
		text := licenseText(t, r)
		if !utf8.ValidString(text) || !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") || strings.Contains(text, "\n\n\n") || strings.Contains(text, " \n") {
			t.Errorf("%s: not tidy:\n%q", name, text)
		}
		for l := range strings.SplitSeq(text, "\n") {
			if displayWidth(l) > columns && strings.Contains(strings.TrimLeft(l, " *"), " ") {
				t.Errorf("%s: a line of %d columns: %s", name, displayWidth(l), l)
			}
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"short", "one two", "one two\n"},
		{"breaks at spaces", "one two three four", "one two\nthree four\n"},
		{"hangs under a list item", "  * one two three", "  * one\n    two\n    three\n"},
		{"keeps the indent", "  one two three", "  one two\n  three\n"},
		{"long words stay whole", "a https://a.example/b c", "a\nhttps://a.example/b\nc\n"},
		{"one empty line at most", "a\n\n\n\nb\n\n", "a\n\nb\n"},
		{"no empty first line", "\n\na", "a\n"},
		{"spaces at the end", "a   \nb", "a\nb\n"},
		{"combining marks take no column", "e\u0301e\u0301e\u0301e\u0301e\u0301 e\u0301e\u0301e\u0301e\u0301", "e\u0301e\u0301e\u0301e\u0301e\u0301 e\u0301e\u0301e\u0301e\u0301\n"},
		{"Chinese breaks anywhere", "潮汐与风的录音集锦", "潮汐与风的\n录音集锦\n"},
		{"empty", "", "\n"},
	} {
		if got := wrap(c.in, 10); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("  * one two three\n\n\nfour")
	f.Add("潮汐与风的录音集锦e\u0301")
	f.Fuzz(func(t *testing.T, s string) {
		got := wrap(s, 20)
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if utf8.ValidString(s) && squeeze(got) != squeeze(s) {
			t.Errorf("%q lost text: %q", s, got)
		}
		if again := wrap(got, 20); utf8.ValidString(s) && !strings.Contains(s, "* ") && squeeze(again) != squeeze(got) {
			t.Errorf("%q is not stable: %q", got, again)
		}
		if strings.Contains(got, "\n\n\n") {
			t.Errorf("two empty lines: %q", got)
		}
	})
}

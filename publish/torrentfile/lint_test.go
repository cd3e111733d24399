package torrentfile

import (
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// said gives doubts as "lint path", which is all that most tests are about.
func said(doubts []NameDoubt) []string {
	var out []string
	for _, d := range doubts {
		out = append(out, d.Lint+" "+d.Path)
	}
	return out
}

func TestLintsOfOneName(t *testing.T) {
	for lint, names := range map[string][]string{
		lintReserved: {
			"CON", "con", "Nul.txt", "NUL.tar.gz", "aux .x", "prn.", "COM1", "lpt9.log",
			"COM¹", "LPT³.txt", "CONIN$", "conout$.txt",
		},
		lintUnportable: {
			"a<b", "a>b", "a:b", `a"b`, `a\b`, "a|b", "why?", "a*", "dot.", "dots...", "space ", " space", "nul:x",
		},
		lintDenormal: {"e\u0301", "\u212b", "\u1100\u1161"},
		"": {
			"Tide.mp3", "潮汐.flac", "é", "CONS", "COM0", "LPT0.txt", "COM10", "COM⁴", "COM", "CLOCK$", "x.con",
			".hidden", "a.b.c", "in side", "a'b", "[x] {y} #1 & ~z", strings.Repeat("a", maxUnits),
		},
	} {
		for _, name := range names {
			got := said(LintNames("", []string{name}))
			if lint == "" && got != nil || lint != "" && !slices.Contains(got, lint+" "+name) {
				t.Errorf("%q: %q, want %q", name, got, lint)
			}
		}
	}
}

func TestEveryFolderIsNamedOnceAndInOrder(t *testing.T) {
	got := said(LintNames("com1", []string{
		"z/aux/b?", "a-b/q?", "z/aux/a", "a/NUL", "z/aux/c/d", "a/x", "NUL", "z/nul.txt",
	}))
	want := []string{
		"reserved-name com1", "reserved-name NUL", "reserved-name a/NUL", "unportable-name a-b/q?",
		"reserved-name z/aux", "unportable-name z/aux/b?", "reserved-name z/nul.txt",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestEveryLintOfANameIsTold(t *testing.T) {
	got := said(LintNames("", []string{"AUX", "Aux ", "e\u0301"}))
	want := []string{"reserved-name AUX", "reserved-name Aux ", "unportable-name Aux ", "denormal-name e\u0301"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestCollisions(t *testing.T) {
	for _, c := range []struct {
		paths []string
		want  []string // paths that are doubted
	}{
		{[]string{"Tide.txt", "tide.txt", "TIDE.TXT"}, []string{"Tide.txt", "tide.txt"}},
		{[]string{"Straße", "STRASSE"}, nil},
		{[]string{"Straße", "STRAẞE"}, []string{"Straße"}},
		{[]string{"ſ", "s"}, []string{"ſ"}},
		{[]string{"\u212a", "k"}, []string{"\u212a"}},
		{[]string{"Σίσυφος", "ΣΊΣΥΦΟΣ"}, []string{"Σίσυφος"}}, // final and other sigma
		{[]string{"\u00c9t\u00e9", "E\u0301te\u0301"}, []string{"\u00c9t\u00e9"}},
		{[]string{"\u00c9", "e\u0301"}, []string{"\u00c9"}}, // case and form at once
		{[]string{"\u01f0", "J\u030c"}, []string{"\u01f0"}}, // no composed capital exists
		{[]string{"ı", "i", "İ"}, nil},                      // Turkish letters are their own
		{[]string{"ﬁ", "fi"}, nil},                          // compatible, not the same
		{[]string{"e", "é"}, nil},
		{[]string{"A/x", "a/y"}, []string{"a"}},     // folders
		{[]string{"A/x", "a"}, []string{"a"}},       // a file and a folder
		{[]string{"A/b/x", "a/B/X"}, []string{"a"}}, // not again for what lies below
		{[]string{"a/x", "b/X", "x"}, nil},          // other folders
		{[]string{"d/A/x", "d/a/x", "e/a/x"}, []string{"d/a"}},
		{[]string{"x/A", "x-a", "x/a", "x.b/A"}, []string{"x/a"}}, // "x/" is not first in byte order
		{[]string{"same", "same", "folder", "folder/file"}, nil},  // wrong, not doubtful
		{[]string{"a b", "a  b", "a_b", "ab"}, nil},
		{[]string{"я.mp3", "Я.mp3", "ё", "Ё"}, []string{"я.mp3", "ё"}},
	} {
		var got []string
		for _, d := range LintNames("", c.paths) {
			if d.Lint == lintCollision {
				got = append(got, d.Path)
			}
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: doubted %q, want %q", c.paths, got, c.want)
		}
	}
}

func TestLongNames(t *testing.T) {
	a := func(n int) string { return strings.Repeat("a", n) }
	for _, c := range []struct {
		name  string
		paths []string
		want  []string
	}{
		{"", []string{a(200)}, nil},
		{"", []string{a(201)}, []string{a(201)}},
		{"name", []string{a(195)}, nil},
		{"name", []string{a(196)}, []string{a(196)}},
		{"name", []string{a(100) + "/" + a(94), a(100) + "/" + a(95)}, []string{a(100) + "/" + a(95)}},
		{"name", []string{a(199) + "/b/1", a(199) + "/b/2"}, []string{a(199)}},       // the folder alone
		{a(201), []string{"1", "2"}, []string{a(201)}},                               // the torrent alone
		{"", []string{strings.Repeat("é", 200), strings.Repeat("潮", 200)}, nil},      // one unit each
		{"", []string{strings.Repeat("🌊", 101)}, []string{strings.Repeat("🌊", 101)}}, // two units each
	} {
		var got []string
		for _, d := range LintNames(c.name, c.paths) {
			if d.Lint == lintLong {
				got = append(got, d.Path)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q, %q: doubted %q, want %q", c.name, c.paths, got, c.want)
		}
	}
}

func TestDoubtsAreSentences(t *testing.T) {
	for _, c := range []struct{ name, path, want string }{
		{"", "a/nul.txt", `the name "a/nul.txt" is reserved on Windows`},
		{"", "a?", `the name "a?" holds "?", which Windows cannot store`},
		{"", "e\u0301", "the name \"e\u0301\" is not in Unicode's form NFC: \"e\\u0301\""},
	} {
		if got := LintNames(c.name, []string{c.path}); len(got) != 1 || got[0].Error() != c.want {
			t.Errorf("%q: %q, want %q", c.path, got, c.want)
		}
	}
}

func TestLintNamesLeavesPathsAlone(t *testing.T) {
	paths := []string{"b", "a", "B"}
	LintNames("n", paths)
	if !slices.Equal(paths, []string{"b", "a", "B"}) {
		t.Errorf("sorted what it was given: %q", paths)
	}
}

// Whatever the names are, their order does not matter, and every doubt is about
// the torrent, a file or a folder that was given.
func FuzzLintNames(f *testing.F) {
	for _, seed := range []string{
		"Tide.txt\ntide.txt", "A/x\na", "A/b/x\na/B/X\na/b", "CON\nnul.txt\ncom¹", "why?\n dot.\n/\n//\n", "a/\na",
		"\u00e9\ne\u0301\nE\u0301", "Straße\nSTRASSE\nSTRAẞE", "\u212a/ſ\nk/s", "\xff\n\xfe/\xff", strings.Repeat("a/", 150) + "\nb",
		"x/A\nx-a\nx/a\nx\x00", strings.Repeat("🌊", 101),
	} {
		f.Add("name", seed, int64(1))
	}
	f.Fuzz(func(t *testing.T, name, lines string, order int64) {
		paths := strings.Split(lines, "\n")
		got := LintNames(name, paths)
		rand.New(rand.NewSource(order)).Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
		if again := LintNames(name, paths); !reflect.DeepEqual(got, again) {
			t.Fatalf("%q in another order: %q, not %q", paths, again, got)
		}
		seen := map[NameDoubt]bool{}
		for _, d := range got {
			given := func(p string) bool { return p == d.Path || strings.HasPrefix(p, d.Path+"/") }
			if d.Path != name && !slices.ContainsFunc(paths, given) {
				t.Fatalf("%q: doubts %q, which was not given", paths, d)
			}
			if seen[d] && d.Path != name {
				t.Fatalf("%q: doubts %q twice", paths, d)
			}
			seen[d] = true
		}
	})
}

// Figures for 100,000 paths: run it with -benchmem.
func BenchmarkLintNames(b *testing.B) {
	for _, shape := range []struct {
		name   string
		format string
		per    int // files in a folder
	}{
		{"flat", "Take %06[2]d Tide.flac", 1},
		{"folders", "Album %05[1]d/Take %06[2]d Tide.flac", 10},
		{"one file each", "Album %06[1]d/CD 1/Tide.flac", 1},
		{"Japanese", "アルバム%05[1]d/潮汐の歌 %06[2]d.flac", 10},
	} {
		paths := make([]string, 100_000)
		for i := range paths {
			paths[i] = fmt.Sprintf(shape.format, i/shape.per, i)
		}
		b.Run(shape.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if doubts := LintNames("Ana Ruiz - Tide", paths); doubts != nil {
					b.Fatal(doubts[0])
				}
			}
		})
	}
}

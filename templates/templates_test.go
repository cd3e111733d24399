package templates

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// own writes a channel's templates directory.
func own(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadTakesTheChannelsOwnFiles(t *testing.T) {
	for _, c := range []struct {
		name, file, content, want string
		render                    func(s *Set, w io.Writer) error
	}{
		{"page", "release.html", "<h1>{{.Title}} on my own page</h1>", "<h1>Low Tide on my own page</h1>", renderSong},
		{"part", "credit.html", "<p>credit to {{.Creator}}</p>", "<p>credit to Ana Ruiz</p>", renderSong},
		{"style", "style.css", "body > p { color: #123456 }", "<style>body > p { color: #123456 }</style>", renderSong},
		{"script", "script.js", "console.log(1 < 2)", "<script>console.log(1 < 2)</script>", renderSong},
		{"channel page", "channel.html", "{{.Count}} here: {{range .Years}}{{range .Releases}}{{.Title}}{{end}}{{end}}", "1 here: Low Tide",
			func(s *Set, w io.Writer) error { return s.ChannelPage(w, sampleChannel(), relsOf(song())) }},
		{"notice", "license.txt", "{{.Title}} <{{.License.URL}}>", "Low Tide <" + ccBySA + ">\n",
			func(s *Set, w io.Writer) error { return s.LicenseText(w, song()) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			if err := c.render(mustLoad(t, own(t, map[string]string{c.file: c.content})), &b); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(b.String(), c.want) {
				t.Errorf("lacks %q:\n%.500s", c.want, b.String())
			}
		})
	}
}

func renderSong(s *Set, w io.Writer) error { return s.ReleasePage(w, sampleChannel(), song()) }

func TestLoadWithoutOwnFiles(t *testing.T) {
	want := releasePage(t, sampleChannel(), song())
	for _, dir := range []string{filepath.Join(t.TempDir(), "none"), own(t, map[string]string{".DS_Store": "x", "release.html~": "old"})} {
		var b strings.Builder
		if err := renderSong(mustLoad(t, dir), &b); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("%s: not the built-in page", dir)
		}
	}
}

func TestMistakesInTemplatesNameFileAndLine(t *testing.T) {
	for _, c := range []struct {
		name, file, content string
		line                int
		why                 string
	}{
		{"does not parse", "release.html", "<p>\n\n{{if .Title}}", 3, "unexpected EOF"},
		{"unknown function", "deed.html", "\n{{shout .Title}}", 2, "shout"},
		{"unknown field", "release.html", "<p>\n{{.Titel}}</p>", 2, "Titel"},
		{"unknown field in a part", "credit.html", "{{.Credit.Texte}}", 1, "Texte"},
		{"unknown part", "release.html", "<p>\n\n{{template \"sidebar.html\" .}}</p>", 3, "sidebar.html"},
		{"unsafe context", "release.html", "<p>\n<a href='{{if .Title}}\"{{else}}'{{end}}>", 2, "{{if}} branches"},
		{"notice does not parse", "license.txt", "a\n{{.Title", 2, "unclosed action"},
		{"notice with unknown field", "license.txt", "a\nb\n{{.Torrent}}", 3, "Torrent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := own(t, map[string]string{c.file: c.content})
			err := loadAndRender(dir)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.File != filepath.Join(dir, c.file) || e.Line != c.line || !strings.Contains(e.Error(), c.why) {
				t.Errorf("got %v, want %s:%d: … %s", e, c.file, c.line, c.why)
			}
		})
	}
}

func loadAndRender(dir string) error {
	s, err := Load(dir)
	if err != nil {
		return err
	}
	return errors.Join(renderSong(s, io.Discard), s.LicenseText(io.Discard, song()))
}

func TestAMistakeWritesNothing(t *testing.T) {
	s := mustLoad(t, own(t, map[string]string{"release.html": "<h1>{{.Title}}</h1>{{.Nothing}}"}))
	var b strings.Builder
	if err := renderSong(s, &b); err == nil || b.Len() > 0 {
		t.Errorf("wrote %q, error %v", b.String(), err)
	}
}

func TestUnknownFileIsAnError(t *testing.T) {
	for _, name := range []string{"realease.html", "license.html", "style.scss"} {
		_, err := Load(own(t, map[string]string{name: "x"}))
		var e *UnknownFileError
		if !errors.As(err, &e) || filepath.Base(e.File) != name || !slices.Contains(e.Known, "release.html") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestHugeTemplateIsRefused(t *testing.T) {
	_, err := Load(own(t, map[string]string{"style.css": strings.Repeat("/", maxTemplate+1)}))
	var e *Error
	if !errors.As(err, &e) {
		t.Errorf("got %v", err)
	}
}

func TestTemplatesDirectoryThatIsAFile(t *testing.T) {
	file := filepath.Join(own(t, map[string]string{"x": ""}), "x")
	if _, err := Load(file); err == nil {
		t.Error("no error")
	}
}

func TestEveryKnownNameIsDocumented(t *testing.T) {
	manual, err := os.ReadFile("../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	sources, _, err := readBuiltin()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names(sources) {
		if !strings.Contains(string(manual), "`"+name+"`") {
			t.Errorf("docs/templates.md does not mention %s", name)
		}
	}
}

func TestSetIsSafeForConcurrentUse(t *testing.T) {
	s := mustLoad(t, "")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := errors.Join(renderSong(s, io.Discard), s.LicenseText(io.Discard, song()),
				s.ChannelPage(io.Discard, sampleChannel(), relsOf(song()))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

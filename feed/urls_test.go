package feed

import (
	"net/url"
	"testing"
)

func TestURLsBelowABase(t *testing.T) {
	r := Release{Slug: "tide", Torrent: Torrent{Name: "Flut & Ebbe #1", File: "tide-01234567.torrent"}}
	for _, test := range []struct{ got, want string }{
		{r.PageURL("https://ana.example/m/"), "https://ana.example/m/tide/"},
		{r.PageURL("https://ana.example/m"), "https://ana.example/m/tide/"},
		{r.PageURL(""), "tide/"},
		{r.PageURL("../"), "../tide/"},
		{r.TorrentURL("https://ana.example/"), "https://ana.example/tide/tide-01234567.torrent"},
		{r.FileURL("https://ana.example/", "a/b.mp3"), "https://ana.example/tide/files/Flut%20&%20Ebbe%20%231/a/b.mp3"},
	} {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
}

func TestFileURLNamesTheFileAndNothingElse(t *testing.T) {
	r := Release{Slug: "tide", Torrent: Torrent{Name: "T"}}
	for _, path := range []string{
		"a b.mp3", "what?.mp3", "#1.mp3", "100%.mp3", "%41.mp3", "a+b.mp3", "a&b=c;d.mp3", "Teil 1: Flut.mp3", "海/潮.mp3",
		"quote\"'<>.mp3", "[x]{y}|^`~.mp3", "…/é.mp3", "a:b", "@,!$*().mp3",
	} {
		for _, base := range []string{"https://ana.example/m/", "", "../"} {
			got := r.FileURL(base, path)
			u, err := url.Parse(got)
			if err != nil {
				t.Errorf("%q: %v", path, err)
				continue
			}
			root, _ := url.Parse(base)
			if want := root.Path + "tide/files/T/" + path; u.Path != want || u.RawQuery != "" || u.Fragment != "" || u.Scheme != root.Scheme {
				t.Errorf("%q: %s reads as path %q, want %q", path, got, u.Path, want)
			}
			if !printableASCII(got) {
				t.Errorf("%q: %s holds unescaped characters", path, got)
			}
		}
		if u, err := url.Parse(Release{}.contentURL("", path)); err != nil || u.Path != path {
			t.Errorf("%q beside metadata.json reads as %v, %v", path, u, err)
		}
	}
}

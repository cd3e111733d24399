package torrentfile

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// linked is a payload with links to a file beside, to a file above, and to a folder.
func linked(t *testing.T) string {
	t.Helper()
	root := plantTree(t, "payload", tree{"a/song": 50_000, "a/b/notes": 5, "z": 20_000, "e": 0})
	for path, target := range map[string]string{"a/again": "song", "a/b/up": "../../z", "folder": "a/b", "c": "z"} {
		must(t, os.Symlink(target, filepath.Join(root, path)))
	}
	return root
}

func TestKeptLinksAreBuiltParsedAndChecked(t *testing.T) {
	want := map[string]string{"a/again": "a/song", "a/b/up": "z", "folder": "a/b", "c": "z"}
	for mode, name := range modeNames {
		t.Run(name, func(t *testing.T) {
			root := linked(t)
			built := build(t, root, Options{Mode: mode, PieceLength: 16 * kib, Links: KeepLinks})
			tor, err := Parse(built.Marshal())
			must(t, err)
			if !reflect.DeepEqual(tor.Files(), built.Files()) || len(tor.Files()) != 8 || tor.Length() != 70_005 {
				t.Errorf("files %+v, built %+v", tor.Files(), built.Files())
			}
			for _, f := range tor.Files() {
				if f.Link != want[f.Path] {
					t.Errorf("%+v, want a link to %q", f, want[f.Path])
				}
			}
			must(t, Verify(t.Context(), tor, root, nil))
			checkHarmedLinks(t, tor, root)
		})
	}
}

func checkHarmedLinks(t *testing.T, tor *Torrent, root string) {
	t.Helper()
	cases := []struct {
		name, path, want string
		harm             func() error
	}{
		{"another target", "c", "is not a symbolic link to", func() error { return os.Symlink("a/song", root+"/c") }},
		{"a file for a link", "c", "is not a symbolic link to", func() error { return os.WriteFile(root+"/c", []byte("z"), 0o644) }},
		{"an empty file for a link", "c", "is not a symbolic link to", func() error { return os.WriteFile(root+"/c", nil, 0o644) }},
		{"no link", "c", "is missing", func() error { return nil }},
		{"a link for a file", "z", "is a symbolic link on disk", func() error { return os.Symlink("a/song", root+"/z") }},
		{"a link for an empty file", "e", "is a symbolic link on disk", func() error { return os.Symlink("a/song", root+"/e") }},
	}
	for _, c := range cases {
		aside := filepath.Join(t.TempDir(), "aside")
		must(t, os.Rename(root+"/"+c.path, aside))
		must(t, c.harm())
		got, err := tor.Check(t.Context(), root, CheckOptions{})
		must(t, err)
		i := slices.IndexFunc(got.Files, func(f FileReport) bool { return f.Path == c.path })
		if !strings.Contains(got.Files[i].Fault, c.want) {
			t.Errorf("%s: fault %q, want %q", c.name, got.Files[i].Fault, c.want)
		}
		_ = os.Remove(root + "/" + c.path)
		must(t, os.Rename(aside, root+"/"+c.path))
	}
}

func TestLibtorrentBuildsTheSameOfKeptLinks(t *testing.T) {
	for mode, name := range modeNames {
		t.Run(name, func(t *testing.T) {
			tor, jc := submit(t, treeCase{}, linked(t), Options{Mode: mode, PieceLength: 16 * kib, Links: KeepLinks})
			for _, f := range tor.Files() {
				jc.Files = append(jc.Files, judgeFile{Path: f.Path, Link: f.Link})
			}
			got := judge(t, []judgeCase{jc})[0]
			sameAsLibtorrent(t, tor, got)
			if got.State != "seeding" || got.Progress != 1 || got.Error != "" {
				t.Errorf("after a full check: %s, %v, %q", got.State, got.Progress, got.Error)
			}
		})
	}
}

// A link that is kept leads to something in the torrent, without help of other links:
// else nobody could read the torrent, we least of all.
func TestLinksThatCannotBeKeptAreRefused(t *testing.T) {
	cases := map[string]func(root string) string{
		"absolute":               func(root string) string { return root + "/z" },
		"to an empty folder":     func(root string) string { must(t, os.Mkdir(root+"/empty", 0o755)); return "empty" },
		"through another link":   func(root string) string { return "folder/notes" },
		"to the payload":         func(root string) string { return "." },
		"out and in again":       func(root string) string { return "../payload/z" },
		"through a folder and …": func(root string) string { return "folder/../z" },
	}
	for name, target := range cases {
		t.Run(name, func(t *testing.T) {
			root := linked(t)
			must(t, os.Symlink(target(root), root+"/link"))
			tor, err := Build(t.Context(), root, Options{Name: "payload", Links: KeepLinks})
			if err == nil {
				_, err = Parse(tor.Marshal())
				t.Fatalf("built %+v; parsed: %v", tor.Files(), err)
			}
			if !strings.Contains(err.Error(), "link") {
				t.Errorf("%v does not name the link", err)
			}
		})
	}
}

func TestBuilderRefusesLinksToNothing(t *testing.T) {
	for _, link := range []string{"nothing", "../a", "/a", "a/b", `a\b`} {
		b := newBuilder(t, Options{PieceLength: 16 * kib})
		data := []byte("hello")
		err := b.Add(t.Context(), []Source{inMemory("a", data).source(nil), {Path: "x", Link: link}})
		if err == nil {
			var tor *Torrent
			if tor, err = b.Torrent(); err == nil {
				_, err := Parse(tor.Marshal())
				t.Errorf("link to %q: built; parsed: %v", link, err)
			}
		}
	}
}

func TestParseRefusesLinksToNothing(t *testing.T) {
	link := func(target string) string {
		return "d4:infod5:filesld4:attr1:l6:lengthi0e4:pathl1:ae12:symlink path" + target + "ed6:lengthi5e4:pathl1:beee4:name1:n12:piece lengthi7e6:pieces20:aaaaaaaaaaaaaaaaaaaaee"
	}
	if _, err := Parse([]byte(link("l1:be"))); err != nil {
		t.Errorf("a good link: %v", err)
	}
	for _, target := range []string{"l1:ce", "le", "l2:..1:be", "l1:b1:ce", "l0:e"} {
		if _, err := Parse([]byte(link(target))); err == nil || !strings.Contains(err.Error(), "link") {
			t.Errorf("%s: %v", target, err)
		}
	}
}

package publish

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"commonseed/internal/filestate"
	"commonseed/license"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// newChannel makes a channel and a plan for a folder of these files in it.
func newChannel(t *testing.T, files map[string]string) (*Channel, *Plan) {
	t.Helper()
	dir := t.TempDir()
	media := filepath.Join(dir, "Tide")
	for name, content := range files {
		writeTest(t, filepath.Join(media, name), content)
	}
	ch, err := OpenChannel(filepath.Join(dir, "channel"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Create(nil); err != nil {
		t.Fatal(err)
	}
	return ch, planTest(t, ch, media)
}

func planTest(t *testing.T, ch *Channel, media string) *Plan {
	t.Helper()
	l, err := license.Parse("cc-by-4.0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := MakePlan(context.Background(), ch, Work{Paths: []string{media}, Creator: "Ana", License: l})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func writeTest(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func options(ch *Channel) Options {
	return Options{Addresses: ch.Addresses("http://127.0.0.1:7447/", nil, nil), Now: func() time.Time { return noon }}
}

func TestASourceThatChangesUnderWayIsRefused(t *testing.T) {
	ch, p := newChannel(t, map[string]string{"a.txt": strings.Repeat("a", 3<<20), "b.txt": "b"})
	o := options(ch)
	o.Progress = func(string, int64, int64) {
		f, err := os.OpenFile(p.Files[0].Abs, os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			f.WriteString("more")
			f.Close()
		}
	}
	_, err := Run(context.Background(), p, o)
	var file *FileError
	if !errors.Is(err, ErrChanged) || !errors.As(err, &file) || file.Path != "a.txt" {
		t.Fatalf("got %v, want ErrChanged for a.txt", err)
	}
	nothingPublished(t, ch)
}

func TestACancelledRunLeavesNothing(t *testing.T) {
	ch, p := newChannel(t, map[string]string{"a.txt": strings.Repeat("a", 3<<20)})
	ctx, cancel := context.WithCancel(context.Background())
	o := options(ch)
	o.Progress = func(string, int64, int64) { cancel() }
	if _, err := Run(ctx, p, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	nothingPublished(t, ch)
}

func nothingPublished(t *testing.T, ch *Channel) {
	t.Helper()
	for _, dir := range []string{ch.Public(), filepath.Join(ch.State(), "staging")} {
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("%s holds %v", dir, entries)
		}
	}
}

func TestWhatAKilledRunLeftIsCleared(t *testing.T) {
	ch, p := newChannel(t, map[string]string{"a.txt": "a"})
	writeTest(t, filepath.Join(ch.State(), "staging", "tide", "files", "half"), "half")
	if _, err := Run(context.Background(), p, options(ch)); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(filepath.Join(ch.State(), "staging")); len(entries) > 0 {
		t.Errorf("staging still holds %v", entries)
	}
}

func TestSourcesAreOnlyRead(t *testing.T) {
	ch, p := newChannel(t, map[string]string{"a.txt": "a", "deep/b.txt": "b"})
	before := map[string]filestate.State{}
	for _, f := range p.Files {
		before[f.Abs] = f.state
	}
	if _, err := Run(context.Background(), p, options(ch)); err != nil {
		t.Fatal(err)
	}
	for path, state := range before {
		info, err := os.Stat(path)
		if err != nil || filestate.Of(info) != state {
			t.Errorf("%s was touched: %v", path, err)
		}
	}
}

func TestDatesOfReleasesStrictlyIncrease(t *testing.T) {
	ch, p := newChannel(t, map[string]string{"a.txt": "a"})
	first, err := Run(context.Background(), p, options(ch))
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "Ebb")
	writeTest(t, filepath.Join(other, "a.txt"), "b")
	second, err := Run(context.Background(), planTest(t, ch, other), options(ch))
	if err != nil {
		t.Fatal(err)
	}
	if !second.Published.After(first.Published) {
		t.Errorf("published %v, then %v", first.Published, second.Published)
	}
}

func TestANewAddressKeepsInfohashesAndOtherTrackers(t *testing.T) {
	ch, p := newChannel(t, map[string]string{"a.txt": "a"})
	o := options(ch)
	o.Addresses.Trackers = []string{"udp://tracker.example:6969/announce"}
	before, err := Run(context.Background(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Rebuild(ch.Addresses("https://ana.example/c", nil, nil), noon); err != nil {
		t.Fatal(err)
	}
	after, err := ReadRelease(before.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if after.Torrent.InfohashV1 != before.Torrent.InfohashV1 || after.Torrent.InfohashV2 != before.Torrent.InfohashV2 {
		t.Error("the infohashes changed")
	}
	want := []string{"https://ana.example/c/announce", "udp://tracker.example:6969/announce"}
	if strings.Join(after.Torrent.Trackers, " ") != strings.Join(want, " ") {
		t.Errorf("trackers %v, want %v", after.Torrent.Trackers, want)
	}
	if strings.Contains(after.Torrent.Magnet, "127.0.0.1") {
		t.Errorf("the magnet still names the old address: %s", after.Torrent.Magnet)
	}
	report, err := Verify(context.Background(), after.Dir, func(int64, int64) {})
	if err != nil || !report.OK() {
		t.Errorf("verify: %+v, %v", report, err)
	}
}

func TestVerifyFindsWhatWasTamperedWith(t *testing.T) {
	for name, tamper := range map[string]func(t *testing.T, r *Release){
		"payload": func(t *testing.T, r *Release) { writeTest(t, filepath.Join(r.Payload(), "a.txt"), "A") },
		"sidecar": func(t *testing.T, r *Release) {
			writeTest(t, filepath.Join(r.Payload(), "a.txt.license"), "SPDX-License-Identifier: CC0-1.0\n")
		},
		"page":    func(t *testing.T, r *Release) { writeTest(t, filepath.Join(r.Dir, "index.html"), "<html>") },
		"surplus": func(t *testing.T, r *Release) { writeTest(t, filepath.Join(r.Payload(), "virus.exe"), "x") },
		"feed": func(t *testing.T, r *Release) {
			writeTest(t, filepath.Join(r.Dir, "..", "torrents.xml"), "<rss><channel></channel></rss>")
		},
		"podcast": func(t *testing.T, r *Release) {
			change(t, filepath.Join(r.Dir, "..", "podcast.xml"), "licenses/by/", "licenses/by-nc/")
		},
		"json feed": func(t *testing.T, r *Release) {
			change(t, filepath.Join(r.Dir, "..", "feed.json"), "licenses/by/", "licenses/by-nc/")
		},
		"page licence": func(t *testing.T, r *Release) {
			change(t, filepath.Join(r.Dir, "index.html"), `"license":"https://creativecommons.org/licenses/by/`, `"license":"https://creativecommons.org/licenses/by-nc/`)
		},
		"deed": func(t *testing.T, r *Release) {
			change(t, filepath.Join(r.Dir, "index.html"), `rel="license" href="https://creativecommons.org/licenses/by/`, `rel="license" href="https://creativecommons.org/licenses/by-nc/`)
		},
		"magnet": func(t *testing.T, r *Release) {
			change(t, filepath.Join(r.Dir, "..", "torrents.xml"), "<torrent:magnetURI>magnet:?xt=urn:btih:", "<torrent:magnetURI>magnet:?xt=urn:btih:0")
		},
		"length": func(t *testing.T, r *Release) {
			change(t, filepath.Join(r.Dir, "..", "podcast.xml"), `length="`, `length="9`)
		},
		"fifo": func(t *testing.T, r *Release) {
			name := filepath.Join(r.Payload(), "LICENSE.txt")
			if err := errors.Join(os.Remove(name), syscall.Mkfifo(name, 0o644)); err != nil {
				t.Fatal(err)
			}
		},
		"no podcast":      func(t *testing.T, r *Release) { os.Remove(filepath.Join(r.Dir, "..", "podcast.xml")) },
		"no JSON feed":    func(t *testing.T, r *Release) { os.Remove(filepath.Join(r.Dir, "..", "feed.json")) },
		"no channel page": func(t *testing.T, r *Release) { os.Remove(filepath.Join(r.Dir, "..", "index.html")) },
		"no list":         func(t *testing.T, r *Release) { os.Remove(filepath.Join(r.Dir, "..", "channels.opml")) },
		"torrent":         func(t *testing.T, r *Release) { writeTest(t, r.TorrentPath(), "d4:infod4:name1:xee") },
	} {
		t.Run(name, func(t *testing.T) {
			ch, p := newChannel(t, map[string]string{"a.txt": "a"})
			r, err := Run(context.Background(), p, options(ch))
			if err != nil {
				t.Fatal(err)
			}
			tamper(t, r)
			report, err := Verify(context.Background(), r.Dir, func(int64, int64) {})
			if err != nil {
				t.Fatal(err)
			}
			if report.OK() {
				t.Error("nothing was found")
			}
		})
	}
}

// change replaces a text in a file, which must hold it.
func change(t *testing.T, path, from, to string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(data), from) {
		t.Fatalf("%s does not hold %s: %v", path, from, err)
	}
	writeTest(t, path, strings.ReplaceAll(string(data), from, to))
}

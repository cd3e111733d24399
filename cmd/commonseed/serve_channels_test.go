package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"commonseed/publish"
)

// publishInto publishes a text of its own under each title.
func publishInto(t *testing.T, dir string, titles ...string) {
	t.Helper()
	for _, title := range titles {
		file := filepath.Join(t.TempDir(), "text.txt")
		if err := os.WriteFile(file, []byte(title), 0o644); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if code := run(context.Background(), []string{"publish", file, "-l", "cc0", "-t", title, "--channel", dir, "--no-seed"}, &out, &out, time.Now); code != exitDone {
			t.Fatalf("publish: %d %s", code, out.String())
		}
	}
}

// follower is a server whose channel is followed step by step.
type follower struct {
	*server
	*testing.T
	c   *served
	out *bytes.Buffer
}

func follow(t *testing.T, titles ...string) follower {
	t.Helper()
	out := new(bytes.Buffer)
	s, ch := newServer(t, context.Background(), out)
	publishInto(t, ch.Dir, titles...)
	s.home = "http://127.0.0.1/" // no port, so no tracker over UDP, which would keep us waiting
	f := follower{s, t, newServed(ch, s.home), out}
	s.channels = []*served{f.c}
	if err := s.addAll(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.look()
	s.up.Store(true)
	return f
}

// expect rereads the channel and compares what was told of and what is seeded.
func (f follower) expect(told string, slugs ...string) {
	f.Helper()
	f.reread(f.ctx)
	if got := strings.TrimSpace(f.out.String()); got != told {
		f.Errorf("told %q, want %q", got, told)
	}
	f.out.Reset()
	var seeded []string
	for _, st := range f.engine.Status() {
		seeded = append(seeded, st.Slug)
	}
	if len(seeded) != len(slugs) || f.c.count() != len(slugs) {
		f.Errorf("%q are seeded and %d are known, want %q", seeded, f.c.count(), slugs)
	}
	for _, slug := range slugs {
		if !strings.Contains(strings.Join(seeded, " "), slug) {
			f.Errorf("%s is not seeded: %q", slug, seeded)
		}
	}
}

func (f follower) do(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func TestWhatHappensToAChannelIsFollowed(t *testing.T) {
	f := follow(t, "One", "Two", "Three")
	public := f.c.Public()
	at := func(parts ...string) string { return filepath.Join(append([]string{public}, parts...)...) }
	f.expect("", "one", "two", "three")

	f.Log("a record that is written again says nothing new")
	record, err := os.ReadFile(at("one", "release.json"))
	f.do(err)
	f.do(os.WriteFile(at("one", "release.json"), record, 0o644))
	f.do(os.Chtimes(public, time.Time{}, time.Now()))
	f.expect("", "one", "two", "three")

	f.Log("other trackers are taken over without a word")
	f.c.Config.Seed.Trackers = []string{"http://127.0.0.1:2/announce"}
	f.do(f.rebuild(f.c))
	changed, err := os.ReadFile(at("one", "release.json"))
	f.do(err)
	f.expect("", "one", "two", "three")
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) { // it may still be checked
		announced := f.engine.Trackers(f.c.infohash("one"))
		if n := len(announced); n > 0 && announced[n-1].URL == "http://127.0.0.1:2/announce" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("announced to %+v", announced)
		}
	}

	f.Log("a folder may be renamed")
	f.do(os.Rename(at("two"), at("second")))
	f.expect("no longer seeding Two\nnow seeding Two", "one", "two", "three")
	if f.c.infohash("two") != "" || f.c.infohash("second") == "" {
		t.Error("the folder is known by its old name")
	}

	f.Log("a disk that is away withdraws nothing")
	f.do(os.Rename(public, public+"-away"))
	f.expect("", "one", "two", "three")
	f.do(os.Rename(public+"-away", public))
	f.expect("", "one", "two", "three")

	f.Log("a record that cannot be read keeps what is seeded, and is told of once")
	f.do(os.WriteFile(at("one", "release.json"), []byte("{"), 0o644))
	f.do(os.Chtimes(public, time.Time{}, time.Now()))
	f.reread(f.ctx)
	if !strings.HasPrefix(f.out.String(), `commonseed: warning: the release "one" is broken`) {
		t.Errorf("told %q", f.out.String())
	}
	f.out.Reset()
	f.expect("", "one", "two", "three")
	if n := len(f.c.problems()); n != 1 {
		t.Errorf("%d problems", n)
	}
	f.do(os.WriteFile(at("one", "release.json"), changed, 0o644)) // without a trace in public/
	f.expect("", "one", "two", "three")
	if n := len(f.c.problems()); n != 0 {
		t.Errorf("%d problems are left", n)
	}

	f.Log("a copy is the same release, and goes on when the first is gone")
	f.do(os.CopyFS(at("copy"), os.DirFS(at("three"))))
	f.reread(f.ctx)
	f.out.Reset()
	f.do(os.RemoveAll(at("three")))
	f.reread(f.ctx)
	if st := f.engine.Status(); len(st) != 3 {
		t.Errorf("%d are seeded: %+v", len(st), st)
	}
	f.out.Reset()
	f.do(os.RemoveAll(at("copy")))
	f.expect("no longer seeding Three", "one", "two")
	if n := f.track.Stats().Torrents; n != 2 {
		t.Errorf("the tracker knows %d torrents", n)
	}
}

func TestFeedsAndPagesAreRebuiltOnlyIfSomethingChanged(t *testing.T) {
	f := follow(t, "One")
	index := filepath.Join(f.c.Public(), "one", "index.html")
	rebuilt := func() bool {
		t.Helper()
		f.do(os.WriteFile(index, []byte("as it was"), 0o644))
		f.do(f.rebuild(f.c))
		page, err := os.ReadFile(index)
		f.do(err)
		return string(page) != "as it was"
	}
	reopen := func(config string) {
		t.Helper()
		f.do(os.WriteFile(filepath.Join(f.c.Dir, publish.ConfigName), []byte(config), 0o644))
		f.reload(f.ctx)
	}
	if rebuilt() {
		t.Error("rebuilt though nothing changed")
	}
	for _, c := range []struct {
		name   string
		change func()
	}{
		{"configuration", func() { f.c.Config.Channel.Title = "New" }},
		{"address", func() { f.c.base = "http://127.0.0.1:2/" }},
		{"template", func() {
			f.do(os.Mkdir(filepath.Join(f.c.Dir, "templates"), 0o755))
			f.do(os.WriteFile(filepath.Join(f.c.Dir, "templates", "credit.html"), nil, 0o644))
		}},
		{"published", func() { publishInto(t, f.c.Dir, "Two") }},
		{"withdrawn", func() { f.do(os.RemoveAll(filepath.Join(f.c.Public(), "two"))) }},
	} {
		c.change()
		if !rebuilt() {
			t.Errorf("%s: not rebuilt", c.name)
		}
		if rebuilt() {
			t.Errorf("%s: rebuilt twice", c.name)
		}
	}
	f.out.Reset()
	reopen("[channel]\ntitle = 'Newer'\n")
	if page, _ := os.ReadFile(filepath.Join(f.c.Public(), "index.html")); !bytes.Contains(page, []byte("Newer")) {
		t.Error("a reload did not rebuild the pages")
	}
	unlock, err := f.c.Lock()
	f.do(err)
	f.c.stale = true
	f.refresh(f.c)
	if !f.c.stale {
		t.Error("a channel that is published into is not left for later")
	}
	unlock()
	f.refresh(f.c)
	if f.c.stale {
		t.Error("it was not looked at again")
	}
}

// Package seedtest holds what every Seeder has to prove, in a real swarm on the
// loopback interface.
//
//   - seedtest.go  Conform, the suite
//   - payload.go   payloads and their torrents: v1, v2, hybrid
//   - leech.go     a downloader in this process
//
// Nothing here is part of the program.
package seedtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"commonseed/seed"
)

// Conform runs the suite. open starts a fresh Seeder that the suite closes;
// peerAddr is the host:port at which a Seeder made by open takes peers.
func Conform(t *testing.T, open func(t *testing.T) seed.Seeder, peerAddr func(seed.Seeder) string) {
	c := suite{open, peerAddr}
	t.Run("completes a leecher", c.completes)
	t.Run("adding again changes nothing", c.addsAgain)
	t.Run("adding again takes over what changed", c.takesOver)
	t.Run("refuses what is no torrent", c.refusesGarbage)
	t.Run("serves no damaged payload", c.servesNoDamage)
	t.Run("removes without deleting", c.removes)
	t.Run("closes in time", c.closes)
}

type suite struct {
	open     func(t *testing.T) seed.Seeder
	peerAddr func(seed.Seeder) string
}

func (c suite) start(t *testing.T) seed.Seeder {
	t.Helper()
	s := c.open(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func (c suite) completes(t *testing.T) {
	for _, v := range []Version{V1, Hybrid} {
		t.Run(v.String(), func(t *testing.T) {
			p := NewPayload(t, v)
			before := Snapshot(t, p.Root)
			s := c.start(t)
			id := add(t, s, p)
			if id != p.Infohash {
				t.Fatalf("Add answered %s, want %s", id, p.Infohash)
			}
			st := Await(t, s, id, seed.Seeding)
			if st.Slug != p.Slug || st.Title != p.Title || st.Size != p.Size || st.Checked != p.Size || st.Reason != "" {
				t.Errorf("status %+v", st)
			}
			dir := t.TempDir()
			if err := Leech(p.Metainfo, c.peerAddr(s), dir, 20*time.Second); err != nil {
				t.Fatal(err)
			}
			if diff := Diff(t, p.Root, dir); diff != "" {
				t.Error(diff)
			}
			if st := find(t, s, id); st.Uploaded < p.Size {
				t.Errorf("%d bytes uploaded, the payload has %d", st.Uploaded, p.Size)
			}
			if after := Snapshot(t, p.Root); after != before {
				t.Errorf("the payload folder changed:\n%s\nwas:\n%s", after, before)
			}
		})
	}
}

func (c suite) addsAgain(t *testing.T) {
	p := NewPayload(t, Hybrid)
	s := c.start(t)
	id := add(t, s, p)
	again := add(t, s, p)
	if id != again || len(s.Status()) != 1 {
		t.Errorf("infohashes %s and %s, %d torrents", id, again, len(s.Status()))
	}
	Await(t, s, id, seed.Seeding)
	if add(t, s, p) != id || find(t, s, id).State != seed.Seeding {
		t.Error("adding again disturbed the seeding torrent")
	}
}

func (c suite) takesOver(t *testing.T) {
	p := NewPayload(t, Hybrid, "http://127.0.0.1:1/announce")
	s := c.start(t)
	id := add(t, s, p)
	Await(t, s, id, seed.Seeding)
	moved := NewPayload(t, Hybrid, "http://127.0.0.1:2/announce")
	must(t, os.RemoveAll(moved.Root))
	must(t, os.Rename(p.Root, moved.Root))
	must(t, os.Remove(p.Path))
	moved.Slug, moved.Title = "moved", "Moved"
	if again := add(t, s, moved); again != id {
		t.Fatalf("infohashes %s and %s", id, again)
	}
	if st := Await(t, s, id, seed.Seeding); st.Slug != "moved" || st.Title != "Moved" || len(s.Status()) != 1 {
		t.Errorf("status %+v of %d torrents", st, len(s.Status()))
	}
	dir := t.TempDir()
	must(t, Leech(moved.Metainfo, c.peerAddr(s), dir, 20*time.Second))
	if diff := Diff(t, moved.Root, dir); diff != "" {
		t.Error(diff)
	}
}

func (c suite) refusesGarbage(t *testing.T) {
	s := c.start(t)
	for _, data := range []string{"", "i1e", "de", "d4:infodee", "not bencode", "d4:infod6:lengthi-1eee"} {
		path := filepath.Join(t.TempDir(), "x.torrent")
		must(t, os.WriteFile(path, []byte(data), 0o644))
		_, err := s.Add(context.Background(), seed.Torrent{Slug: "x", Path: path, Root: t.TempDir()})
		var refused *seed.MetainfoError
		if !errors.As(err, &refused) {
			t.Errorf("Add(%q) = %v, want a MetainfoError", data, err)
		}
	}
	if n := len(s.Status()); n != 0 {
		t.Errorf("%d torrents", n)
	}
}

func (c suite) servesNoDamage(t *testing.T) {
	damages := map[string]struct {
		do   func(t *testing.T, path string)
		says string
	}{
		"missing": {func(t *testing.T, path string) { must(t, os.Remove(path)) }, "missing"},
		"short":   {func(t *testing.T, path string) { must(t, os.Truncate(path, 100)) }, "100 bytes"},
		"long":    {func(t *testing.T, path string) { appendTo(t, path, "more") }, "bytes"},
		"corrupt": {func(t *testing.T, path string) { Corrupt(t, path, 70_000) }, "does not match"},
		"folder": {func(t *testing.T, path string) {
			must(t, os.Remove(path))
			must(t, os.Mkdir(path, 0o755))
		}, "not a regular file"},
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := NewPayload(t, Hybrid)
			damage.do(t, filepath.Join(p.Root, p.Name, "song.bin"))
			s := c.start(t)
			id := add(t, s, p)
			st := Await(t, s, id, seed.Failed)
			if !strings.Contains(st.Reason, "song.bin") || !strings.Contains(st.Reason, damage.says) {
				t.Errorf("reason %q, want it to name song.bin and say %q", st.Reason, damage.says)
			}
			if err := Leech(p.Metainfo, c.peerAddr(s), t.TempDir(), time.Second); err == nil {
				t.Error("a leecher completed")
			}
			if st := find(t, s, id); st.Uploaded != 0 {
				t.Errorf("%d bytes uploaded", st.Uploaded)
			}
		})
	}
}

func (c suite) removes(t *testing.T) {
	p, other := NewPayload(t, V1), NewPayload(t, Hybrid)
	before := Snapshot(t, p.Root)
	s := c.start(t)
	id, otherID := add(t, s, p), add(t, s, other)
	Await(t, s, id, seed.Seeding)
	ctx := context.Background()
	if err := s.Remove(ctx, strings.Repeat("0", 40)); !errors.Is(err, seed.ErrUnknown) {
		t.Errorf("Remove of an unknown infohash: %v", err)
	}
	if err := s.Remove(ctx, id); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(ctx, id); !errors.Is(err, seed.ErrUnknown) {
		t.Errorf("second Remove: %v", err)
	}
	if st := s.Status(); len(st) != 1 || st[0].Infohash != otherID {
		t.Errorf("left: %+v", st)
	}
	if err := Leech(p.Metainfo, c.peerAddr(s), t.TempDir(), time.Second); err == nil {
		t.Error("a leecher completed a removed torrent")
	}
	if after := Snapshot(t, p.Root); after != before {
		t.Errorf("the payload folder changed:\n%s", after)
	}
	if add(t, s, p) != id {
		t.Error("cannot be added again")
	}
	Await(t, s, id, seed.Seeding)
}

func (c suite) closes(t *testing.T) {
	p := NewPayload(t, V1)
	s := c.open(t)
	id := add(t, s, p)
	Await(t, s, id, seed.Seeding)
	begin := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := s.Add(context.Background(), p.Torrent()); !errors.Is(err, seed.ErrClosed) {
		t.Errorf("Add after Close: %v", err)
	}
	if err := s.Remove(context.Background(), id); !errors.Is(err, seed.ErrClosed) {
		t.Errorf("Remove after Close: %v", err)
	}
}

func add(t *testing.T, s seed.Seeder, p Payload) string {
	t.Helper()
	id, err := s.Add(context.Background(), p.Torrent())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func find(t *testing.T, s seed.Seeder, id string) seed.Status {
	t.Helper()
	for _, st := range s.Status() {
		if st.Infohash == id {
			return st
		}
	}
	t.Fatalf("%s is not in the status", id)
	return seed.Status{}
}

// Await waits up to 15 seconds for a torrent to reach a state, and returns its
// status then. Another final state, or none, fails the test.
func Await(t *testing.T, s seed.Seeder, id string, want seed.State) seed.Status {
	t.Helper()
	var st seed.Status
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if st = find(t, s, id); st.State == want {
			return st
		}
	}
	t.Fatalf("state is %q (%s), want %q", st.State, st.Reason, want)
	return st
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

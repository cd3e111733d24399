package origin

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"commonseed/internal/filestate"
	"commonseed/seed"
	"commonseed/seed/seedtest"
)

// seedOnce starts an engine with a resume file, seeds p to the wanted state and
// closes it.
func seedOnce(t *testing.T, resumeFile string, p seedtest.Payload, want seed.State) seed.Status {
	t.Helper()
	e := open(t, Options{ResumeFile: resumeFile})
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	st := seedtest.Await(t, e, id, want)
	check(t, e.Close())
	return st
}

// To see whether a file is read again, it is damaged and the resume file is made
// to know the damaged one.
func TestUnchangedFilesAreNotReadAgain(t *testing.T) {
	t.Parallel()
	resumeFile := filepath.Join(t.TempDir(), "resume.json")
	p := seedtest.NewPayload(t, seedtest.Hybrid)
	seedOnce(t, resumeFile, p, seed.Seeding)
	song := filepath.Join(p.Root, p.Name, "song.bin")
	seedtest.Corrupt(t, song, 1000)

	var s resumeState
	data, err := os.ReadFile(resumeFile)
	check(t, err)
	check(t, json.Unmarshal(data, &s))
	if len(s.Torrents[p.Infohash]) != 4 {
		t.Fatalf("resume file knows %v", s.Torrents)
	}
	fi, err := os.Stat(song)
	check(t, err)
	s.Torrents[p.Infohash][p.Name+"/song.bin"] = filestate.Of(fi)
	data, err = json.Marshal(s)
	check(t, err)
	check(t, os.WriteFile(resumeFile, data, 0o600))
	if st := seedOnce(t, resumeFile, p, seed.Seeding); st.Checked != p.Size {
		t.Errorf("checked %d of %d", st.Checked, p.Size)
	}
}

func TestChangedFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	resumeFile := filepath.Join(t.TempDir(), "resume.json")
	p := seedtest.NewPayload(t, seedtest.Hybrid)
	seedOnce(t, resumeFile, p, seed.Seeding)
	song := filepath.Join(p.Root, p.Name, "song.bin")
	seedtest.Corrupt(t, song, 1000)
	st := seedOnce(t, resumeFile, p, seed.Failed)
	if !strings.Contains(st.Reason, "song.bin") {
		t.Errorf("reason %q", st.Reason)
	}
	seedtest.Corrupt(t, song, 1000) // back again
	seedOnce(t, resumeFile, p, seed.Seeding)
}

func TestBadResumeFilesCostACheckOnly(t *testing.T) {
	t.Parallel()
	p := seedtest.NewPayload(t, seedtest.V1)
	for _, content := range []string{
		"", "{", "null", "[]", `{"version":2,"torrents":{}}`, `{"version":1,"torrents":null}`,
		`{"version":1,"torrents":{"../../x":{"y":{"size":1}},"` + p.Infohash + `":null}}`,
		`{"version":1,"torrents":{"` + p.Infohash + `":{"nothing":{"size":-1,"mtime":-1,"inode":1}}}}`,
		strings.Repeat("[", 100_000),
	} {
		resumeFile := filepath.Join(t.TempDir(), "resume.json")
		check(t, os.WriteFile(resumeFile, []byte(content), 0o600))
		seedOnce(t, resumeFile, p, seed.Seeding)
		data, err := os.ReadFile(resumeFile)
		check(t, err)
		if torrents, err := parseResume(data); err != nil || len(torrents[p.Infohash]) != 4 {
			t.Errorf("%.40q: became %v, %v", content, torrents, err)
		}
	}
}

func TestRemovedTorrentsAreForgotten(t *testing.T) {
	resumeFile := filepath.Join(t.TempDir(), "resume.json")
	p := seedtest.NewPayload(t, seedtest.V1)
	e := open(t, Options{ResumeFile: resumeFile})
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	seedtest.Await(t, e, id, seed.Seeding)
	check(t, e.Remove(context.Background(), id))
	check(t, e.Close())
	data, err := os.ReadFile(resumeFile)
	check(t, err)
	if strings.Contains(string(data), id) {
		t.Errorf("resume file %s", data)
	}
}

func FuzzParseResume(f *testing.F) {
	f.Add([]byte(`{"version":1,"torrents":{"0123456789012345678901234567890123456789":{"a/b":{"size":1,"mtime":2,"inode":3}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		torrents, err := parseResume(data)
		if err != nil {
			return
		}
		out, err := json.Marshal(resumeState{resumeVersion, torrents})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseResume(out); err != nil || len(again) != len(torrents) {
			t.Errorf("%d torrents became %d, %v", len(torrents), len(again), err)
		}
	})
}

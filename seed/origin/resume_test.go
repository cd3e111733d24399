package origin

import (
	"bytes"
	"context"
	"fmt"
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
	resumeFile := filepath.Join(t.TempDir(), "resume")
	p := seedtest.NewPayload(t, seedtest.Hybrid)
	seedOnce(t, resumeFile, p, seed.Seeding)
	song := filepath.Join(p.Root, p.Name, "song.bin")
	seedtest.Corrupt(t, song, 1000)

	fi, err := os.Stat(song)
	check(t, err)
	in, err := os.Open(resumeFile)
	check(t, err)
	known, _, err := parseResume(in)
	in.Close()
	check(t, err)
	prints := known[p.Infohash]
	for i, f := range layoutOf(t, p).files {
		if strings.HasSuffix(f.path, "/song.bin") {
			prints[i] = printOf(filestate.Of(fi))
		}
	}
	check(t, os.WriteFile(resumeFile, appendLine(nil, p.Infohash, prints), 0o600))
	if st := seedOnce(t, resumeFile, p, seed.Seeding); st.Checked != p.Size {
		t.Errorf("checked %d of %d", st.Checked, p.Size)
	}
}

func TestChangedFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	resumeFile := filepath.Join(t.TempDir(), "resume")
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
	prints := make([]fingerprint, len(layoutOf(t, p).files))
	for i := range prints {
		prints[i] = 1
	}
	for name, content := range map[string]string{
		"empty": "", "of another kind": `{"version":1}`, "one long line": strings.Repeat("[", 100_000),
		"of no torrent": "../../x 1 2 .\n", "of other content": string(appendLine(nil, p.Infohash, prints)),
		"of too few files": p.Infohash + " 1 .\n", "of no number": p.Infohash + " x y z .\n",
		"cut short": p.Infohash + " 1 2 3",
	} {
		resumeFile := filepath.Join(t.TempDir(), "resume")
		check(t, os.WriteFile(resumeFile, []byte(content), 0o600))
		seedOnce(t, resumeFile, p, seed.Seeding)
		in, err := os.Open(resumeFile)
		check(t, err)
		known, _, err := parseResume(in)
		in.Close()
		if err != nil || len(known[p.Infohash]) != len(prints) || known[p.Infohash][0] < 2 {
			t.Errorf("%s: became %v, %v", name, known, err)
		}
	}
}

func TestRemovedTorrentsAreForgotten(t *testing.T) {
	resumeFile := filepath.Join(t.TempDir(), "resume")
	p := seedtest.NewPayload(t, seedtest.V1)
	e := open(t, Options{ResumeFile: resumeFile})
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	seedtest.Await(t, e, id, seed.Seeding)
	check(t, e.Remove(context.Background(), id))
	check(t, e.Close())
	in, err := os.Open(resumeFile)
	check(t, err)
	defer in.Close()
	if known, _, err := parseResume(in); err != nil || known[id] != nil {
		t.Errorf("resume file has %v, %v", known, err)
	}
}

// Who comes back has other trackers, most likely, and the same content.
func TestWhoComesBackIsNotReadAgain(t *testing.T) {
	p := seedtest.NewPayload(t, seedtest.V1)
	e := open(t, Options{ResumeFile: filepath.Join(t.TempDir(), "resume")})
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	seedtest.Await(t, e, id, seed.Seeding)
	check(t, e.Remove(context.Background(), id))
	_, err = e.Add(context.Background(), p.Torrent())
	check(t, err)
	if st := e.Status()[0]; st.State != seed.Seeding {
		t.Errorf("state %q", st.State)
	}
}

// What was recalled takes no room any more; what was not stays.
func TestRecalledTorrentsAreNotKeptTwice(t *testing.T) {
	resumeFile := filepath.Join(t.TempDir(), "resume")
	var lines []byte
	for i := range 1000 {
		lines = appendLine(lines, fmt.Sprintf("%040d", i), []fingerprint{fingerprint(i + 1)})
	}
	check(t, os.WriteFile(resumeFile, lines, 0o600))
	r, err := openResume(resumeFile)
	check(t, err)
	for i := range 990 {
		if got := r.recall(fmt.Sprintf("%040d", i), 1); got[0] != fingerprint(i+1) {
			t.Fatalf("torrent %d: %v", i, got)
		}
	}
	if len(r.known) != 10 || r.room > 100 {
		t.Errorf("%d torrents in room for %d", len(r.known), r.room)
	}
	if got := r.recall(fmt.Sprintf("%040d", 995), 1); got[0] != 996 {
		t.Errorf("the rest was lost: %v", got)
	}
}

func TestSharedPathsStayTheSame(t *testing.T) {
	for _, path := range []string{"", "x", "/", "/x", "a/b", "a/b/c", "/a/b/c/d.torrent", "/a//b//c", "./x/"} {
		path = filepath.FromSlash(path)
		if got := sharePath(path).String(); got != path {
			t.Errorf("%q became %q", path, got)
		}
	}
	if a, b := sharePath(filepath.FromSlash("/c/one/files")), sharePath(filepath.FromSlash("/c/two/files")); a.above != b.above {
		t.Errorf("%v and %v share nothing", a, b)
	}
}

func FuzzParseResume(f *testing.F) {
	f.Add([]byte("0123456789012345678901234567890123456789 1 ab ffffffffffffffff .\n\nx\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		known, _, err := parseResume(bytes.NewReader(data))
		if err != nil {
			return
		}
		var out []byte
		for id, prints := range known {
			out = appendLine(out, id, prints)
		}
		if again, _, err := parseResume(bytes.NewReader(out)); err != nil || len(again) != len(known) {
			t.Errorf("%d torrents became %d, %v", len(known), len(again), err)
		}
	})
}

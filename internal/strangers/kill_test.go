package strangers

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"commonseed/internal/peers"
)

// kills counts the random moments; so many more are aimed at the instant in
// which the release becomes visible.
const kills, aimed = 20, 3

// Whenever publishing is killed, nothing half-made can be seen, and publishing
// again finishes the job.
func TestKilledPublishLeavesNothingHalfMade(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	work, base := bigWork(t, random), baseChannel(t)
	whole := fullPublish(t, base, work)
	middle := 0
	for _, slice := range random.Perm(kills) {
		// One moment out of each twentieth of a whole run, so that they spread.
		at := time.Duration((float64(slice) + random.Float64()) / kills * float64(whole))
		channel := copyOf(t, base)
		where := killed(t, channel, work, func() { time.Sleep(at) })
		t.Logf("killed after %4d of %d ms: %s", at.Milliseconds(), whole.Milliseconds(), where)
		if strings.HasPrefix(where, "staging") {
			middle++
		}
		took := checkRecovery(t, channel, work)
		whole = (whole + took) / 2 // keeps up with a machine that others use as well
	}
	for range aimed {
		channel := copyOf(t, base)
		where := killed(t, channel, work, func() { awaitRelease(t, channel) })
		t.Logf("killed at the rename: %s", where)
		checkRecovery(t, channel, work)
	}
	if middle < 3 {
		t.Errorf("only %d of %d kills fell into the middle of the work: that shows nothing", middle, kills)
	}
}

// bigWork makes a folder that takes a while to publish: examples of every
// format, and random bytes in files of three sizes, 24 MiB in all.
func bigWork(t *testing.T, random *rand.Rand) string {
	t.Helper()
	dir := t.TempDir()
	for _, e := range examples {
		for name := range e.media {
			writeFile(t, filepath.Join(dir, name), string(read(t, e.path(t), name)))
		}
	}
	noise := make([]byte, 3<<20)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for i := range 12 {
		name := fmt.Sprintf("recordings/%02d.raw", i)
		writeFile(t, filepath.Join(dir, name), string(noise[i:(i%3+1)<<20]))
	}
	return dir
}

func publishArgs(channel, work string) []string {
	return []string{"publish", work, "--channel", channel, "--title", "Field Recordings", "--creator", "Ana Ruiz",
		"--license", "cc-by-sa-4.0", "--no-seed", "--json"}
}

// baseChannel is a channel that already has a release, which must not suffer.
func baseChannel(t *testing.T) string {
	t.Helper()
	channel := filepath.Join(t.TempDir(), "channel")
	commonseed(t, "publish", examples[0].path(t), "--channel", channel, "--no-seed")
	return channel
}

func copyOf(t *testing.T, base string) string {
	t.Helper()
	channel := filepath.Join(t.TempDir(), "channel")
	if err := os.CopyFS(channel, os.DirFS(base)); err != nil {
		t.Fatal(err)
	}
	return channel
}

// fullPublish measures an undisturbed publish, the faster of two.
func fullPublish(t *testing.T, base, work string) time.Duration {
	t.Helper()
	best := patience
	for range 2 {
		args := publishArgs(copyOf(t, base), work)
		begun := time.Now()
		p := peers.Start(t, t.TempDir(), nil, plainProgram(t), args...)
		if !p.Ended(patience) || p.Err != nil {
			t.Fatalf("publishing failed: %v", p.Err)
		}
		best = min(best, time.Since(begun))
	}
	return best
}

// killed publishes, kills that at a moment, and tells how far it had come.
func killed(t *testing.T, channel, work string, moment func()) string {
	t.Helper()
	p := peers.Start(t, t.TempDir(), nil, plainProgram(t), publishArgs(channel, work)...)
	moment()
	_ = syscall.Kill(-p.Cmd.Process.Pid, syscall.SIGKILL)
	<-p.Done
	switch {
	case p.Err == nil:
		return "it had ended"
	case len(releases(t, channel)) == 2:
		return "after the release was put in place"
	case staged(t, channel) > 0:
		return fmt.Sprintf("staging, %d files begun", staged(t, channel))
	}
	return "before the first file"
}

// awaitRelease returns as soon as a second release can be seen.
func awaitRelease(t *testing.T, channel string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for len(releases(t, channel)) < 2 {
		if time.Now().After(deadline) {
			t.Fatalf("no second release within %v", patience)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// staged counts the files that stand in the channel's staging directory.
func staged(t *testing.T, channel string) int {
	t.Helper()
	dir := filepath.Join(channel, ".commonseed", "staging")
	if _, err := os.Stat(dir); err != nil {
		return 0
	}
	return len(files(t, dir))
}

// releases lists the directories below public/.
func releases(t *testing.T, channel string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(channel, "public"))
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, entry := range entries {
		if entry.IsDir() {
			dirs = append(dirs, filepath.Join(channel, "public", entry.Name()))
		}
	}
	return dirs
}

// checkVisible wants every directory in public/ to be a whole release: page,
// record, torrent, and each file with the size and hash that the record gives.
func checkVisible(t *testing.T, channel string) {
	t.Helper()
	for _, dir := range releases(t, channel) {
		var record struct {
			Files []struct {
				Path   string `json:"path"`
				Size   int    `json:"size"`
				SHA256 string `json:"sha256"`
			} `json:"files"`
			Torrent struct {
				File string `json:"file"`
				Name string `json:"name"`
				Size int    `json:"size"`
			} `json:"torrent"`
		}
		if err := json.Unmarshal(read(t, dir, "release.json"), &record); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		if len(read(t, dir, "index.html")) == 0 {
			t.Errorf("%s: the page is empty", dir)
		}
		if size := len(read(t, dir, record.Torrent.File)); size != record.Torrent.Size {
			t.Errorf("%s: the torrent has %d bytes, want %d", dir, size, record.Torrent.Size)
		}
		payload := filepath.Join(dir, "files", record.Torrent.Name)
		if got := len(files(t, payload)); got != len(record.Files) || got == 0 {
			t.Errorf("%s: %d files in the payload, the record has %d", dir, got, len(record.Files))
		}
		for _, f := range record.Files {
			data := read(t, payload, f.Path)
			if sum := sha256.Sum256(data); len(data) != f.Size || hex.EncodeToString(sum[:]) != f.SHA256 {
				t.Errorf("%s: %s is not what the record says", dir, f.Path)
			}
		}
	}
}

// checkFeed wants every torrent that the feed offers to be there.
func checkFeed(t *testing.T, channel string) {
	t.Helper()
	var feed struct {
		Items []struct {
			Enclosure struct {
				URL string `xml:"url,attr"`
			} `xml:"enclosure"`
		} `xml:"channel>item"`
	}
	if err := xml.Unmarshal(read(t, channel, "public", "torrents.xml"), &feed); err != nil {
		t.Errorf("torrents.xml: %v", err)
	}
	if len(feed.Items) == 0 {
		t.Error("torrents.xml lost the release that was there before")
	}
	for _, item := range feed.Items {
		dir, file := path.Split(item.Enclosure.URL)
		read(t, channel, "public", path.Base(dir), file)
	}
}

// checkRecovery looks at what the killed publish left, and then does what a
// creator does after a crash: the same once more. It answers with how long that
// took.
func checkRecovery(t *testing.T, channel, work string) time.Duration {
	t.Helper()
	checkVisible(t, channel)
	checkFeed(t, channel)
	begun := time.Now()
	p := peers.Start(t, t.TempDir(), nil, plainProgram(t), publishArgs(channel, work)...)
	if !p.Ended(patience) || p.Err != nil {
		t.Fatalf("publishing again failed: %v", p.Err)
	}
	took := time.Since(begun)
	if n := len(releases(t, channel)); n != 2 {
		t.Errorf("%d releases after publishing again, want 2", n)
	}
	if n := staged(t, channel); n > 0 {
		t.Errorf("%d files are left in staging", n)
	}
	checkVisible(t, channel)
	commonseed(t, "verify", channel)
	if feed := string(read(t, channel, "public", "torrents.xml")); strings.Count(feed, "<item>") != 2 {
		t.Errorf("torrents.xml lists %d releases, want 2", strings.Count(feed, "<item>"))
	}
	if err := os.RemoveAll(channel); err != nil { // the rounds need not stand side by side
		t.Error(err)
	}
	return took
}

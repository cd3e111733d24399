package stamp

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"commonseed/internal/peers"
	"commonseed/license"
)

// inFile stamps a sample and puts it where other programs can read it.
func inFile(t testing.TB, file string, n license.Notice) (before, after string) {
	t.Helper()
	data := readSample(t, file)
	out, _ := stampBytes(t, data, n, false)
	dir := t.TempDir()
	before, after = filepath.Join("testdata", filepath.FromSlash(file)), filepath.Join(dir, filepath.Base(file))
	if err := os.WriteFile(after, out, 0o644); err != nil {
		t.Fatal(err)
	}
	return before, after
}

// streamHash is what ffmpeg makes of the streams of a file. Encrypted ones are
// decrypted on the way, which takes them to be addressed rightly in all tables.
func streamHash(t testing.TB, data []byte, suffix string, args ...string) string {
	t.Helper()
	peers.Need(t, "ffmpeg")
	path := filepath.Join(t.TempDir(), "file"+suffix)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	args = slices.Concat([]string{"-v", "error"}, keyFor(data), []string{"-i", path, "-map", "0"}, args, []string{"-f", "streamhash", "-hash", "sha256", "-"})
	hash := peers.Run(t, "ffmpeg", args...)
	if !strings.Contains(hash, "SHA256=") {
		t.Fatalf("no hash: %s", hash)
	}
	return hash
}

// sampleKey opens video-encrypted.mp4.
const sampleKey = "00112233445566778899aabbccddeeff"

// keyFor gives ffmpeg the key if a file needs it.
func keyFor(data []byte) []string {
	if bytes.Contains(data, []byte("tenc")) {
		return []string{"-decryption_key", sampleKey}
	}
	return nil
}

// TestMP4Strangers lets other programs read what we wrote.
func TestMP4Strangers(t *testing.T) {
	peers.Need(t, "ffprobe", "ffmpeg", "exiftool")
	n := fullNotice(byA)
	for _, file := range mp4Samples {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			before, after := inFile(t, file, n)
			data, err := os.ReadFile(after)
			if err != nil {
				t.Fatal(err)
			}
			tags := peers.Run(t, "ffprobe", slices.Concat(keyFor(data), []string{"-v", "error", "-show_entries", "format_tags", after})...)
			if !strings.Contains(tags, "TAG:LICENSE="+byA.URL) || !strings.Contains(tags, "TAG:copyright="+n.Copyright()) || !strings.HasPrefix(tags, "[FORMAT]") {
				t.Errorf("ffprobe: %s", tags)
			}
			want := streamHash(t, readSample(t, file), filepath.Ext(file), "-c", "copy")
			if got := streamHash(t, data, filepath.Ext(file), "-c", "copy"); got != want {
				t.Errorf("ffmpeg reads other streams:\n%s\n%s", want, got)
			}
			checkExiftool(t, before, after, n)
		})
	}
}

// TestMP4Players asks the programs that know iTunes tags.
func TestMP4Players(t *testing.T) {
	python := peers.NeedPython(t, "mutagen")
	peers.Need(t, "AtomicParsley")
	n := fullNotice(byA)
	for _, file := range []string{"m4a-cover.m4a", "video-plain.mp4", "video-faststart.mp4", "video-co64.mp4", "video-free.mp4"} {
		_, after := inFile(t, file, n)
		const script = `import sys, mutagen.mp4
m = mutagen.mp4.MP4(sys.argv[1])
print(bytes(m["----:com.apple.iTunes:LICENSE"][0]).decode(), m["cprt"][0], m.info.length > 1, m.get("\xa9nam"), len(m.get("covr", [b""])[0]))`
		want := byA.URL + " " + n.Copyright() + " True None 0\n"
		switch file {
		case "m4a-cover.m4a":
			want = byA.URL + " " + n.Copyright() + " True ['Tide'] 1541\n"
		case "video-faststart.mp4", "video-co64.mp4":
			want = byA.URL + " " + n.Copyright() + " True ['Waves'] 0\n"
		}
		if got := peers.Run(t, python, "-c", script, after); got != want {
			t.Errorf("%s: mutagen: %s", file, got)
		}
		tags := peers.Run(t, "AtomicParsley", after, "-t")
		if !strings.Contains(tags, "contains: "+byA.URL) || !strings.Contains(tags, "contains: "+n.Copyright()) {
			t.Errorf("%s: AtomicParsley: %s", file, tags)
		}
	}
}

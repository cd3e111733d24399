package stamp

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.senan.xyz/taglib"

	"commonseed/internal/peers"
	"commonseed/license"
)

// Other people's programs read what was stamped, and hear the same as before.

// stampedFile is a stamped audio sample on disk, beside the file before.
type stampedFile struct {
	name          string // of the sample
	before, after string // paths
	n             license.Notice
}

// stampedAudio stamps all audio samples, and the ID3 variants, with some of the
// notices: full, or long, which makes Ogg files get more pages.
func stampedAudio(t *testing.T, kinds ...string) []stampedFile {
	t.Helper()
	dir := t.TempDir()
	files := map[string][]byte{}
	for _, s := range samples {
		if slices.Contains([]string{".mp3", ".flac", ".ogg", ".opus"}, filepath.Ext(s.file)) {
			files[filepath.Base(s.file)] = readSample(t, s.file)
		}
	}
	audio := readSample(t, "audio/vbr.mp3")
	for name, v := range id3Variants() {
		files[strings.NewReplacer(" ", "-", ",", "").Replace(name)+".mp3"] = append([]byte(v.tag), audio...)
	}
	long := fullNotice(byA)
	long.Creator = manyPages
	var out []stampedFile
	for name, data := range files {
		for _, kind := range kinds {
			n := fullNotice(byA)
			if kind == "long" && strings.Contains(name, ".o") {
				n = long
			} else if kind == "long" {
				n = notices["unicode"]
			}
			f := stampedFile{name, filepath.Join(dir, kind+"-before-"+name), filepath.Join(dir, kind+"-after-"+name), n}
			stamped, _ := stampBytes(t, data, n, false)
			for path, data := range map[string][]byte{f.before: data, f.after: stamped} {
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out = append(out, f)
		}
	}
	return out
}

// wantTags is what a reader should find, by the name of the tag in the format.
func wantTags(f stampedFile) map[string]string {
	url, page, text := f.n.License.URL, pageURL(f.n), oneLine(f.n.Copyright())
	if strings.HasSuffix(f.after, ".mp3") {
		return map[string]string{"WCOP": url, "TXXX:LICENSE": url, "WOAF": page, "TCOP": text}
	}
	return map[string]string{"LICENSE": url, "CONTACT": page, "COPYRIGHT": text}
}

// TestMutagenReads compares all tags: ours are as wanted, all others as before.
func TestMutagenReads(t *testing.T) {
	t.Parallel()
	python := peers.NeedPython(t, "mutagen")
	const script = `
import sys, json, mutagen
out = {}
for path in sys.argv[1:]:
    tags = mutagen.File(path).tags
    got = {}
    for key, value in (tags or {}).items() if hasattr(tags, "getall") else (tags or []):
        if hasattr(value, "url"): value = value.url
        elif hasattr(value, "text"): value = "|".join(str(x) for x in value.text)
        else: value = str(value)
        got[key] = (got[key] + "|" if key in got else "") + value
    out[path] = got
json.dump(out, sys.stdout)
`
	files := stampedAudio(t, "full", "long")
	args := []string{"-c", script}
	for _, f := range files {
		args = append(args, f.before, f.after)
	}
	var tags map[string]map[string]string
	if err := json.Unmarshal([]byte(peers.Run(t, python, args...)), &tags); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		before, after := tags[f.before], tags[f.after]
		for tag, want := range wantTags(f) {
			if got := after[tag]; got != want {
				t.Errorf("%s: %s is %.200q, want %.200q", f.name, tag, got, want)
			}
			delete(after, tag)
		}
		if strings.Contains(f.name, "bare-FF") {
			continue // mutagen gives up on the tag as it was; the stamp mends it
		}
		if fmt.Sprint(before) != fmt.Sprint(after) {
			t.Errorf("%s: other tags were %.400v and are %.400v", f.name, before, after)
		}
	}
}

// TestTaglibReads asks the library that many players use.
func TestTaglibReads(t *testing.T) {
	t.Parallel()
	for _, f := range stampedAudio(t, "full") {
		tags, err := taglib.ReadTags(f.after)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		want := map[string]string{"LICENSE": f.n.License.URL, "COPYRIGHT": oneLine(f.n.Copyright())}
		if strings.HasSuffix(f.after, ".mp3") {
			want["COPYRIGHTURL"], want["FILEWEBPAGE"] = f.n.License.URL, pageURL(f.n)
		} else {
			want["CONTACT"] = pageURL(f.n)
		}
		for tag, text := range want {
			if got := strings.Join(tags[tag], "|"); got != text {
				t.Errorf("%s: %s is %.200q, want %.200q", f.name, tag, got, text)
			}
		}
	}
}

// TestExiftoolReads also makes sure that it finds nothing to warn of that was
// not there before.
func TestExiftoolReads(t *testing.T) {
	t.Parallel()
	peers.Need(t, "exiftool")
	files := stampedAudio(t, "full", "long")
	// It fails for layer II without a tag, as before the stamp.
	args := []string{"-c", `exiftool "$@" 2>/dev/null || true`, "exiftool", "-j", "-G0", "-Warning", "-Error", "-CopyrightURL", "-FileURL", "-UserDefinedURL", "-UserDefinedText",
		"-License", "-Contact", "-Copyright", "-api", "LargeFileSupport=1", "-charset", "UTF8"}
	for _, f := range files {
		args = append(args, f.before, f.after)
	}
	var list []map[string]any
	out := peers.Run(t, "sh", args...)
	if err := json.Unmarshal([]byte(out[strings.Index(out, "["):strings.LastIndex(out, "]")+1]), &list); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	byPath := map[string]map[string]any{}
	for _, tags := range list {
		byPath[tags["SourceFile"].(string)] = tags
	}
	for _, f := range files {
		before, after := byPath[f.before], byPath[f.after]
		want := map[string]string{"ID3:CopyrightURL": f.n.License.URL, "ID3:FileURL": pageURL(f.n), "ID3:Copyright": oneLine(f.n.Copyright())}
		if !strings.HasSuffix(f.after, ".mp3") {
			want = map[string]string{"Vorbis:License": f.n.License.URL, "Vorbis:Contact": pageURL(f.n), "Vorbis:Copyright": oneLine(f.n.Copyright())}
		}
		for tag, text := range want {
			if got := fmt.Sprint(after[tag]); got != text {
				t.Errorf("%s: %s is %.200q, want %.200q", f.name, tag, got, text)
			}
		}
		for _, tag := range []string{"ExifTool:Warning", "ExifTool:Error"} {
			if after[tag] != nil && before[tag] == nil {
				t.Errorf("%s: %s: %v", f.name, tag, after[tag])
			}
		}
	}
}

// TestFFmpegHearsTheSame compares all streams before and after, packet by packet,
// cover pictures among them, and lets ffprobe show the licence.
func TestFFmpegHearsTheSame(t *testing.T) {
	t.Parallel()
	peers.Need(t, "ffmpeg", "ffprobe")
	files := stampedAudio(t, "long")
	hash := func(path func(stampedFile) string) string {
		args := []string{"-v", "quiet"}
		for _, f := range files {
			args = append(args, "-i", path(f))
		}
		for i, f := range files {
			streams := fmt.Sprint(i)
			if strings.Contains(f.name, "v2.") {
				streams += ":a" // their pictures are none
			}
			args = append(args, "-map", streams)
		}
		return peers.Run(t, "ffmpeg", append(args, "-c", "copy", "-f", "streamhash", "-hash", "sha256", "-")...)
	}
	before := hash(func(f stampedFile) string { return f.before })
	after := hash(func(f stampedFile) string { return f.after })
	if before != after || strings.Count(after, "SHA256=") < len(files) {
		t.Errorf("streams were\n%s and are\n%s", before, after)
	}
	for _, f := range files {
		if strings.Contains(f.name, "v2.") && !strings.HasSuffix(f.name, "unsync.mp3") {
			continue // the samples and the hardest tags are enough
		}
		tags := peers.Run(t, "ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags", f.after)
		if !regexp.MustCompile(`(?im)^TAG:license=` + regexp.QuoteMeta(f.n.License.URL) + `$`).MatchString(tags) {
			t.Errorf("%s: ffprobe shows no licence:\n%.500s", f.name, tags)
		}
	}
}

// TestXiphReads asks the reference programs for FLAC, Vorbis and Opus, which also
// check the files.
func TestXiphReads(t *testing.T) {
	t.Parallel()
	peers.Need(t, "flac", "metaflac", "vorbiscomment", "ogginfo", "opusinfo")
	for _, f := range stampedAudio(t, "long") {
		var tags, checked string
		switch filepath.Ext(f.after) {
		case ".flac":
			tags = peers.Run(t, "metaflac", "--no-utf8-convert", "--export-tags-to=-", f.after)
			checked = peers.Run(t, "flac", "-t", "--totally-silent", f.after)
		case ".ogg":
			tags = peers.Run(t, "vorbiscomment", "-R", "-l", f.after)
			checked = peers.Run(t, "ogginfo", f.after)
		case ".opus":
			tags = peers.Run(t, "opusinfo", f.after)
			checked = tags
		default:
			continue
		}
		for tag, text := range wantTags(f) {
			if !strings.Contains(tags, tag+"="+text) {
				t.Errorf("%s: no %s=%.100q in\n%.500s", f.name, tag, text, tags)
			}
		}
		if strings.Contains(strings.ToLower(checked), "warning") {
			t.Errorf("%s: %.800s", f.name, checked)
		}
	}
}

// TestStrangersStamps reads what other programs write, so that we do not only
// understand ourselves.
func TestStrangersStamps(t *testing.T) {
	t.Parallel()
	python := peers.NeedPython(t, "mutagen")
	nc := mustParse("CC BY-NC 4.0")
	const script = `
import sys, mutagen
from mutagen.id3 import ID3, WCOP, TCOP, TXXX
url, version, mp3, *others = sys.argv[1:]
tags = ID3()
tags.add(WCOP(url=url)); tags.add(TCOP(encoding=1, text="2020 Ñ, all rights reserved")); tags.add(TXXX(encoding=1, desc="LICENSE", text=url))
tags.save(mp3, v2_version=int(version), v1=0)
for path in others:
    f = mutagen.File(path); f["license"] = url; f["copyright"] = "2020 Ñ, all rights reserved"; f.save()
`
	for _, version := range []string{"3", "4"} {
		dir := t.TempDir()
		args := []string{"-c", script, nc.URL, version}
		for _, name := range []string{"bare.mp3", "bare.flac", "vorbis.ogg", "opus.opus"} {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, readSample(t, "audio/"+name), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, path)
		}
		peers.Run(t, python, args...)
		for _, path := range args[4:] {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			st := readBack(t, data)
			var urls, reserved int
			for _, s := range st {
				urls += map[bool]int{true: 1}[s.License == nc && s.Text == nc.URL]
				reserved += map[bool]int{true: 1}[s.Reserves && s.Text == "2020 Ñ, all rights reserved"]
			}
			if urls == 0 || reserved != 1 {
				t.Errorf("%s reads as %+v", filepath.Base(path), st)
			}
			out, _ := stampBytes(t, data, fullNotice(byA), true)
			if conflict := Conflict(readBack(t, out), byA); conflict != nil {
				t.Errorf("after relicensing: %v", conflict)
			}
		}
	}
}

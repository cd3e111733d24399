package strangers

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"commonseed/internal/peers"
)

// checkArrival judges what a stranger downloaded of a release into dir: it is
// the payload byte for byte, and every file says what may be done with it.
func checkArrival(t *testing.T, p published, dir string) {
	t.Helper()
	arrived := filepath.Join(dir, p.name())
	sameTree(t, p.Payload, arrived)
	checkNotice(t, p, arrived)
	checkSidecars(t, p, arrived)
	checkStamps(t, p, arrived)
}

// sameTree wants both directories to hold the same files with the same bytes.
// Old clients write a torrent's padding as files below .pad; those do not count.
func sameTree(t testing.TB, want, got string) {
	t.Helper()
	names := files(t, want)
	if strings.Join(names, "\n") != strings.Join(files(t, got), "\n") {
		t.Fatalf("%s arrived as %q, want %q", want, files(t, got), names)
	}
	for _, name := range names {
		if !bytes.Equal(read(t, want, name), read(t, got, name)) {
			t.Errorf("%s arrived with other bytes", name)
		}
	}
}

// complete says whether a download holds every byte: clients write into files of
// the final size, so it compares the content.
func complete(t testing.TB, p published, dir string) bool {
	t.Helper()
	for _, name := range files(t, p.Payload) {
		got, err := os.ReadFile(filepath.Join(dir, p.name(), name))
		if err != nil || !bytes.Equal(got, read(t, p.Payload, name)) {
			return false
		}
	}
	return true
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".pad" {
			return fs.SkipDir
		}
		if !entry.IsDir() {
			name, _ := filepath.Rel(dir, path)
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(names)
	return names
}

func read(t testing.TB, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checkNotice reads the two documents that a person and a program find first.
func checkNotice(t *testing.T, p published, dir string) {
	t.Helper()
	if text := string(read(t, dir, "LICENSE.txt")); !strings.Contains(text, p.license) {
		t.Errorf("LICENSE.txt does not name %s:\n%s", p.license, text)
	}
	var metadata struct {
		License string `json:"license"`
	}
	if err := json.Unmarshal(read(t, dir, "metadata.json"), &metadata); err != nil || metadata.License != p.license {
		t.Errorf("metadata.json says license %q (%v), want %q", metadata.License, err, p.license)
	}
}

func checkSidecars(t *testing.T, p published, dir string) {
	t.Helper()
	for _, name := range p.sidecar {
		want := "SPDX-License-Identifier: " + p.spdx
		if text := string(read(t, dir, name+".license")); !strings.Contains(text, want) {
			t.Errorf("%s.license lacks %q:\n%s", name, want, text)
		}
	}
}

// checkStamps reads the licence inside each media file with the readers that
// people have.
func checkStamps(t *testing.T, p published, dir string) {
	t.Helper()
	peers.Need(t, "exiftool", "ffprobe")
	python := peers.NeedPython(t, "mutagen")
	for name, license := range p.media {
		path := filepath.Join(dir, name)
		readers := map[string][]string{}
		switch filepath.Ext(name) {
		case ".mp3":
			readers["exiftool"] = []string{"exiftool", "-s3", "-CopyrightURL", path}
			readers["mutagen"] = []string{python, "-c", "import mutagen.id3, sys; print(mutagen.id3.ID3(sys.argv[1])['WCOP'].url)", path}
		case ".flac":
			readers["mutagen"] = []string{python, "-c", "import mutagen.flac, sys; print(mutagen.flac.FLAC(sys.argv[1])['license'][0])", path}
			readers["ffprobe"] = []string{"ffprobe", "-v", "error", "-of", "default=nw=1:nk=1", "-show_entries", "format_tags=LICENSE", path}
		case ".mp4":
			readers["exiftool"] = []string{"exiftool", "-s3", "-XMP-cc:License", path}
			readers["ffprobe"] = []string{"ffprobe", "-v", "error", "-of", "default=nw=1:nk=1", "-show_entries", "format_tags=LICENSE", path}
		default:
			readers["exiftool"] = []string{"exiftool", "-s3", "-XMP-cc:License", path}
		}
		for reader, command := range readers {
			if got := strings.TrimSpace(peers.Run(t, command[0], command[1:]...)); got != license {
				t.Errorf("%s reads %q from %s, want %q", reader, got, name, license)
			}
		}
	}
}

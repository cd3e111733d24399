package feed

import (
	"slices"
	"testing"
)

func paths(files []File) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.Path)
	}
	return out
}

func TestMediaLeavesOutWhatSpeaksAboutTheMedia(t *testing.T) {
	r := Release{Files: []File{
		{Path: "LICENSE.txt"}, {Path: "a.mp3"}, {Path: "a.blend"}, {Path: "a.blend.license"}, {Path: "metadata.json"},
		{Path: "docs/LICENSE.txt"}, {Path: "docs/metadata.json"},
	}}
	want := []string{"a.mp3", "a.blend", "docs/LICENSE.txt", "docs/metadata.json"}
	if got := paths(r.Media()); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMainMedia(t *testing.T) {
	file := func(path, mime string, size int64) File { return File{Path: path, Type: mime, Size: size} }
	cover := file("cover.png", "image/png", 900)
	for _, test := range []struct {
		name  string
		files []File
		want  string
	}{
		{"largest audio", []File{file("s.mp3", "audio/mpeg", 1), file("l.ogg", "application/ogg", 2)}, "l.ogg"},
		{"an album with a short clip", []File{file("v.mp4", "video/mp4", 9), file("s.mp3", "audio/mpeg", 5), file("l.ogg", "application/ogg", 6)}, "l.ogg"},
		{"a talk with a jingle", []File{file("j.mp3", "audio/mpeg", 5), file("i.png", "image/png", 90), file("v.mp4", "video/mp4", 9), file("w.mp4", "video/mp4", 10)}, "w.mp4"},
		{"first of equals", []File{file("a.mp3", "audio/mpeg", 2), file("b.mp3", "audio/mpeg", 2)}, "a.mp3"},
		{"video before image", []File{cover, file("v.mp4", "Video/MP4; codecs=x", 1)}, "v.mp4"},
		{"cover behind other images", []File{cover, file("small.jpg", "image/jpeg", 1), file("smaller.jpg", "image/jpeg", 0)}, "small.jpg"},
		{"cover alone", []File{cover}, "cover.png"},
		{"image before document", []File{file("b.pdf", "application/pdf", 9), file("i.svg", "image/svg+xml", 1)}, "i.svg"},
		{"document before other", []File{file("x.zip", "application/zip", 9), file("b.epub", "application/epub+zip", 1)}, "b.epub"},
		{"other", []File{file("LICENSE.txt", "text/plain", 9), file("x.blend", "application/octet-stream", 1)}, "x.blend"},
		{"none", []File{file("LICENSE.txt", "text/plain", 9), file("x.license", "text/plain", 9)}, ""},
		{"empty", nil, ""},
	} {
		main, ok := Release{Cover: "cover.png", Files: test.files}.MainMedia()
		if main.Path != test.want || ok != (test.want != "") {
			t.Errorf("%s: got %q, %v; want %q", test.name, main.Path, ok, test.want)
		}
	}
}

package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestReleaseSurvivesMarshalAndRead(t *testing.T) {
	want := sampleRelease(1)
	data, err := want.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadRelease(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if data[len(data)-1] != '\n' {
		t.Error("does not end in a newline")
	}
}

func TestMarshalWritesTimesInUTCAndWholeSeconds(t *testing.T) {
	r := sampleRelease(1)
	r.Published = time.Date(2026, 5, 1, 2, 0, 0, 987, time.FixedZone("", 2*3600))
	data, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	mustContain(t, string(data), `"published": "2026-05-01T00:00:00Z"`)
}

func TestReadReleaseDropsControlCharactersFromTexts(t *testing.T) {
	r := sampleRelease(1)
	r.Title = "Low\x1b[31m Tide\n\x00\u0085end"
	r.Description = "one\r\ntwo\x07\tthree\ufffe"
	r.Tags = []string{"a\x1bb"}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadRelease(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got.Title != "Low[31m Tide end" || got.Description != "one\ntwo\tthree" || got.Tags[0] != "ab" {
		t.Errorf("got %q, %q, %q", got.Title, got.Description, got.Tags)
	}
}

func TestURLsAreEscapedNotTrusted(t *testing.T) {
	r := sampleRelease(1)
	r.SourceURL = "https://ana.example/Über uns?q={é}"
	r.AttributionURL = `https://ana.example/"><script>alert('1')</script>`
	r.Links[0].URL = "https://ana.example/a%20b#top"
	r.Torrent.Magnet += `&dn="onclick="x`
	for _, marshal := range []func(Release) ([]byte, error){Release.Marshal, func(r Release) ([]byte, error) { return json.Marshal(r) }} {
		data, err := marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadRelease(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct{ got, want string }{
			{got.SourceURL, "https://ana.example/%C3%9Cber%20uns?q=%7B%C3%A9%7D"},
			{got.AttributionURL, "https://ana.example/%22%3E%3Cscript%3Ealert('1')%3C/script%3E"},
			{got.Links[0].URL, r.Links[0].URL},
			{got.Torrent.Magnet, sampleRelease(1).Torrent.Magnet + "&dn=%22onclick=%22x"},
		} {
			if test.got != test.want {
				t.Errorf("got %s, want %s", test.got, test.want)
			}
		}
	}
}

func TestReadReleasePassesOverUnknownFields(t *testing.T) {
	data, err := sampleRelease(1).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.Replace(data, []byte(`"slug"`), []byte(`"signature": {"by": [1, 2]}, "slug"`), 1)
	if _, err := ReadRelease(data); err != nil {
		t.Error(err)
	}
}

func TestReadReleaseTellsOtherFormatsApart(t *testing.T) {
	// A later format may give a known field another type.
	for _, doc := range []string{`{"format": 2, "title": {"en": "Tide"}}`, `{"format": 0}`, `{"format": -1}`} {
		_, err := ReadRelease([]byte(doc))
		var format *FormatError
		if !errors.As(err, &format) {
			t.Errorf("%s: got %v, want a FormatError", doc, err)
		}
	}
	for _, doc := range []string{``, `null`, `[]`, `{}`, `{"format": null}`, `{"format": "1"}`, `{"format": 1}`, `{"format": 1} {}`} {
		_, err := ReadRelease([]byte(doc))
		var format *FormatError
		if err == nil || errors.As(err, &format) {
			t.Errorf("%s: got %v, want another error", doc, err)
		}
	}
}

func TestReadReleaseIsBounded(t *testing.T) {
	data, err := sampleRelease(1).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, bytes.Repeat([]byte{' '}, MaxRelease+1-len(data))...)
	if _, err := ReadRelease(data); err == nil {
		t.Error("a document above MaxRelease was read")
	}
	if _, err := ReadRelease(data[:MaxRelease]); err != nil {
		t.Errorf("a document of MaxRelease bytes: %v", err)
	}
	deep := `{"format": 1, "x": ` + strings.Repeat("[", 1_000_000)
	if _, err := ReadRelease([]byte(deep)); err == nil {
		t.Error("endless nesting was read")
	}
}

// hostile breaks one rule of the record at a time.
var hostile = []struct {
	field string // of the InvalidError
	set   func(*Release)
}{
	{"slug", func(r *Release) { r.Slug = "" }},
	{"slug", func(r *Release) { r.Slug = ".." }},
	{"slug", func(r *Release) { r.Slug = "-rf" }},
	{"slug", func(r *Release) { r.Slug = "Tide" }},
	{"slug", func(r *Release) { r.Slug = "a/b" }},
	{"slug", func(r *Release) { r.Slug = "tide\n" }},
	{"slug", func(r *Release) { r.Slug = strings.Repeat("a", 101) }},
	{"id", func(r *Release) { r.ID = "" }},
	{"id", func(r *Release) { r.ID = "https://ana.example/" }},
	{"id", func(r *Release) { r.ID = strings.ToUpper(r.ID) }},
	{"title", func(r *Release) { r.Title = "" }},
	{"title", func(r *Release) { r.Title = "\x00 \x1b" }},
	{"title", func(r *Release) { r.Title = strings.Repeat("a", maxLine+1) }},
	{"creator", func(r *Release) { r.Creator = strings.Repeat("a", maxLine+1) }},
	{"description", func(r *Release) { r.Description = strings.Repeat("a", maxText+1) }},
	{"language", func(r *Release) { r.Language = `en"` }},
	{"date", func(r *Release) { r.Date = "2026-13" }},
	{"date", func(r *Release) { r.Date = "yesterday" }},
	{"license", func(r *Release) { r.License = "" }},
	{"license", func(r *Release) { r.License = "CC BY 4.0" }},
	{"license", func(r *Release) { r.License = "javascript:alert(1)" }},
	{"source_url", func(r *Release) { r.SourceURL = "file:///etc/passwd" }},
	{"source_url", func(r *Release) { r.SourceURL = "//ana.example/" }},
	{"source_url", func(r *Release) { r.SourceURL = "https:///nowhere" }},
	{"source_url", func(r *Release) { r.SourceURL = "https://ana:pw@ana.example/" }},
	{"source_url", func(r *Release) { r.SourceURL = "https://ana.example/\n" }},
	{"source_url", func(r *Release) { r.SourceURL = "https://ana.example/%zz" }},
	{"source_url", func(r *Release) { r.SourceURL = "https://[::1/" }},
	{"attribution_url", func(r *Release) { r.AttributionURL = "mailto:ana@ana.example" }},
	{"published", func(r *Release) { r.Published = time.Time{} }},
	{"links", func(r *Release) { r.Links = make([]Link, maxList+1) }},
	{"links[0].rel", func(r *Release) { r.Links[0].Rel = `x" onclick="` }},
	{"links[1].url", func(r *Release) { r.Links[1].URL = "javascript:alert(1)" }},
	{"links[1].title", func(r *Release) { r.Links[1].Title = strings.Repeat("a", maxLine+1) }},
	{"tags", func(r *Release) { r.Tags = make([]string, maxList+1) }},
	{"tags[1]", func(r *Release) { r.Tags[1] = strings.Repeat("a", maxLine+1) }},
	{"files", func(r *Release) { r.Files = nil }},
	{"files[0].path", func(r *Release) { r.Files[0].Path = "" }},
	{"files[0].path", func(r *Release) { r.Files[0].Path = "/etc/passwd" }},
	{"files[0].path", func(r *Release) { r.Files[0].Path = "../up.mp3" }},
	{"files[0].path", func(r *Release) { r.Files[0].Path = "a/../../up.mp3" }},
	{"files[0].path", func(r *Release) { r.Files[0].Path = "a/./b.mp3" }},
	{"files[0].path", func(r *Release) { r.Files[0].Path = "a//b.mp3" }},
	{"files[0].path", func(r *Release) { r.Files[0].Path = "a/" }},
	{"files[0].path", func(r *Release) { r.Files[0].Path = `a\b.mp3` }},
	{"files[0].path", func(r *Release) { r.Files[0].Path = "a\x00.mp3" }},
	{"files[0].path", func(r *Release) { r.Files[0].Path = "a\x1b.mp3" }},
	{"files[0].path", func(r *Release) { r.Files[0].Path = strings.Repeat("a", maxName+1) }},
	{"files[0].path", func(r *Release) { r.Files[0].Path = strings.Repeat("a/", maxPath/2) + "a" }},
	{"files[1].path", func(r *Release) { r.Files[1].Path, r.Cover = r.Files[0].Path, "" }},
	{"files[0].path", func(r *Release) { r.Files[0].Path = "LICENSE.txt/x" }},
	{"files[0].size", func(r *Release) { r.Files[0].Size = -1 }},
	{"files[0].sha256", func(r *Release) { r.Files[0].SHA256 = r.Files[0].SHA256[:62] }},
	{"files[0].sha256", func(r *Release) { r.Files[0].SHA256 = strings.ToUpper(r.Files[0].SHA256) }},
	{"files[0].sha256", func(r *Release) { r.Files[0].SHA256 = strings.Repeat("g", 64) }},
	{"files[0].type", func(r *Release) { r.Files[0].Type = "" }},
	{"files[0].type", func(r *Release) { r.Files[0].Type = "audio/mpeg\r\nX: y" }},
	{"files[0].license", func(r *Release) { r.Files[0].License = "data:text/html,x" }},
	{"files[0].title", func(r *Release) { r.Files[0].Title = strings.Repeat("a", maxLine+1) }},
	{"files[0].creator", func(r *Release) { r.Files[0].Creator = strings.Repeat("a", maxLine+1) }},
	{"files[0].stamp", func(r *Release) { r.Files[0].Stamp = make([]string, maxList+1) }},
	{"files[0].stamp", func(r *Release) { r.Files[0].Stamp = []string{strings.Repeat("a", maxLine+1)} }},
	{"cover", func(r *Release) { r.Cover = "elsewhere.jpg" }},
	{"torrent.file", func(r *Release) { r.Torrent.File = "../x.torrent" }},
	{"torrent.file", func(r *Release) { r.Torrent.File = "/x.torrent" }},
	{"torrent.file", func(r *Release) { r.Torrent.File = "release.json" }},
	{"torrent.size", func(r *Release) { r.Torrent.Size = 0 }},
	{"torrent.name", func(r *Release) { r.Torrent.Name = ".." }},
	{"torrent.name", func(r *Release) { r.Torrent.Name = "a/b" }},
	{"torrent.name", func(r *Release) { r.Torrent.Name = `a\b` }},
	{"torrent.name", func(r *Release) { r.Torrent.Name = "" }},
	{"torrent.length", func(r *Release) { r.Torrent.Length = 10 }},
	{"torrent.length", func(r *Release) { r.Files[0].Size, r.Files[1].Size = 1<<62, 1<<62 }},
	{"torrent.piece_length", func(r *Release) { r.Torrent.PieceLength = 0 }},
	{"torrent.piece_length", func(r *Release) { r.Torrent.PieceLength = 16<<10 + 1 }},
	{"torrent.piece_length", func(r *Release) { r.Torrent.PieceLength = 8 << 10 }},
	{"torrent.infohash_v1", func(r *Release) { r.Torrent.InfohashV1 = r.Torrent.InfohashV1[1:] }},
	{"torrent.infohash_v1", func(r *Release) { r.Torrent.InfohashV1 = strings.ToUpper(r.Torrent.InfohashV1) }},
	{"torrent.infohash_v2", func(r *Release) { r.Torrent.InfohashV2 = "" }},
	{"torrent.magnet", func(r *Release) { r.Torrent.Magnet = "" }},
	{"torrent.magnet", func(r *Release) { r.Torrent.Magnet = "https://ana.example/?xt=urn:btih:" + r.Torrent.InfohashV1 }},
	{"torrent.magnet", func(r *Release) { r.Torrent.Magnet += "&xt=urn:btih:" + strings.Repeat("0", 40) }},
	{"torrent.magnet", func(r *Release) { r.Torrent.Magnet = "magnet:?xt=urn:btih:" + strings.Repeat("0", 40) }},
	{"torrent.magnet", func(r *Release) { r.Torrent.Magnet += "&dn=\x00" }},
	{"torrent.magnet", func(r *Release) { r.Torrent.Magnet += "&dn=" + strings.Repeat("a", maxText) }},
	{"torrent.trackers", func(r *Release) { r.Torrent.Trackers = make([]string, maxList+1) }},
	{"torrent.trackers[1]", func(r *Release) { r.Torrent.Trackers[1] = "file:///x" }},
	{"torrent.web_seeds", func(r *Release) { r.Torrent.WebSeeds = make([]string, maxList+1) }},
	{"torrent.web_seeds[0]", func(r *Release) { r.Torrent.WebSeeds[0] = "ftp://ana.example/" }},
}

func TestHostileRecordsAreNeitherReadNorWritten(t *testing.T) {
	for i, test := range hostile {
		r := sampleRelease(1)
		test.set(&r)
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{"ReadRelease": second(ReadRelease(raw)), "Marshal": second(r.Marshal())} {
			var invalid *InvalidError
			if !errors.As(err, &invalid) || invalid.Field != test.field {
				t.Errorf("%d: %s: got %v, want an InvalidError about %s", i, what, err, test.field)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestHarmlessRecordsAreRead(t *testing.T) {
	for i, set := range []func(*Release){
		func(r *Release) { r.Creator, r.Description, r.Language, r.Date, r.Cover = "", "", "", "", "" },
		func(r *Release) { r.Links, r.Tags, r.SourceURL, r.AttributionURL = nil, nil, "", "" },
		func(r *Release) { r.Torrent.Trackers, r.Torrent.WebSeeds = nil, nil },
		func(r *Release) { r.Files[0].Path = "disc 1/Teil 1: Flut & “Ebbe” #?.mp3" },
		func(r *Release) { r.Files[0].Path = "海/潮.mp3" },
		func(r *Release) { r.Files[0].Path = "...mp3" },
		func(r *Release) { r.Files[0].Size = 0 },
		func(r *Release) { r.Files[0].Type = "text/plain; charset=utf-8" },
		func(r *Release) { r.Date = "2026-02-28" },
		func(r *Release) { r.License = "https://license.example/unheard-of" },
		func(r *Release) {
			r.Torrent.Magnet = "magnet:?dn=x&xt=urn:btih:" + strings.ToUpper(r.Torrent.InfohashV1)
		},
	} {
		r := sampleRelease(1)
		set(&r)
		data, err := r.Marshal()
		if err != nil {
			t.Errorf("%d: Marshal: %v", i, err)
			continue
		}
		if _, err := ReadRelease(data); err != nil {
			t.Errorf("%d: ReadRelease: %v", i, err)
		}
	}
}

func TestNotice(t *testing.T) {
	n, err := sampleRelease(1).Notice("https://ana.example/p/")
	if err != nil {
		t.Fatal(err)
	}
	if n.License.URL != bySA || n.Title != "Low Tide <1> & Wind" || n.Creator != "Ana Ruiz" || n.Year != 2026 ||
		n.SourceURL == "" || n.AttributionURL == "" || n.PageURL != "https://ana.example/p/" {
		t.Errorf("got %+v", n)
	}
	r := sampleRelease(1)
	r.Date, r.License = "", "https://license.example/unheard-of"
	if r.year() != 0 {
		t.Error("a release without a date has a year")
	}
	if _, err := r.Notice(""); err == nil {
		t.Error("a licence outside the catalogue gave a notice")
	}
}

func FuzzReadRelease(f *testing.F) {
	full, err := sampleRelease(1).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Add([]byte(`{"format": 1}`))
	f.Add(bytes.Replace(full, []byte("Low Tide"), []byte(`\ud800\u0000\u001b`), 1))
	f.Add(bytes.Replace(full, []byte("2026-05-01T13:00:00Z"), []byte("2026-05-01T13:00:00.5+02:00"), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ReadRelease(data)
		if err != nil {
			return
		}
		again, err := r.Marshal()
		if err != nil {
			t.Fatalf("read, but not to be written: %v", err)
		}
		r2, err := ReadRelease(again)
		if err != nil {
			t.Fatalf("written, but not to be read: %v", err)
		}
		if !reflect.DeepEqual(r, r2) {
			t.Fatalf("changed by writing:\n%+v\n%+v", r, r2)
		}
		for _, file := range r.Files {
			if strings.Contains("/"+file.Path+"/", "/../") || strings.HasPrefix(file.Path, "/") {
				t.Fatalf("unsafe path %q", file.Path)
			}
		}
	})
}

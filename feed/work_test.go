package feed

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func work(t *testing.T, r Release, base string) (map[string]any, string) {
	t.Helper()
	data, err := CreativeWork(r, base)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return doc, string(data)
}

func TestCreativeWorkOfAPage(t *testing.T) {
	r := sampleRelease(1)
	doc, text := work(t, r, base)
	files := base + "low-tide-1/files/Ana%20Ruiz%20-%20Low%20Tide%20%231/"
	for key, want := range map[string]any{
		"@context":           "https://schema.org",
		"@type":              "AudioObject",
		"identifier":         r.ID,
		"name":               r.Title,
		"url":                base + "low-tide-1/",
		"license":            bySA,
		"acquireLicensePage": base + "low-tide-1/",
		"datePublished":      "2026-04",
		"copyrightYear":      2026.0,
		"inLanguage":         "en",
		"contentUrl":         files + "01%20Low%20Tide%3F.mp3",
		"encodingFormat":     "audio/mpeg",
		"contentSize":        "5000000 B",
		"sha256":             r.Files[0].SHA256,
		"thumbnailUrl":       files + "Cover.jpg",
	} {
		if doc[key] != want {
			t.Errorf("%s: got %v, want %v", key, doc[key], want)
		}
	}
	mustContain(t, doc["creditText"].(string), "CC BY-SA 4.0", "Ana Ruiz")
	mustContain(t, text, `"DonateAction"`, `"BuyAction"`, `"application/x-bittorrent"`, r.Torrent.File, r.SourceURL)
	if strings.ContainsAny(text, "<>&") {
		t.Error("could end the script element it stands in")
	}
	cover := doc["associatedMedia"].([]any)[1].(map[string]any)
	if cover["@type"] != "ImageObject" || cover["license"] != by || cover["creator"].(map[string]any)["name"] != "Bo Li" {
		t.Errorf("cover %v", cover)
	}
	mustContain(t, cover["creditText"].(string), "Bo Li", "CC BY 4.0")
}

func TestMetadataDependsOnTheWorkAlone(t *testing.T) {
	r := sampleRelease(1)
	doc, text := work(t, r, "")
	other := r
	other.ID, other.Slug, other.Published = "urn:uuid:x", "other", time.Now()
	other.Torrent = Torrent{}
	if _, again := work(t, other, ""); again != text {
		t.Errorf("metadata.json depends on the release:\n%s\n%s", text, again)
	}
	for _, key := range []string{"url", "identifier", "encoding"} {
		if _, ok := doc[key]; ok {
			t.Errorf("metadata.json has %s", key)
		}
	}
	if doc["contentUrl"] != "01%20Low%20Tide%3F.mp3" || doc["thumbnailUrl"] != "Cover.jpg" {
		t.Errorf("files %v, %v: not relative to metadata.json", doc["contentUrl"], doc["thumbnailUrl"])
	}
	if doc["acquireLicensePage"] != bySA {
		t.Errorf("acquireLicensePage %v, want the licence where there is no page", doc["acquireLicensePage"])
	}
	r.Files = append(r.Files, File{Path: "notes.txt.license", Type: "text/plain"})
	if _, again := work(t, r, ""); again != text {
		t.Error("metadata.json lists files that are no media")
	}
}

func TestCreativeWorkLeavesOutWhatIsNotGiven(t *testing.T) {
	r := Release{Title: "Tide", License: bySA, Files: []File{{Path: "a.mp3", Type: "audio/mpeg"}}}
	doc, _ := work(t, r, "")
	for _, key := range []string{"creator", "datePublished", "copyrightYear", "description", "inLanguage", "keywords", "thumbnailUrl", "isBasedOn", "potentialAction"} {
		if v, ok := doc[key]; ok {
			t.Errorf("%s is %v", key, v)
		}
	}
	r.License, r.Date = zero, "2026"
	if doc, _ := work(t, r, ""); doc["copyrightYear"] != nil || doc["datePublished"] != "2026" {
		t.Errorf("public domain: copyrightYear %v, datePublished %v", doc["copyrightYear"], doc["datePublished"])
	}
	r.License = "https://license.example/unheard-of"
	if _, err := CreativeWork(r, ""); err == nil {
		t.Error("unknown licence: no error")
	}
}

func TestCreativeWorkType(t *testing.T) {
	mp3 := File{Path: "a.mp3", Type: "audio/mpeg", License: bySA}
	mp3b := File{Path: "b.mp3", Type: "audio/mpeg", License: bySA}
	jpg := File{Path: "a.jpg", Type: "image/jpeg", License: bySA}
	cover := File{Path: "cover.jpg", Type: "image/jpeg", License: bySA}
	mp4 := File{Path: "a.mp4", Type: "video/mp4", License: bySA}
	pdf := File{Path: "a.pdf", Type: "application/pdf", License: bySA}
	zip := File{Path: "a.zip", Type: "application/zip", License: bySA}
	for i, test := range []struct {
		files    []File
		want     string
		list     string // the property that lists the files
		children []string
	}{
		{[]File{mp3}, "AudioObject", "", nil},
		{[]File{mp3, cover}, "AudioObject", "associatedMedia", []string{"AudioObject", "ImageObject"}},
		{[]File{mp3, mp3b}, "CreativeWork", "hasPart", []string{"AudioObject", "AudioObject"}},
		{[]File{mp4, pdf}, "VideoObject", "associatedMedia", []string{"VideoObject", "MediaObject"}},
		{[]File{cover}, "ImageObject", "", nil},
		{[]File{jpg, cover}, "ImageObject", "associatedMedia", []string{"ImageObject", "ImageObject"}},
		{[]File{jpg, {Path: "b.png", Type: "image/png", License: bySA}}, "ImageGallery", "associatedMedia", []string{"ImageObject", "ImageObject"}},
		{[]File{pdf}, "DigitalDocument", "associatedMedia", []string{"MediaObject"}},
		{[]File{zip}, "CreativeWork", "associatedMedia", []string{"MediaObject"}},
		{nil, "CreativeWork", "", nil},
	} {
		doc, _ := work(t, Release{Title: "T", License: bySA, Cover: "cover.jpg", Files: test.files}, "")
		if doc["@type"] != test.want {
			t.Errorf("%d: %v, want %s", i, doc["@type"], test.want)
		}
		var children []string
		for _, list := range []string{"associatedMedia", "hasPart"} {
			files, _ := doc[list].([]any)
			if len(files) > 0 && list != test.list {
				t.Errorf("%d: has %s", i, list)
			}
			for _, f := range files {
				children = append(children, f.(map[string]any)["@type"].(string))
			}
		}
		if !slices.Equal(children, test.children) {
			t.Errorf("%d: files are %q, want %q", i, children, test.children)
		}
		if _, ok := doc["contentUrl"]; ok != strings.HasSuffix(test.want, "Object") {
			t.Errorf("%d: contentUrl on a %s: %v", i, test.want, ok)
		}
	}
}

// The properties used, by the type that schema.org 30.0 gives them to. Each
// type has those of the types above it as well.
var vocabulary = map[string]string{
	"Thing":        "identifier name description url potentialAction target",
	"CreativeWork": "creator datePublished inLanguage keywords thumbnailUrl license acquireLicensePage creditText copyrightNotice copyrightYear isBasedOn encodingFormat encoding associatedMedia hasPart",
	"MediaObject":  "contentUrl contentSize sha256",
}

var superTypes = map[string][]string{
	"AudioObject": {"MediaObject", "CreativeWork", "Thing"}, "VideoObject": {"MediaObject", "CreativeWork", "Thing"},
	"ImageObject": {"MediaObject", "CreativeWork", "Thing"}, "MediaObject": {"MediaObject", "CreativeWork", "Thing"},
	"ImageGallery": {"CreativeWork", "Thing"}, "DigitalDocument": {"CreativeWork", "Thing"}, "CreativeWork": {"CreativeWork", "Thing"},
	"Person": {"Thing"}, "DonateAction": {"Thing"}, "BuyAction": {"Thing"},
}

func TestCreativeWorkKeepsToTheVocabulary(t *testing.T) {
	var check func(v any)
	check = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				check(e)
			}
		case map[string]any:
			name, _ := v["@type"].(string)
			var known []string
			for _, super := range superTypes[name] {
				known = append(known, strings.Fields(vocabulary[super])...)
			}
			for key, value := range v {
				if !strings.HasPrefix(key, "@") && !slices.Contains(known, key) {
					t.Errorf("%s has no property %s", name, key)
				}
				check(value)
			}
		}
	}
	track := File{Path: "02.mp3", Type: "audio/mpeg", License: bySA}
	for _, files := range [][]File{
		sampleRelease(1).Files,
		append([]File{track}, sampleRelease(1).Files...),
		{{Path: "a.pdf", Type: "application/pdf", License: bySA}},
		{{Path: "a.jpg", Type: "image/jpeg", License: bySA}, {Path: "b.jpg", Type: "image/jpeg", License: bySA}},
	} {
		r := sampleRelease(1)
		r.Files, r.Cover = files, ""
		for _, base := range []string{"", base, "../"} {
			doc, _ := work(t, r, base)
			check(doc)
		}
	}
}

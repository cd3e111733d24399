package stamp

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"commonseed/internal/peers"
)

func init() {
	mkv, webm := mkvStamper{}, mkvStamper{webm: true}
	samples = append(samples,
		sample{file: "video-plain.mkv", stamper: mkv, keeps: []string{"Marea baja", "ARTIST", "Ana Ruiz"}},
		sample{file: "video-cues-first.mkv", stamper: mkv},
		sample{file: "video-clusters.mkv", stamper: mkv},
		sample{file: "video-merged.mkv", stamper: mkv, keeps: []string{title, "SORT_WITH", "Ebb", "Low tide", "image-plain.png", "BPS"}},
		sample{file: "audio/sound.mka", stamper: mkv},
		sample{file: "video-plain.webm", stamper: webm},
		sample{file: "video-merged.webm", stamper: webm},
	)
	for format, file := range map[string]string{"mkv": "video-merged.mkv", "webm": "video-plain.webm"} {
		for place, shows := range map[string]string{placeMKVLicense: licenceURL, placeMKVCopyright: rightsText, placeMKVTerms: termsText, placeMKVURL: pageText} {
			readings = append(readings,
				reading{format, place, "mkvextract", file, []string{"mkvextract", "{}", "tags", "-"}, shows},
				reading{format, place, "mkvinfo", file, []string{"mkvinfo", "-a", "{}"}, shows},
				reading{format, place, "ffprobe", file, []string{"ffprobe", "-v", "error", "-show_entries", "format_tags", "{}"}, shows},
				reading{format, place, "mediainfo", file, []string{"mediainfo", "{}"}, shows},
				reading{format, place, "exiftool", file, []string{"exiftool", "-ee", "-a", "-s", "{}"}, shows})
		}
		checkers[format] = []checker{
			{run: []string{"mkvinfo", "-v", "-v", "-a", "{}"}, fault: `(?i)\b(error|warning|unknown element|invalid)\b`},
			{run: []string{"ffmpeg", "-v", "warning", "-i", "{}", "-f", "null", "-"}, fault: "."},
			{run: []string{"exiftool", "-warning", "-error", "{}"}, fault: "."},
		}
	}
}

// topOf finds the first element of an id in the segment of a file.
func topOf(t testing.TB, data []byte, id uint32) ebmlElement {
	t.Helper()
	found := openMKV(t, data).find(id)
	if len(found) == 0 {
		t.Fatalf("no element %X", id)
	}
	return found[0]
}

func openMKV(t testing.TB, data []byte) *mkvFile {
	t.Helper()
	m, err := mkvStamper{}.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return m.(*mkvFile)
}

// withoutIndex turns the index of a file, and its voids, into voids of so many
// bytes each.
func withoutIndex(t testing.TB, file string, each int64) []byte {
	data := readSample(t, file)
	for _, e := range openMKV(t, data).top {
		if e.id != mkvSeekHead && e.id != ebmlVoid {
			continue
		}
		for off := e.off; off < e.end; {
			n := each
			if e.end-off < each+2 {
				n = e.end - off
			}
			copy(data[off:], voidEBML(n))
			off += n
		}
	}
	return data
}

// TestMKVIndexes stamps files whose index leads to tags, does not, has no room, or
// is not there. There and back is the same, and the index is right if there is one.
func TestMKVIndexes(t *testing.T) {
	narrow := readSample(t, "video-merged.mkv") // an entry too narrow for where the tags are
	seek := topOf(t, narrow, mkvSeekHead)
	entries := newEBML(mkvSeek, newEBML(mkvSeekID, ebmlID(mkvTags)), newEBML(mkvSeekPosition, []byte{1}))
	for name, c := range map[string]struct {
		data  []byte
		index bool
	}{
		"index with tags":     {readSample(t, "video-plain.mkv"), true},
		"index without":       {readSample(t, "video-merged.webm"), true},
		"no index, room":      {withoutIndex(t, "video-plain.mkv", 60), true},
		"no index, exactly":   {withoutIndex(t, "video-merged.webm", 26), true},
		"no index, tags left": {withoutIndex(t, "video-plain.mkv", 20), true},
		"no index, no room":   {withoutIndex(t, "video-merged.webm", 20), false},
		"narrow entry":        {slices.Concat(narrow[:seek.off], newEBML(mkvSeekHead, entries), voidEBML(seek.end-seek.off-int64(len(newEBML(mkvSeekHead, entries)))), narrow[seek.end:]), true},
	} {
		a, _ := stampBytes(t, c.data, fullNotice(byA), false)
		b, _ := stampBytes(t, a, fullNotice(byB), true)
		if back, _ := stampBytes(t, b, fullNotice(byA), true); !bytes.Equal(back, a) {
			t.Errorf("%s: there and back gives other bytes", name)
		}
		tags := topOf(t, a, mkvTags)
		f := openMKV(t, a)
		if tags.end != int64(len(a)) || len(f.find(mkvTags)) != 1 {
			t.Errorf("%s: tags are not the last", name)
		}
		var leads []uint64
		for _, head := range f.find(mkvSeekHead) {
			data, err := f.load(head, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			leads = append(leads, tagPositions(t, data)...)
		}
		want := []uint64{uint64(tags.off - f.segment.body)}
		if !c.index {
			want = nil
		}
		if !slices.Equal(leads, want) {
			t.Errorf("%s: the index leads to %v, tags are at %v", name, leads, want)
		}
	}
}

// tagPositions are where an index says that tags are.
func tagPositions(t testing.TB, head ebmlData) []uint64 {
	var at []uint64
	entries, err := head.children()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		fields, err := e.children()
		if e.id == mkvSeek && err == nil && len(fields) == 2 && fields[0].uint() == mkvTags {
			at = append(at, fields[1].uint())
		}
		if e.id == ebmlCRC && !bytes.Equal(head.contents(), withCRC(slices.Clone(head.contents()[6:]))) {
			t.Error("the checksum of the index is wrong")
		}
	}
	return at
}

func TestMKVRefusals(t *testing.T) {
	plain := readSample(t, "video-plain.mkv")
	f := openMKV(t, plain)
	segment := func(size []byte) []byte {
		return slices.Concat(plain[:f.segment.off+4], size, plain[f.segment.body:])
	}
	open := segment([]byte("\x01\xff\xff\xff\xff\xff\xff\xff"))
	cluster := bytes.Clone(plain)
	id := bytes.Index(cluster, ebmlID(mkvCluster))
	copy(cluster[id+4:], "\x01\xff\xff\xff\xff\xff\xff\xff"[8-sizeWidth(cluster[id+4]):])
	if sizeWidth(cluster[id+4]) < 8 {
		cluster[id+4] = 0xff >> (sizeWidth(plain[id+4]) - 1)
		for i := 1; i < sizeWidth(plain[id+4]); i++ {
			cluster[id+4+i] = 0xff
		}
	}
	tight := func(n int) []byte { // a file whose segment has a size of two bytes, nearly full
		body := plain[f.segment.body:]
		fill := 1<<14 - 2 - len(body) - n
		body = slices.Concat(body, newEBML(0xEC, make([]byte, fill-3)))
		return slices.Concat(plain[:f.segment.off+4], ebmlSizeOf(int64(len(body)), 2), body)
	}
	for _, c := range []struct {
		name string
		data []byte
		want error // nil: an UnsupportedError
		says string
	}{
		{"a live segment", open, nil, "live stream"},
		{"a live cluster", cluster, nil, "live stream"},
		{"two segments", slices.Concat(plain, plain), nil, "follows its segment"},
		{"no room in the size", tight(100), nil, "no room to grow"},
		{"no segment", plain[:f.segment.off], ErrMalformed, ""},
		{"another root", slices.Concat(plain[:f.segment.off], newEBML(mkvTags)), ErrMalformed, "no segment"},
		{"no media", slices.Concat(plain[:f.segment.off], newEBML(mkvSegment)), ErrMalformed, "no media"},
		{"a checksum of all", slices.Concat(plain[:f.segment.off], newEBML(mkvSegment, withCRC(nil), plain[f.segment.body:])), nil, "checksum over all"},
	} {
		_, err := patchOf(mkvStamper{}, bytes.NewReader(c.data), int64(len(c.data)), fullNotice(byA))
		if c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.As(err, new(*UnsupportedError)) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func sizeWidth(first byte) int {
	width := 1
	for mask := byte(0x80); first&mask == 0; mask >>= 1 {
		width++
	}
	return width
}

// TestMKVStatements reads what mkvmerge was told to write, in each kind of tag.
func TestMKVStatements(t *testing.T) {
	t.Parallel()
	peers.Need(t, "mkvmerge")
	dir := t.TempDir()
	write := func(level, targets, name string) []byte {
		xml := `<Tags><Tag><Targets><TargetTypeValue>` + level + `</TargetTypeValue>` + targets + `</Targets><Simple><Name>` + name +
			`</Name><String>All rights reserved</String></Simple></Tag></Tags>`
		tags, out := filepath.Join(dir, "tags.xml"), filepath.Join(dir, "out.mkv")
		if err := os.WriteFile(tags, []byte(xml), 0o600); err != nil {
			t.Fatal(err)
		}
		peers.Run(t, "mkvmerge", "-q", "-o", out, "--global-tags", tags, "testdata/audio/sound.mka")
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for _, c := range []struct{ level, targets, name, place string }{
		{"50", "", "COPYRIGHT", placeMKVCopyright},
		{"50", "", "COMMENT", "Matroska COMMENT"},
		{"30", "", "LICENSE", "Matroska part LICENSE"},
		{"50", "<TrackUID>7</TrackUID>", "TERMS_OF_USE", "Matroska part TERMS_OF_USE"},
	} {
		data := write(c.level, c.targets, c.name)
		_, err := Prepare(bytes.NewReader(data), int64(len(data)), fullNotice(byA), false)
		var conflict *ConflictError
		if !errors.As(err, &conflict) || conflict.Found.Place != c.place {
			t.Errorf("%s at %s: %v", c.name, c.level, err)
		}
		st, err := Prepare(bytes.NewReader(data), int64(len(data)), fullNotice(byA), true)
		if err != nil || len(st.Remains) != 0 && c.place == placeMKVCopyright {
			t.Errorf("%s: relicensing: %+v, %v", c.name, st, err)
		}
	}
}

// TestMKVSurvivesRemuxing: the licence goes along when ffmpeg or mkvmerge make
// another file of a stamped one.
func TestMKVSurvivesRemuxing(t *testing.T) {
	t.Parallel()
	peers.Need(t, "ffmpeg", "ffprobe", "mkvmerge")
	_, after := inFile(t, "video-merged.mkv", fullNotice(byA))
	again, merged := filepath.Join(t.TempDir(), "again.mkv"), filepath.Join(t.TempDir(), "merged.mkv")
	peers.Run(t, "ffmpeg", "-v", "error", "-i", after, "-map", "0", "-c", "copy", again)
	peers.Run(t, "mkvmerge", "-q", "-o", merged, after)
	for _, path := range []string{again, merged} {
		var got struct {
			Format struct{ Tags map[string]string }
		}
		if err := json.Unmarshal([]byte(peers.Run(t, "ffprobe", "-v", "error", "-of", "json", "-show_entries", "format_tags", path)), &got); err != nil {
			t.Fatal(err)
		}
		if got.Format.Tags["LICENSE"] != licenceURL {
			t.Errorf("%s: %v", filepath.Base(path), got.Format.Tags)
		}
	}
}

// TestMKVHuge stamps 50 GB in clusters of 5 MB, reading headers alone.
func TestMKVHuge(t *testing.T) {
	const clusters, each = 10_000, 5_000_000
	plain := readSample(t, "video-merged.webm")
	f := openMKV(t, plain)
	cues := f.top[len(f.top)-1]
	front := plain[f.segment.body:f.first]
	head := slices.Concat(newEBML(mkvCluster), []byte{})[:4]
	head = append(head, ebmlSizeOf(each-12, 8)...)
	size := int64(len(front)) + clusters*each + cues.end - cues.off
	start := slices.Concat(plain[:f.segment.off+4], ebmlSizeOf(size, 8), front)
	file := &repeating{start: start, head: head, each: each, count: clusters, tail: plain[cues.off:cues.end]}
	spent := allocated(func() {
		p, err := Prepare(file, file.size(), fullNotice(byA), false)
		if err != nil {
			t.Fatal(err)
		}
		if grown := p.Patch.Size() - file.size(); grown > 2000 {
			t.Errorf("grows by %d", grown)
		}
	})
	if spent > 32<<20 || file.read > 2<<20 {
		t.Errorf("allocated %d bytes and read %d", spent, file.read)
	}
}

// repeating is a file of a start, count parts that are zeros but for their heads,
// and a tail.
type repeating struct {
	start, head, tail []byte
	each, count, read int64
}

func (r *repeating) size() int64 { return int64(len(r.start)+len(r.tail)) + r.each*r.count }

func (r *repeating) ReadAt(b []byte, off int64) (int, error) {
	r.read += int64(len(b))
	for i := range b {
		at := off + int64(i)
		switch parts := at - int64(len(r.start)); {
		case parts < 0:
			b[i] = r.start[at]
		case parts >= r.each*r.count:
			b[i] = r.tail[parts-r.each*r.count]
		case parts%r.each < int64(len(r.head)):
			b[i] = r.head[parts%r.each]
		default:
			b[i] = 0
		}
	}
	return len(b), nil
}

func FuzzMKV(f *testing.F) {
	f.Add(withoutIndex(f, "video-plain.mkv", 20))
	f.Add(withoutIndex(f, "video-merged.webm", 26))
	fuzzStamper(f, mkvStamper{})
}

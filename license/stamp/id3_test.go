package stamp

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"commonseed/license"
)

// Tags are built here by hand, byte for byte after the specifications, because no
// program at hand writes all that is found in the wild.

// frame24 builds a frame of ID3v2.4, frame23 of ID3v2.3, frame22 of ID3v2.2.
func frame24(id string, flags uint16, body string) string {
	head := appendSyncsafe([]byte(id), int64(len(body)))
	return string(binary.BigEndian.AppendUint16(head, flags)) + body
}

func frame23(id string, flags uint16, body string) string {
	head := binary.BigEndian.AppendUint32([]byte(id), uint32(len(body)))
	return string(binary.BigEndian.AppendUint16(head, flags)) + body
}

func frame22(id, body string) string {
	n := len(body)
	return id + string([]byte{byte(n >> 16), byte(n >> 8), byte(n)}) + body
}

// tag builds a tag around a body.
func tag(version, flags byte, body string) string {
	return string(appendSyncsafe([]byte{'I', 'D', '3', version, 0, flags}, int64(len(body)))) + body
}

func unsync(s string) string { return string(unsynchronise([]byte(s))) }

func deflated(s string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

// picture has all that unsynchronisation is about: FF E0, FF 00, FF at the end.
const picture = "\x00image/jpeg\x00\x03\x00\xff\xd8\xff\xe0\xff\x00\xff\xff\x00data\xff"

// id3Variant is a file with a tag of some kind, and what must survive in it.
type id3Variant struct {
	tag   string
	keeps []string // as stored
}

func id3Variants() map[string]id3Variant {
	artist23, picture23 := frame23("TPE1", 0, "\x00Ana Ruiz"), frame23("APIC", 0, picture)
	artist24, picture24 := frame24("TPE1", 0, "\x03Ana Ruiz"), frame24("APIC", 0, picture)
	artist22, picture22 := frame22("TP1", "\x00Ana Ruiz"), frame22("PIC", "\x00JPG\x03\x00\xff\xe0\xff\x00z\xff")
	txxx := frame23("TXXX", 0, "\x00MOOD\x00calm")
	packed := frame23("TXXX", 0x0080, "\x00\x00\x00\x11"+deflated("\x00PACKED\x00some text"))
	secret := frame23("TIT3", 0x0040, "\x01\x99\x88\x77")
	packed24 := frame24("TXXX", 0x0009, string(appendSyncsafe(nil, 17))+deflated("\x03PACKED\x00some text"))
	unsynced24 := frame24("APIC", 0x0003, string(appendSyncsafe(nil, int64(len(picture))))+unsync(picture))
	big24 := "APIC\x00\x00\x01\x00\x00\x00" + picture + strings.Repeat("\x00x", 128)[:256-len(picture)]
	return map[string]id3Variant{
		"v2.2":                     {tag(2, 0, artist22+picture22), []string{artist22, picture22}},
		"v2.2 unsync":              {tag(2, 0x80, unsync(artist22+picture22)+"\x00\x00"), []string{unsync(picture22)}},
		"v2.3":                     {tag(3, 0, artist23+picture23+txxx), []string{artist23, picture23, txxx}},
		"v2.3 padding":             {tag(3, 0, artist23+picture23+strings.Repeat("\x00", 300)), []string{artist23, picture23}},
		"v2.3 unsync":              {tag(3, 0x80, unsync(artist23+picture23+txxx)), []string{unsync(picture23 + txxx)}},
		"v2.3 unsync, FF end":      {tag(3, 0x80, unsync(artist23+picture23)), []string{unsync(picture23)}},
		"v2.3 unsync, bare FF end": {tag(3, 0x80, strings.TrimSuffix(unsync(artist23+picture23), "\x00")), []string{strings.TrimSuffix(unsync(picture23), "\x00")}},
		"v2.3 unsync padding":      {tag(3, 0x80, unsync(artist23+picture23)+strings.Repeat("\x00", 99)), []string{artist23}},
		"v2.3 extended":            {tag(3, 0x40, "\x00\x00\x00\x06\x00\x00\x00\x00\x00\x05"+artist23+"\x00\x00\x00\x00\x00"), []string{artist23}},
		"v2.3 extended, sum":       {tag(3, 0x40, "\x00\x00\x00\x0a\x80\x00\x00\x00\x00\x00\x01\x02\x03\x04"+artist23), []string{artist23}},
		"v2.3 opaque":              {tag(3, 0x20, artist23+packed+secret), []string{artist23 + packed + secret}},
		"v2.3 old names":           {tag(3, 0, frame23("TT2 ", 0, "\x00x")+frame23("CM1\x00", 0, "\x00y")), []string{"TT2 ", "CM1\x00"}},
		"v2.3 empty frame":         {tag(3, 0, frame23("TIT2", 0, "")+artist23), []string{frame23("TIT2", 0, "") + artist23}},
		"v2.3 no frames":           {tag(3, 0, ""), nil},
		"v2.4":                     {tag(4, 0, artist24+picture24), []string{artist24 + picture24}},
		"v2.4 footer":              {footed(tag(4, 0x10, artist24)), []string{artist24}},
		"v2.4 extended":            {tag(4, 0x40, "\x00\x00\x00\x0c\x01\x20\x05\x01\x02\x03\x04\x05"+artist24), []string{artist24}},
		"v2.4 unsync frame":        {tag(4, 0, artist24+unsynced24), []string{artist24 + unsynced24}},
		"v2.4 unsync tag":          {tag(4, 0x80, artist24+unsynced24), []string{artist24 + unsynced24}},
		"v2.4 opaque":              {tag(4, 0, packed24+artist24), []string{packed24 + artist24}},
		"v2.4 plain sizes":         {tag(4, 0, big24+artist24), []string{picture, artist24}},
		"v2.4 large":               {tag(4, 0, frame24("APIC", 0, picture+strings.Repeat("y", 200_000))), []string{strings.Repeat("y", 200_000)}},
	}
}

// footed puts a footer behind a tag of ID3v2.4.
func footed(tag string) string { return tag + "3DI" + tag[3:10] }

func TestID3Variants(t *testing.T) {
	audio := readSample(t, "audio/vbr.mp3")
	for name, v := range id3Variants() {
		t.Run(name, func(t *testing.T) {
			data := append([]byte(v.tag), audio...)
			for _, n := range []license.Notice{fullNotice(byA), notices["fullwidth"], notices["bare"]} {
				out, _ := stampBytes(t, data, n, false)
				if out[3] != v.tag[3] {
					t.Errorf("ID3v2.%d became 2.%d", v.tag[3], out[3])
				}
				for _, kept := range v.keeps {
					if !bytes.Contains(data, []byte(kept)) || !bytes.Contains(out, []byte(kept)) {
						t.Errorf("%q was not there, or did not survive", kept)
					}
				}
				if again, _ := stampBytes(t, out, n, false); !bytes.Equal(again, out) {
					t.Error("stamping again gives other bytes")
				}
			}
			conformRelicense(t, sample{stamper: mp3Stamper{}}, data)
			conformConflict(t, data)
			if !bytes.HasSuffix(mediaOf(t, mp3Stamper{}, data), audio) {
				t.Error("the essence is not the audio")
			}
		})
	}
}

// TestID3Frames pins down the bytes of what we write.
func TestID3Frames(t *testing.T) {
	n := license.Notice{License: byA, Title: "Tide", Creator: "Ana", Year: 2026, PageURL: "https://example.org/ñ"}
	utf16 := n
	utf16.Creator = "Ña"
	text := n.Copyright()
	url := "https://creativecommons.org/licenses/by/4.0/"
	page := "https://example.org/%C3%B1"
	for _, c := range []struct {
		name string
		tag  id3Tag
		n    license.Notice
		want string
	}{
		{"v2.2", id3Tag{version: 2}, n,
			frame22("WCP", url) + frame22("WAF", page) + frame22("TXX", "\x00LICENSE\x00"+url) + frame22("TCR", "\x00"+text)},
		{"v2.3", id3Tag{version: 3}, n,
			frame23("WCOP", 0, url) + frame23("WOAF", 0, page) + frame23("TXXX", 0, "\x00LICENSE\x00"+url) + frame23("TCOP", 0, "\x00"+text)},
		{"v2.4", id3Tag{version: 4}, n,
			frame24("WCOP", 0, url) + frame24("WOAF", 0, page) + frame24("TXXX", 0, "\x00LICENSE\x00"+url) + frame24("TCOP", 0, "\x00"+text)},
		{"v2.4 unsync, UTF-8", id3Tag{version: 4, flags: 0x80}, utf16,
			frame24("WCOP", 2, url) + frame24("WOAF", 2, page) + frame24("TXXX", 2, "\x00LICENSE\x00"+url) + frame24("TCOP", 2, "\x03"+utf16.Copyright())},
		{"v2.3 unsync, UTF-16", id3Tag{version: 3, flags: 0x80}, utf16,
			frame23("WCOP", 0, url) + frame23("WOAF", 0, page) + frame23("TXXX", 0, "\x00LICENSE\x00"+url) + unsync(frame23("TCOP", 0, "\x01\xff\xfe"+utf16Of(utf16.Copyright())))},
	} {
		links, line := c.tag.noticeFrames(c.n)
		if got := string(links) + string(line); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
	if !strings.HasPrefix(text, "2026 ") { // ID3v2.4 §4.2.1
		t.Errorf("TCOP %q does not begin with the year", text)
	}
}

// TestID3Replaces gives a tag with rights of its own, which a stamp replaces, and
// fields that look alike, which stay.
func TestID3Replaces(t *testing.T) {
	keep := frame23("TXXX", 0, "\x00LICENSE NOTE\x00ask") + frame23("COMM", 0, "\x00eng\x00calm sea") + frame23("WOAR", 0, "https://ana.example.org/")
	old := frame23("WCOP", 0, byA.URL) + frame23("TXXX", 0, "\x00license\x00"+byA.URL) +
		frame23("TCOP", 0, "\x00© 2020 Ana") + frame23("TXXX", 0, "\x01\xff\xfe"+utf16Of("LICENSE")+"\x00\x00\xff\xfe"+utf16Of(byA.URL)) +
		frame23("TCOP", 0x0080, "\x00\x00\x00\x09"+deflated("\x002019 Ana")) + frame23("WOAF", 0, "https://old.example.org/")
	data := append([]byte(tag(3, 0, old+keep)), readSample(t, "audio/vbr.mp3")...)

	out, _ := stampBytes(t, data, fullNotice(byA), false)
	links, text := (&id3Tag{version: 3}).noticeFrames(fullNotice(byA))
	want := tag(3, 0, string(links)+string(text)+keep+strings.Repeat("\x00", id3Padding))
	if !bytes.HasPrefix(out, []byte(want)) {
		t.Errorf("tag is %q,\nwant %q", out[:len(want)], want)
	}

	noPage := fullNotice(byA)
	noPage.PageURL = ""
	out, stamped := stampBytes(t, data, noPage, false)
	if slices.Contains(stamped.Places, placeWOAF) {
		t.Error("the page that was there passes for ours")
	}
	if !bytes.Contains(out, []byte(frame23("WOAF", 0, "https://old.example.org/"))) {
		t.Error("a notice without a page took the page that was there")
	}
}

// TestID3Statements reads rights from all kinds of frames.
func TestID3Statements(t *testing.T) {
	nc := mustParse("CC BY-NC 4.0")
	for _, c := range []struct {
		place, frame string
		want         license.License
		reserves     bool
	}{
		{"ID3 WCOP", frame24("WCOP", 0, nc.URL+"\x00junk"), nc, false},
		{"ID3 TCOP", frame24("TCOP", 0, "\x032020 Label. All rights reserved."), license.License{}, true},
		{"ID3 TCOP", frame24("TCOP", 0, "\x02"+be16("2020 Ana, "+nc.Label)), nc, false},
		{"ID3 TCOP", frame24("TCOP", 0x0009, string(appendSyncsafe(nil, 30))+deflated("\x032020 Ana, "+nc.Label)), nc, false},
		{"ID3 TCOP", frame24("TCOP", 0x0040, "G\x032020 Ana, "+nc.Label), nc, false},
		{"ID3 TXXX:LICENSE", frame24("TXXX", 0, "\x03License\x00"+nc.URL), nc, false},
		{"ID3 TXXX:URL", frame24("TXXX", 0, "\x01\xff\xfe"+utf16Of("URL")+"\x00\x00\xff\xfe"+utf16Of(nc.URL)), nc, false},
		{"ID3 USER", frame24("USER", 0, "\x00eng"+nc.URL), nc, false},
		{"ID3 COMM", frame24("COMM", 0, "\x03engdesc\x00under "+nc.URL), nc, false},
		{"ID3 WXXX", frame24("WXXX", 0, "\x00licence\x00"+nc.URL), nc, false},
		{"ID3 WOAS", frame24("WOAS", 0, nc.URL), nc, false},
		{"ID3 TPUB", frame24("TPUB", 0, "\x03Label, all rights reserved"), license.License{}, true},
	} {
		data := []byte(tag(4, 0, c.frame))
		st, err := statementsIn(mp3Stamper{}, bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		if len(st) != 1 || st[0].Place != c.place || st[0].License != c.want || st[0].Reserves != c.reserves {
			t.Errorf("%q reads as %+v", c.frame, st)
		}
	}
	xmp, err := xmpMerge(nil, fullNotice(nc))
	if err != nil {
		t.Fatal(err)
	}
	data := []byte(tag(4, 0, frame24("PRIV", 0, "XMP\x00"+string(xmp))))
	if st, err := statementsIn(mp3Stamper{}, bytes.NewReader(data), int64(len(data))); err != nil || !says(st, []string{"XMP cc:license"}, nc) {
		t.Errorf("XMP reads as %+v, %v", st, err)
	}
	silent := frame24("COMM", 0, "\x03eng\x00calm") + frame24("TIT2", 0, "\x03Rights") + frame24("APIC", 0, picture) + frame24("TCOP", 0, "") + frame24("WCOP", 0x0004, "x")
	silent += frame24("PRIV", 0, "XMP") + frame24("PRIV", 0, "other\x00"+string(xmp))
	data = []byte(tag(4, 0, silent))
	if st, err := statementsIn(mp3Stamper{}, bytes.NewReader(data), int64(len(data))); err != nil || len(st) > 0 {
		t.Errorf("reads %+v, %v", st, err)
	}
}

func be16(s string) string {
	b := []byte(utf16Of(s))
	for i := 0; i < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

// TestID3Refuses gives tags that cannot be stamped, or are no tags.
func TestID3Refuses(t *testing.T) {
	unsupported := errors.New("unsupported")
	audio := string(readSample(t, "audio/vbr.mp3"))
	artist := frame24("TPE1", 0, "\x03Ana")
	for _, c := range []struct {
		name, data string
		want       error
	}{
		{"future version", tag(5, 0, artist) + audio, unsupported},
		{"unknown flags", tag(4, 0x01, artist) + audio, unsupported},
		{"compressed v2.2", tag(2, 0x40, artist) + audio, unsupported},
		{"update", tag(4, 0x40, "\x00\x00\x00\x06\x01\x40"+artist) + audio, unsupported},
		{"encrypted TCOP", tag(4, 0, frame24("TCOP", 4, "\x01abc")) + audio, unsupported},
		{"two tags", tag(4, 0, artist) + tag(3, 0, "") + audio, unsupported},
		{"tag at the end", audio + footed(tag(4, 0x10, artist)), unsupported},
		{"size not syncsafe", "ID3\x04\x00\x00\x00\x00\x80\x00" + audio, ErrMalformed},
		{"frame too long", tag(3, 0, frame23("TPE1", 0, "Ana")[:12]) + audio, ErrMalformed},
		{"frame without a name", tag(3, 0, "tpe1\x00\x00\x00\x01\x00\x00x") + audio, ErrMalformed},
		{"data behind the padding", tag(3, 0, "\x00\x00\x00\x00x") + audio, ErrMalformed},
		{"extended header too long", tag(3, 0x40, "\x00\x00\x10\x00") + audio, ErrMalformed},
		{"tag longer than the file", "ID3\x04\x00\x00\x00\x7f\x7f\x7f" + audio, ErrTruncated},
		{"tag alone", tag(4, 0, artist), ErrTruncated},
		{"header alone", "ID3\x04", ErrTruncated},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Prepare(strings.NewReader(c.data), int64(len(c.data)), fullNotice(byA), false)
			var u *UnsupportedError
			if c.want == unsupported && errors.As(err, &u) && u.Format == "mp3" {
				return
			}
			if !errors.Is(err, c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
}

// TestID3Bounds makes sure that a tag cannot make us work without end.
func TestID3Bounds(t *testing.T) {
	many := tag(4, 0, strings.Repeat(frame24("TPE1", 0, ""), maxFrames+1))
	if _, err := readID3(strings.NewReader(many), int64(len(many)), 0); !errors.As(err, new(*UnsupportedError)) {
		t.Errorf("many frames: %v", err)
	}
	bomb := deflated("\x00" + strings.Repeat("All rights reserved. ", 1<<16))
	frame := frame24("TCOP", 0x0009, string(appendSyncsafe(nil, 1<<20))+bomb)
	bombs := tag(4, 0, strings.Repeat(frame, 2*maxInflated))
	st, err := statementsIn(mp3Stamper{}, strings.NewReader(bombs), int64(len(bombs)))
	if err != nil || len(st) != maxInflated {
		t.Errorf("%d statements, %v", len(st), err)
	}
	for _, s := range st {
		if len(s.Text) > maxText {
			t.Fatalf("text of %d bytes", len(s.Text))
		}
	}
}

func TestUnsynchronise(t *testing.T) {
	for plain, want := range map[string]string{
		"":             "",
		"abc":          "abc",
		"\xff\xe0":     "\xff\x00\xe0",
		"\xff\xdf":     "\xff\xdf",
		"\xff\x00":     "\xff\x00\x00",
		"\xff":         "\xff\x00",
		"\xff\xff\xff": "\xff\x00\xff\x00\xff\x00",
	} {
		got := unsync(plain)
		if got != want {
			t.Errorf("%q becomes %q, want %q", plain, got, want)
		}
		if back := string(resynchronise([]byte(got))); back != plain {
			t.Errorf("%q comes back as %q", plain, back)
		}
		in := id3Input{raw: []byte(want + "next"), unsync: true}
		if b, ok := in.take(len(plain)); !ok || string(b) != plain || string(in.raw[in.pos:]) != "next" {
			t.Errorf("take gives %q and leaves %q", b, in.raw[in.pos:])
		}
	}
}

// TestTrailers reads what older tags at the end say, and leaves them there.
func TestTrailers(t *testing.T) {
	audio := string(readSample(t, "audio/vbr.mp3"))
	id3v1 := "TAG" + strings.Repeat("\x00", 94) + fmt.Sprintf("%-30s", "All rights reserved") + "\x0c"
	enhanced := "TAG+" + strings.Repeat("\x00", 223)
	ape := apeTag("Artist", "Ana", "Copyright", "2020 Ana", "License", mustParse("CC BY-NC 4.0").URL)
	lyrics := "LYRICSBEGINla la laLYRICSEND"
	lyrics2 := "LYRICSBEGININD0000200" + "000021LYRICS200"
	for name, c := range map[string]struct {
		tail   string
		places []string
	}{
		"ID3v1":            {id3v1, []string{"ID3v1 comment"}},
		"enhanced":         {enhanced + id3v1, []string{"ID3v1 comment"}},
		"APE":              {ape, []string{"APE Copyright", "APE License"}},
		"APE and ID3v1":    {ape + id3v1, []string{"ID3v1 comment", "APE Copyright", "APE License"}},
		"Lyrics3":          {lyrics, nil},
		"Lyrics3v2, ID3v1": {lyrics2 + id3v1, []string{"ID3v1 comment"}},
	} {
		t.Run(name, func(t *testing.T) {
			data := []byte(audio + c.tail)
			var places []string
			for _, st := range readBack(t, data) {
				places = append(places, st.Place)
			}
			if !slices.Equal(places, c.places) {
				t.Errorf("reads %q, want %q", places, c.places)
			}
			if got := string(mediaOf(t, mp3Stamper{}, data)); got != audio {
				t.Errorf("the audio has %d bytes, not %d", len(got), len(audio))
			}
			out, _ := stampBytes(t, data, fullNotice(byA), true)
			if !bytes.HasSuffix(out, data) {
				t.Error("audio and trailer did not stay")
			}
		})
	}
}

// apeTag builds an APEv2 tag with header and footer.
func apeTag(pairs ...string) string {
	var items []byte
	for i := 0; i < len(pairs); i += 2 {
		items = binary.LittleEndian.AppendUint32(items, uint32(len(pairs[i+1])))
		items = append(items, 0, 0, 0, 0)
		items = append(items, pairs[i]+"\x00"+pairs[i+1]...)
	}
	mark := func(flags uint32) string {
		b := []byte("APETAGEX")
		for _, v := range []uint32{2000, uint32(len(items) + 32), uint32(len(pairs) / 2), flags, 0, 0} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		return string(b)
	}
	return mark(0xa0000000) + string(items) + mark(0x80000000)
}

// TestID3Credential: a content credential inside a tag is not broken in silence.
func TestID3Credential(t *testing.T) {
	tag := &id3Tag{version: 3}
	for name, refused := range map[string]bool{"application/x-c2pa-manifest-store": true, "image/png": false} {
		frame := tag.frame("GEOB", "GEO", []byte("\x00"+name+"\x00a\x00b\x00contents"))
		data := append(appendSyncsafe([]byte("ID3\x03\x00\x00"), int64(len(frame))), frame...)
		data = append(data, readSample(t, "audio/bare.mp3")...)
		_, err := Prepare(bytes.NewReader(data), int64(len(data)), fullNotice(byA), false)
		if errors.As(err, new(*UnsupportedError)) != refused || !refused && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package stamp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

// metaBlock builds a metadata block.
func metaBlock(kind byte, last bool, body string) string {
	return string(flacHeader(kind, int64(len(body)), last)) + body
}

// flacParts takes the sample apart: STREAMINFO, and the audio.
func flacParts(t *testing.T) (info, audio string) {
	data := readSample(t, "audio/bare.flac")
	f, err := readFLAC(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data[8 : 8+34]), string(data[f.frames:])
}

// comments builds a comment list.
func comments(list ...string) string {
	c := vorbisComments{vendor: []byte("maker")}
	for _, s := range list {
		c.comments = append(c.comments, []byte(s))
	}
	return string(c.marshal())
}

// TestFLACBlocks pins down where the comments stand, and that the rest stays.
func TestFLACBlocks(t *testing.T) {
	info, audio := flacParts(t)
	n := fullNotice(byA)
	ours := []string{"LICENSE=" + byA.URL, "COPYRIGHT=" + n.Copyright(), "CONTACT=" + n.PageURL}
	made := vorbisComments{vendor: []byte(vendor)}
	made.set(n)
	fresh := string(made.marshal())
	pad, app := metaBlock(1, false, strings.Repeat("\x00", 40)), metaBlock(2, false, "testdata")
	for _, c := range []struct{ name, before, after string }{
		{"none", metaBlock(0, true, info), metaBlock(0, false, info) + metaBlock(4, true, fresh)},
		{"none, padding last", metaBlock(0, false, info) + app + metaBlock(1, true, "\x00\x00"),
			metaBlock(0, false, info) + metaBlock(4, false, fresh) + app + metaBlock(1, true, "\x00\x00")},
		{"last", metaBlock(0, false, info) + pad + metaBlock(4, true, comments("TITLE=x")),
			metaBlock(0, false, info) + pad + metaBlock(4, true, comments(append([]string{"TITLE=x"}, ours...)...))},
		{"between", metaBlock(0, false, info) + app + metaBlock(4, false, comments("TITLE=x")) + metaBlock(1, true, ""),
			metaBlock(0, false, info) + app + metaBlock(4, false, comments(append([]string{"TITLE=x"}, ours...)...)) + metaBlock(1, true, "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, _ := stampBytes(t, []byte("fLaC"+c.before+audio), n, false)
			if want := "fLaC" + c.after + audio; string(out) != want {
				t.Errorf("blocks are %q,\nwant %q", out[:len(out)-len(audio)], c.after)
			}
		})
	}
}

func TestFLACRefuses(t *testing.T) {
	info, audio := flacParts(t)
	head := "fLaC" + metaBlock(0, true, info)
	list := comments("TITLE=x")
	for _, c := range []struct {
		name, data string
		want       error
	}{
		{"mark alone", "fLaC", ErrTruncated},
		{"no frames", head, ErrTruncated},
		{"a frame's beginning", head + audio[:7], ErrTruncated},
		{"byte missing", head + audio[:len(audio)-1], ErrTruncated},
		{"junk behind", head + audio + "junk", ErrTruncated},
		{"no sync", head + "x" + audio, ErrMalformed},
		{"no STREAMINFO", "fLaC" + metaBlock(4, true, list) + audio, ErrMalformed},
		{"second STREAMINFO", "fLaC" + metaBlock(0, false, info) + metaBlock(0, true, info) + audio, ErrMalformed},
		{"two lists", "fLaC" + metaBlock(0, false, info) + metaBlock(4, false, list) + metaBlock(4, true, list) + audio, ErrMalformed},
		{"invalid block", "fLaC" + metaBlock(0, false, info) + metaBlock(127, true, "") + audio, ErrMalformed},
		{"block too long", "fLaC" + metaBlock(0, false, info) + "\x81\xff\xff\xff" + audio, ErrTruncated},
		{"list too long", "fLaC" + metaBlock(0, false, info) + metaBlock(4, true, list[:12]) + audio, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Prepare(strings.NewReader(c.data), int64(len(c.data)), fullNotice(byA), false)
			if !errors.Is(err, c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
	many := "fLaC" + metaBlock(0, false, info) + strings.Repeat(metaBlock(1, false, ""), maxFLACBlocks) + metaBlock(1, true, "") + audio
	if _, err := statementsIn(flacStamper{}, strings.NewReader(many), int64(len(many))); !errors.As(err, new(*UnsupportedError)) {
		t.Errorf("many blocks: %v", err)
	}
	large := "fLaC" + metaBlock(0, false, info) + metaBlock(4, true, comments("X="+strings.Repeat("x", maxFLACBlock-50))) + audio
	if _, err := patchOf(flacStamper{}, strings.NewReader(large), int64(len(large)), fullNotice(byA)); !errors.As(err, new(*UnsupportedError)) {
		t.Errorf("large comments: %v", err)
	}
}

// TestFLACLastFrame cuts a file where one frame ends: only the count tells.
func TestFLACLastFrame(t *testing.T) {
	info, audio := flacParts(t)
	var starts []int
	for at := range audio {
		if h, ok := parseFLACHead([]byte(audio[at:])); ok && !h.variable && h.number == uint64(len(starts)) {
			starts = append(starts, at)
		}
	}
	if len(starts) < 4 {
		t.Fatalf("frames at %v", starts)
	}
	cut := audio[:starts[3]]
	check := func(info, audio string) error {
		data := "fLaC" + metaBlock(0, true, info) + audio
		_, err := essenceIn(flacStamper{}, strings.NewReader(data), int64(len(data)))
		return err
	}
	if err := check(info, cut); !errors.Is(err, ErrTruncated) {
		t.Errorf("cut between frames: %v", err)
	}
	if err := check(info, audio[starts[1]:]); !errors.Is(err, ErrTruncated) {
		t.Errorf("begins with the second frame: %v", err)
	}
	unknown := []byte(info)
	unknown[13] &= 0xf0
	binary.BigEndian.PutUint32(unknown[14:], 0)
	if err := check(string(unknown), cut); err != nil {
		t.Errorf("cut between frames that nobody counts: %v", err)
	}
	id3v1 := "TAG" + strings.Repeat("\x00", 125)
	if err := check(info, audio+id3v1); err != nil {
		t.Errorf("ID3v1 behind: %v", err)
	}
}

func TestParseFLACHead(t *testing.T) {
	head := func(b ...byte) []byte { return append(b, crc8(b)) }
	for _, c := range []struct {
		data []byte
		want flacHead
	}{
		{head(0xff, 0xf8, 0xc9, 0x18, 0x00), flacHead{false, 0, 4096}},
		{head(0xff, 0xf9, 0x19, 0x18, 0xc2, 0x80), flacHead{true, 128, 192}},
		{head(0xff, 0xf8, 0x59, 0x18, 0x05), flacHead{false, 5, 4608}},
		{head(0xff, 0xf8, 0x69, 0x08, 0x05, 0x0f), flacHead{false, 5, 16}},
		{head(0xff, 0xf8, 0x7c, 0x08, 0x05, 0xff, 0xff, 0x2c), flacHead{false, 5, 65536}},
		{head(0xff, 0xf9, 0x8d, 0x08, 0xfe, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf, 0xac, 0x44), flacHead{true, 1<<36 - 1, 256}},
	} {
		got, ok := parseFLACHead(append(slices.Clone(c.data), 1, 2, 3))
		if !ok || got != c.want {
			t.Errorf("%x: %+v %v, want %+v", c.data, got, ok, c.want)
		}
		for n := range c.data {
			if _, ok := parseFLACHead(c.data[:n:n]); ok {
				t.Errorf("%x: cut header is accepted", c.data[:n])
			}
		}
		bad := slices.Clone(c.data)
		bad[len(bad)-1]++
		if _, ok := parseFLACHead(bad); ok {
			t.Errorf("%x: wrong sum is accepted", bad)
		}
	}
}

// TestSums checks the sums with the values that catalogues of CRCs give for
// "123456789" (CRC-8/SMBUS, CRC-16/UMTS); Ogg's is CRC-32/BZIP2 without the
// inversions, for which 0x89a1897f is known.
func TestSums(t *testing.T) {
	data := []byte("123456789")
	if got := crc8(data); got != 0xf4 {
		t.Errorf("crc8 %#x", got)
	}
	if got := crc16(data); got != 0xfee8 {
		t.Errorf("crc16 %#x", got)
	}
	if got := oggUpdate(0, data); got != 0x89a1897f {
		t.Errorf("ogg %#x", got)
	}
	var slow uint32
	for i := range 100 {
		slow = oggUpdate(slow, []byte{byte(i * 37)})
	}
	fast := make([]byte, 100)
	for i := range fast {
		fast[i] = byte(i * 37)
	}
	if got := oggUpdate(0, fast); got != slow {
		t.Errorf("ogg, eight at once: %#x, want %#x", got, slow)
	}
}

// TestVorbisComments pins down what is replaced, and what only looks alike.
func TestVorbisComments(t *testing.T) {
	n := fullNotice(byA)
	list := comments("title=x", "license=old", "LICENSE=older", "NOTE=LICENSE=", "=", "", "nothing", "Copyright=2019", "CONTACT=ana@example.org", "ARTIST=y", "LICENSEE=z") + "\x01trailing"
	c, err := parseVorbisComments([]byte(list))
	if err != nil {
		t.Fatal(err)
	}
	c.set(n)
	want := comments("title=x", "NOTE=LICENSE=", "=", "", "nothing", "ARTIST=y", "LICENSEE=z",
		"LICENSE="+byA.URL, "COPYRIGHT="+n.Copyright(), "CONTACT="+n.PageURL) + "\x01trailing"
	if got := string(c.marshal()); got != want {
		t.Errorf("list is %q,\nwant %q", got, want)
	}
	n.PageURL = ""
	c, _ = parseVorbisComments([]byte(list))
	c.set(n)
	if got := string(c.marshal()); !strings.Contains(got, "CONTACT=ana@example.org") {
		t.Error("a notice without a page took the contact that was there")
	}
}

func TestVorbisStatements(t *testing.T) {
	nc := mustParse("CC BY-NC 4.0")
	c, err := parseVorbisComments([]byte(comments("TITLE=Rights", "license="+nc.URL, "COPYRIGHT=2020 Label. All rights reserved",
		"Description=under "+nc.Label, "METADATA_BLOCK_PICTURE="+nc.URL, "CONTACT=ana@example.org", "LICENSE=ask me", "LICENSE=")))
	if err != nil {
		t.Fatal(err)
	}
	want := []Statement{
		{"Vorbis LICENSE", nc.URL, nc, false},
		{Place: "Vorbis COPYRIGHT", Text: "2020 Label. All rights reserved", Reserves: true},
		{Place: "Vorbis DESCRIPTION", Text: "under " + nc.Label, License: nc},
		{Place: "Vorbis CONTACT", Text: "ana@example.org"},
		{Place: "Vorbis LICENSE", Text: "ask me"},
	}
	if got := c.statements(); !slices.Equal(got, want) {
		t.Errorf("reads %+v,\nwant %+v", got, want)
	}
}

func TestVorbisCommentsMalformed(t *testing.T) {
	good := comments("TITLE=x", "ARTIST=y")
	for n := range len(good) {
		if _, err := parseVorbisComments([]byte(good[:n])); !errors.Is(err, ErrMalformed) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
	for _, bad := range []string{
		"\xff\xff\xff\xff", "\x00\x00\x00\x00\xff\xff\xff\xff", "\x00\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\x7f",
	} {
		if _, err := parseVorbisComments([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

package stamp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"commonseed/license"
)

// sample is a file that a Stamper must get right. Every Stamper has some.
type sample struct {
	file    string                        // under testdata
	stamper Stamper                       // that Detect must find
	keeps   []string                      // bytes of existing tags that must survive
	whole   func(data []byte, n int) bool // true if the first n bytes are a whole file for all one can know; nil: never

	noFFmpeg string // why ffmpeg has nothing to say about it
}

// title is what the tags of the audio samples call them.
const title = "Marea baja · 潮"

var samples = []sample{
	{file: "audio/bare.mp3", stamper: mp3Stamper{}, whole: frameEnds},
	{file: "audio/mpeg2.mp3", stamper: mp3Stamper{}, whole: frameEnds},
	{file: "audio/mpeg25.mp3", stamper: mp3Stamper{}, whole: frameEnds},
	{file: "audio/layer2.mp3", stamper: mp3Stamper{}, whole: frameEnds},
	{file: "audio/vbr.mp3", stamper: mp3Stamper{}},
	{file: "audio/lame.mp3", stamper: mp3Stamper{}, keeps: []string{utf16Of(title), "TPE1", "APIC", jpegStart}},
	{file: "audio/id3v24.mp3", stamper: mp3Stamper{}, keeps: []string{title, "Ana Ruiz", "Recorded in Lima", "APIC", jpegStart}, whole: withoutID3v1},
	{file: "audio/bare.flac", stamper: flacStamper{}},
	{file: "audio/streamed.flac", stamper: flacStamper{}, whole: flacFrameEnds},
	{file: "audio/tagged.flac", stamper: flacStamper{}, keeps: []string{"TITLE=" + title, "ARTIST=Ana Ruiz", "ARTIST=Second Artist", "license_note=none yet", jpegStart}},
	{file: "audio/vorbis.ogg", stamper: oggStamper{}, keeps: []string{title, "Recorded in Lima"}},
	{file: "audio/opus.opus", stamper: oggStamper{opus: true}, keeps: []string{title, "METADATA_BLOCK_PICTURE="}},
	{file: "image-plain.jpg", stamper: jpegStamper{}},
	{file: "image-cmyk.jpg", stamper: jpegStamper{}, keeps: []string{"Adobe\x00"}},
	{file: "image-exif.jpg", stamper: jpegStamper{}, keeps: []string{"Exif\x00", "2020 Somebody"}},
	{file: "image-xmp.jpg", stamper: jpegStamper{}, keeps: []string{"A title of old", "<xmp:Rating>4</xmp:Rating>", "Photoshop 3.0", "hello"}},
	{file: "image-multi.jpg", stamper: jpegStamper{}, keeps: []string{"MPF\x00MM"}},
	{file: "image-plain.png", stamper: pngStamper{}},
	{file: "image-palette.png", stamper: pngStamper{}, keeps: []string{"tRNS", "PLTE"}},
	{file: "image-animated.png", stamper: pngStamper{}, keeps: []string{"acTL", "fcTL", "fdAT"}},
	{file: "image-text.png", stamper: pngStamper{}, keeps: []string{"tEXtCopyright\x002020 Somebody", "eXIf", "zTXtComment"}},
	{file: "m4a-cover.m4a", stamper: mp4Stamper{}, keeps: []string{jpegStart, "Tide", "Ana Ruiz"}, whole: mp4Cuts},
	{file: "video-plain.mp4", stamper: mp4Stamper{}, whole: mp4Cuts},
	{file: "video-faststart.mp4", stamper: mp4Stamper{}, keeps: []string{"Waves"}, whole: mp4Cuts},
	{file: "video-co64.mp4", stamper: mp4Stamper{}, keeps: []string{"co64"}, whole: mp4Cuts},
	{file: "video-free.mp4", stamper: mp4Stamper{}, keeps: []string{"free"}, whole: mp4Cuts},
	{file: "video-fragments.mp4", stamper: mp4Stamper{}, keeps: []string{"tfhd", "mfra"}, whole: mp4Cuts},
	{file: "video-sidx.mp4", stamper: mp4Stamper{}, keeps: []string{"sidx"}, whole: mp4Cuts},
	{file: "video-dash.mp4", stamper: mp4Stamper{}, keeps: []string{"sidx"}, whole: mp4Cuts},
	{file: "video-encrypted.mp4", stamper: mp4Stamper{}, keeps: []string{"senc", "saiz", "tenc"}, whole: mp4Cuts},
	{file: "video-quicktime.mov", stamper: mp4Stamper{}, keeps: []string{"\xa9cpy", "2020 Somebody"}, whole: mp4Cuts},
	{file: "video-pcm.mov", stamper: mp4Stamper{}, whole: mp4Cuts},
}

// jpegStart begins the cover pictures in the samples.
const jpegStart = "\xff\xd8\xff\xe0\x00\x10JFIF"

// utf16Of is a text in UTF-16, little endian.
func utf16Of(s string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return string(b)
}

// frameEnds says whether a cut leaves whole MPEG frames: a file that does not
// count its frames is then as good as a shorter recording.
func frameEnds(data []byte, n int) bool {
	for data, at := data, 0; at <= n; {
		if at == n {
			return at > 0
		}
		h, ok := parseMPEG(data[at:])
		if !ok {
			return false
		}
		at += int(h.size)
	}
	return false
}

// withoutID3v1 allows cuts in the trailer: what is left of it passes for junk.
func withoutID3v1(data []byte, n int) bool { return n >= len(data)-128 }

// flacFrameEnds allows cuts between the frames of a file that does not count
// its samples.
func flacFrameEnds(data []byte, n int) bool {
	f, err := readFLAC(bytes.NewReader(data), int64(len(data)))
	if err != nil || int64(n) <= f.frames || n+2 > len(data) {
		return false
	}
	_, ok := parseFLACHead(data[n:])
	return ok
}

var (
	byA = mustParse("CC BY 4.0")
	byB = mustParse("CC BY-SA 4.0")
)

func mustParse(s string) license.License {
	l, err := license.Parse(s)
	if err != nil {
		panic(err)
	}
	return l
}

func fullNotice(l license.License) license.Notice {
	return license.Notice{
		License: l, Title: "Marea baja", Creator: "Ana Ruiz", Year: 2026,
		SourceURL: "https://example.org/src", AttributionURL: "https://ana.example.org/",
		PageURL: "https://example.org/c/marea-baja/",
	}
}

// notices are the ones every Stamper must cope with.
var notices = map[string]license.Notice{
	"full":      fullNotice(byA),
	"bare":      {License: byA},
	"no page":   {License: byB, Title: "Tide", Creator: "Ana", Year: 2020},
	"no year":   {License: byA, Title: "Tide", Creator: "Ana", PageURL: "https://example.org/"},
	"unicode":   {License: byA, Title: strings.Repeat("長い題名 🌊 ", 100), Creator: strings.Repeat("Åse Ñuño ", 60), Year: 1999, PageURL: "https://example.org/ñ/🌊"},
	"fullwidth": {License: byA, Title: "ｙ", Creator: "ｙｙ￿ÿ", Year: 1999},
	"controls":  {License: byA, Title: "a\x00b\r\nc", Creator: "An\x00a\nRuiz\x1b[0m", Year: 2026},
	"invalid":   {License: byA, Title: "\xff\xfe", Creator: "\xc3(Ana", Year: 2026},
	"markup":    {License: byA, Title: `<b a="1">&amp;]]>`, Creator: `"Ana" <ana@example.org> & co`, Year: 2026},
}

func readSample(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// stampBytes stamps a file in memory, the way a user of this package would.
func stampBytes(t testing.TB, data []byte, n license.Notice, relicense bool) ([]byte, *Stamped) {
	t.Helper()
	src := bytes.NewReader(data)
	st, err := Prepare(src, int64(len(data)), n, relicense)
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(st.Patch.Reader(src))
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(out)) != st.Patch.Size() {
		t.Fatalf("patch gives %d bytes and says %d", len(out), st.Patch.Size())
	}
	return out, st
}

func readBack(t testing.TB, data []byte) []Statement {
	t.Helper()
	_, st, err := Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestConform(t *testing.T) {
	for _, s := range samples {
		t.Run(s.file, func(t *testing.T) {
			t.Parallel()
			data := readSample(t, s.file)
			t.Run("detect", func(t *testing.T) { conformDetect(t, s, data) })
			t.Run("notices", func(t *testing.T) { conformNotices(t, s, data) })
			t.Run("keeps", func(t *testing.T) { conformKeeps(t, s, data) })
			t.Run("conflict", func(t *testing.T) { conformConflict(t, data) })
			t.Run("relicense", func(t *testing.T) { conformRelicense(t, s, data) })
			t.Run("patch", func(t *testing.T) { conformPatch(t, data) })
			t.Run("cut", func(t *testing.T) { conformCut(t, s, data) })
			t.Run("damage", func(t *testing.T) { conformDamage(t, s, data) })
		})
	}
}

func conformDetect(t *testing.T, s sample, data []byte) {
	src := bytes.NewReader(data)
	if got := Detect(src, int64(len(data))); got != s.stamper {
		t.Fatalf("detected as %T %v", got, got)
	}
	if n := slices.IndexFunc(registry, func(r Stamper) bool { return r == s.stamper }); n < 0 {
		t.Errorf("%T is not in the registry", s.stamper)
	}
	if st := readBack(t, data); Conflict(st, byA) != nil {
		t.Errorf("sample has a licence of its own: %v", st)
	}
}

// conformNotices stamps with all kinds of notices; the result must read back,
// hold the same media, and not change when it is stamped again.
func conformNotices(t *testing.T, s sample, data []byte) {
	for name, n := range notices {
		t.Run(name, func(t *testing.T) {
			out, stamped := stampBytes(t, data, n, false)
			if stamped.Format != s.stamper.Format() || stamped.Sidecar != nil {
				t.Errorf("stamped as %q, sidecar %q", stamped.Format, stamped.Sidecar)
			}
			if again, _ := stampBytes(t, out, n, false); !bytes.Equal(again, out) {
				t.Error("stamping again gives other bytes")
			}
			if got, want := mediaOf(t, s.stamper, out), mediaOf(t, s.stamper, data); !bytes.Equal(got, want) {
				t.Errorf("media: %d bytes, %d before, or others", len(got), len(want))
			}
			st := readBack(t, out)
			for _, place := range stamped.Places {
				if !slices.Contains(s.stamper.Places(), place) {
					t.Errorf("wrote %q, which is none of its places", place)
				}
			}
			if !says(st, s.stamper.Places(), n.License) {
				t.Errorf("%s does not read back from %+v", n.License.Label, st)
			}
		})
	}
	if _, full := stampBytes(t, data, notices["full"], false); !slices.Equal(full.Places, s.stamper.Places()) {
		t.Errorf("a full notice stands in %q, not in all of %q", full.Places, s.stamper.Places())
	}
}

func says(st []Statement, places []string, l license.License) bool {
	return slices.ContainsFunc(st, func(st Statement) bool {
		return st.License == l && slices.Contains(places, st.Place)
	})
}

// statementsIn, patchOf, essenceIn and prove open a file first.
func statementsIn(s Stamper, src io.ReaderAt, size int64) ([]Statement, error) {
	m, err := s.Open(src, size)
	if err != nil {
		return nil, err
	}
	return m.Statements()
}

func patchOf(s Stamper, src io.ReaderAt, size int64, n license.Notice) (Patch, error) {
	m, err := s.Open(src, size)
	if err != nil {
		return nil, err
	}
	return m.Patch(n)
}

func essenceIn(s Stamper, src io.ReaderAt, size int64) ([]Range, error) {
	m, err := s.Open(src, size)
	if err != nil {
		return nil, err
	}
	return m.Essence()
}

func prove(s Stamper, src io.ReaderAt, size int64, p Patch, n license.Notice, relicense bool) ([]string, error) {
	m, err := s.Open(src, size)
	if err != nil {
		return nil, err
	}
	st, err := proof{s, m, src, size}.of(p, n, relicense)
	if err != nil {
		return nil, err
	}
	return st.Places, nil
}

// mediaOf reads the essence, without the code of prove.go.
func mediaOf(t *testing.T, s Stamper, data []byte) []byte {
	t.Helper()
	ranges, err := essenceIn(s, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var media []byte
	for _, r := range ranges {
		media = append(media, data[r.Off:r.Off+r.Len]...)
	}
	return media
}

func conformKeeps(t *testing.T, s sample, data []byte) {
	out, _ := stampBytes(t, data, fullNotice(byA), false)
	for _, kept := range s.keeps {
		if !bytes.Contains(data, []byte(kept)) {
			t.Errorf("sample has no %q", kept)
		}
		if !bytes.Contains(out, []byte(kept)) {
			t.Errorf("%q did not survive", kept)
		}
	}
}

// conformConflict stamps over another licence, and over reserved rights.
func conformConflict(t *testing.T, data []byte) {
	out, _ := stampBytes(t, data, fullNotice(byA), false)
	_, err := Prepare(bytes.NewReader(out), int64(len(out)), fullNotice(byB), false)
	var conflict *ConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("no conflict: %v", err)
	}
	if conflict.Want != byB || conflict.Found.License != byA {
		t.Errorf("conflict: %+v", conflict)
	}
	reserved := fullNotice(byA)
	reserved.Creator = "Label. All rights reserved"
	if _, err := Prepare(bytes.NewReader(data), int64(len(data)), reserved, false); err == nil {
		t.Error("a notice that reserves all rights was stamped")
	}
}

// conformRelicense goes to another licence and back.
func conformRelicense(t *testing.T, s sample, data []byte) {
	a, _ := stampBytes(t, data, fullNotice(byA), false)
	b, _ := stampBytes(t, a, fullNotice(byB), true)
	for _, st := range readBack(t, b) {
		if st.License == byA {
			t.Errorf("after relicensing, %s still says %q", st.Place, st.Text)
		}
	}
	if bytes.Contains(b, []byte(byA.URL)) {
		t.Error("after relicensing, the old URL is still in the file")
	}
	if !says(readBack(t, b), s.stamper.Places(), byB) {
		t.Error("the new licence does not read back")
	}
	if back, _ := stampBytes(t, b, fullNotice(byA), true); !bytes.Equal(back, a) {
		t.Error("there and back gives other bytes")
	}
	if direct, _ := stampBytes(t, data, fullNotice(byB), false); !bytes.Equal(direct, b) {
		t.Error("relicensing gives other bytes than stamping once")
	}
}

// conformPatch reads a patch in pieces, at random, like a hasher or a server would.
func conformPatch(t *testing.T, data []byte) {
	src := bytes.NewReader(data)
	out, stamped := stampBytes(t, data, fullNotice(byA), false)
	view := stamped.Patch.ReaderAt(src)
	rnd := rand.New(rand.NewSource(1))
	for range 300 {
		off := rnd.Intn(len(out) + 1)
		b := make([]byte, rnd.Intn(2000))
		n, err := view.ReadAt(b, int64(off))
		if want := min(len(b), len(out)-off); n != want || (err == io.EOF) != (want < len(b) || off == len(out) && len(b) == 0) {
			t.Fatalf("ReadAt(%d, %d) = %d, %v", len(b), off, n, err)
		}
		if !bytes.Equal(b[:n], out[off:off+n]) {
			t.Fatalf("ReadAt(%d, %d) gives other bytes than the stream", len(b), off)
		}
	}
}

// conformCut cuts the file, fresh and stamped, at many lengths: each is refused.
func conformCut(t *testing.T, s sample, data []byte) {
	stamped, _ := stampBytes(t, data, fullNotice(byA), false)
	moved := len(stamped) - len(data)
	check := func(name string, data []byte, n int) {
		_, err := patchOf(s.stamper, bytes.NewReader(data[:n]), int64(n), fullNotice(byA))
		if err == nil {
			t.Errorf("%s file cut to %d of %d bytes is accepted", name, n, len(data))
		}
	}
	for i := range 200 {
		n := i * len(data) / 200
		if s.whole == nil || !s.whole(data, n) {
			check("fresh", data, n)
		}
		if n = i * len(stamped) / 200; s.whole == nil || !s.whole(stamped, n) && (n-moved < 0 || !s.whole(data, n-moved)) {
			check("stamped", stamped, n)
		}
	}
}

// conformDamage changes bytes at random: whatever still goes through was proven,
// and nothing panics.
func conformDamage(t *testing.T, s sample, data []byte) {
	rnd := rand.New(rand.NewSource(2))
	for range 300 {
		bad := bytes.Clone(data)
		for range 1 + rnd.Intn(4) {
			bad[rnd.Intn(len(bad))] = byte(rnd.Intn(256))
		}
		tryAll(t, s.stamper, bad)
	}
}

// tryAll calls every method. Where the media can be found and a patch is offered,
// that must prove right: what cannot be stamped is to be refused at once.
func tryAll(t testing.TB, s Stamper, data []byte) {
	t.Helper()
	src, size := bytes.NewReader(data), int64(len(data))
	n := fullNotice(byA)
	s.Sniff(data[:min(len(data), headSize)])
	_, readErr := statementsIn(s, src, size)
	ranges, essenceErr := essenceIn(s, src, size)
	var media int64
	for _, r := range ranges {
		if essenceErr == nil && (r.Off < 0 || r.Len < 0 || r.Off > size-r.Len) {
			t.Fatalf("essence %+v of a file of %d bytes", r, size)
		}
		media += r.Len
	}
	p, err := patchOf(s, src, size, n)
	if err != nil || essenceErr != nil || readErr != nil || media == 0 {
		return
	}
	if _, err := prove(s, src, size, p, n, true); err != nil {
		t.Errorf("a patch does not prove right: %v", err)
	}
}

// TestEveryLicence stamps with all of the catalogue: each must read back as itself.
func TestEveryLicence(t *testing.T) {
	for _, file := range []string{"audio/mpeg25.mp3", "audio/bare.flac", "image-plain.png", "m4a-cover.m4a"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			data := readSample(t, file)
			for _, l := range license.All() {
				src := bytes.NewReader(data)
				if _, err := Prepare(src, int64(len(data)), fullNotice(l), false); err != nil {
					t.Errorf("%s: %v", l.ID, err)
				}
			}
		})
	}
}

func TestEmpty(t *testing.T) {
	src := strings.NewReader("")
	if _, err := Prepare(src, 0, fullNotice(byA), false); !errors.Is(err, ErrEmpty) {
		t.Errorf("Prepare: %v", err)
	}
	if _, _, err := Read(src, 0); !errors.Is(err, ErrEmpty) {
		t.Errorf("Read: %v", err)
	}
}

// TestReadErrors makes sure that errors of the source come through as they are.
func TestReadErrors(t *testing.T) {
	for _, s := range samples {
		data := readSample(t, s.file)
		for after := range 12 {
			src := &failing{Reader: bytes.NewReader(data), left: after}
			_, err := patchOf(s.stamper, src, int64(len(data)), fullNotice(byA))
			if src.left >= 0 {
				continue // did not read as often
			}
			if !errors.Is(err, errDisk) {
				t.Errorf("%s: after %d reads: %v", s.file, after, err)
			}
			src.left = after
			if _, err := Prepare(src, int64(len(data)), fullNotice(byA), false); !errors.Is(err, errDisk) {
				t.Errorf("%s: Prepare, after %d reads: %v", s.file, after, err)
			}
		}
	}
}

var errDisk = fmt.Errorf("disk on fire")

// failing is a source whose reads fail after some.
type failing struct {
	*bytes.Reader
	left int
}

func (f *failing) ReadAt(b []byte, off int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errDisk
	}
	return f.Reader.ReadAt(b, off)
}

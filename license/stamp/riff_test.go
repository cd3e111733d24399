package stamp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"commonseed/internal/peers"
)

func init() {
	samples = append(samples,
		sample{file: "audio/plain.wav", stamper: wavStamper{}},
		sample{file: "audio/float.wav", stamper: wavStamper{}, keeps: []string{"INAM", "Marea baja", "IART", "Ana Ruiz"}},
		sample{file: "audio/bext.wav", stamper: wavStamper{}, keeps: []string{"bext", "Recorded in Lima"}},
		sample{file: "audio/tagged.wav", stamper: wavStamper{}, keeps: []string{utf16Of(title), "Ana Ruiz", "Recorded in Lima"}},
		sample{file: "audio/plain.aiff", stamper: aiffStamper{}},
		sample{file: "audio/little.aifc", stamper: aiffStamper{}, keeps: []string{"sowt"}},
		sample{file: "audio/tagged.aiff", stamper: aiffStamper{}, keeps: []string{utf16Of(title), "Ana Ruiz", "Recorded in Lima"}},
		sample{file: "image-lossy.webp", stamper: webpStamper{}},
		sample{file: "image-lossless.webp", stamper: webpStamper{}},
		sample{file: "image-alpha.webp", stamper: webpStamper{}, keeps: []string{"ALPH"}},
		sample{file: "image-lossless-alpha.webp", stamper: webpStamper{}},
		sample{file: "image-animated.webp", stamper: webpStamper{}, keeps: []string{"ANMF"}, noFFmpeg: "ffmpeg 5 reads no animated WebP"},
		sample{file: "image-extended.webp", stamper: webpStamper{}, keeps: []string{"2020 Somebody", "A title of old", "<xmp:Rating>4</xmp:Rating>"}},
	)
	exiftool := []string{"exiftool", "-G1", "-a", "-s", "-charset", "riff=UTF8", "{}"}
	const tags = `import sys, mutagen
t = mutagen.File(sys.argv[1]).tags
print(t["WCOP"].url, t["TXXX:LICENSE"], t["WOAF"].url, t["TCOP"], sep="\n")`
	mutagen := []string{python, "-c", tags, "{}"}
	ffprobe := []string{"ffprobe", "-v", "error", "-show_entries", "format_tags", "{}"}
	mediainfo := []string{"mediainfo", "{}"}
	webpmux := []string{"webpmux", "-get", "xmp", "{}", "-o", "-"}
	exiv2 := []string{"exiv2", "-PXkv", "{}"}
	readings = append(readings,
		reading{"wav", placeICOP, "ffprobe", "audio/bext.wav", ffprobe, rightsText},
		reading{"wav", placeICOP, "exiftool", "audio/bext.wav", exiftool, rightsText},
		reading{"wav", placeICOP, "mediainfo", "audio/bext.wav", mediainfo, rightsText},
		reading{"wav", placeWCOP, "mutagen", "audio/bext.wav", mutagen, licenceURL},
		reading{"wav", placeTXXX, "mutagen", "audio/bext.wav", mutagen, licenceURL},
		reading{"wav", placeWOAF, "mutagen", "audio/bext.wav", mutagen, pageText},
		reading{"wav", placeTCOP, "mutagen", "audio/bext.wav", mutagen, rightsText},
		reading{"aiff", placeWCOP, "mutagen", "audio/tagged.aiff", mutagen, licenceURL},
		reading{"aiff", placeTXXX, "mutagen", "audio/tagged.aiff", mutagen, licenceURL},
		reading{"aiff", placeWOAF, "mutagen", "audio/tagged.aiff", mutagen, pageText},
		reading{"aiff", placeTCOP, "mutagen", "audio/tagged.aiff", mutagen, rightsText},
		reading{"aiff", placeWCOP, "exiftool", "audio/tagged.aiff", exiftool, licenceURL},
		reading{"aiff", placeTXXX, "exiftool", "audio/tagged.aiff", exiftool, licenceURL},
		reading{"aiff", placeWOAF, "exiftool", "audio/tagged.aiff", exiftool, pageText},
		reading{"aiff", placeTCOP, "exiftool", "audio/tagged.aiff", exiftool, rightsText},
		reading{"aiff", placeTXXX, "ffprobe", "audio/tagged.aiff", ffprobe, licenceURL},
		reading{"aiff", placeTCOP, "ffprobe", "audio/tagged.aiff", ffprobe, rightsText},
	)
	for place, shows := range xmpShown {
		readings = append(readings,
			reading{"wav", place, "exiftool", "audio/bext.wav", exiftool, shows},
			reading{"webp", place, "exiftool", "image-alpha.webp", exiftool, shows},
			reading{"webp", place, "webpmux", "image-alpha.webp", webpmux, shows},
			reading{"webp", place, "exiv2", "image-alpha.webp", exiv2, shows})
	}
	checkers["webp"] = []checker{{run: []string{"webpinfo", "-quiet", "{}"}}, {run: []string{"exiftool", "-warning", "-error", "{}"}, fault: "."}}
	checkers["wav"] = []checker{{run: []string{"exiftool", "-warning", "-error", "{}"}, fault: "."}}
	checkers["aiff"] = []checker{{run: []string{"exiftool", "-warning", "-error", "{}"}, fault: "."}}
}

// xmpShown is what a reader of XMP shows of each place that is written.
var xmpShown = map[string]string{
	"XMP cc:license":             licenceURL,
	"XMP xmpRights:Marked":       "True",
	"XMP xmpRights:WebStatement": pageText,
	"XMP xmpRights:UsageTerms":   termsText,
	"XMP dc:rights":              rightsText,
}

// chunkOf makes a chunk for tests.
func chunkOf(order binary.ByteOrder, id, data string) string {
	f := riffFile{order: order}
	return string(f.newChunk(id, []byte(data)))
}

// riffOf makes a file of chunks.
func riffOf(kind string, chunks ...string) []byte {
	return []byte(chunkOf(binary.LittleEndian, "RIFF", kind+strings.Join(chunks, "")))
}

func TestRIFFRefusals(t *testing.T) {
	le := binary.LittleEndian
	wav := readSample(t, "audio/plain.wav")
	format, sound := chunkOf(le, "fmt ", strings.Repeat("\x01", 16)), chunkOf(le, "data", "sound")
	sized := func(n uint32) []byte {
		b := bytes.Clone(wav)
		le.PutUint32(b[4:], n)
		return b
	}
	webp := readSample(t, "image-lossy.webp")
	for _, c := range []struct {
		name    string
		stamper Stamper
		data    []byte
		want    error // nil: an UnsupportedError
		says    string
	}{
		{"streamed", wavStamper{}, sized(math.MaxUint32), nil, "left open"},
		{"no length", wavStamper{}, sized(0), nil, "left open"},
		{"RF64", wavStamper{}, append([]byte("RF64"), wav[4:]...), nil, "RF64"},
		{"BW64", wavStamper{}, append([]byte("BW64"), wav[4:]...), nil, "BW64"},
		{"too long", wavStamper{}, sized(uint32(len(wav)) - 7), ErrTruncated, ""},
		{"no sound", wavStamper{}, riffOf("WAVE", format), ErrMalformed, "without sound"},
		{"no format", wavStamper{}, riffOf("WAVE", sound), ErrMalformed, "without sound"},
		{"half a chunk", wavStamper{}, riffOf("WAVE", format, sound, "abc"), ErrMalformed, "chunk"},
		{"a chunk too long", wavStamper{}, riffOf("WAVE", format, "data\xff\x00\x00\x00"), ErrTruncated, "data"},
		{"a text too long", wavStamper{}, riffOf("WAVE", format, sound, chunkOf(le, "LIST", "INFOINAM\xff\x00\x00\x00")), ErrMalformed, "INAM"},
		{"no tag", wavStamper{}, riffOf("WAVE", format, sound, chunkOf(le, "id3 ", "none")), ErrMalformed, "without an ID3 tag"},
		{"a tag of another time", wavStamper{}, riffOf("WAVE", format, sound, chunkOf(le, "id3 ", "ID3\x09\x00\x00\x00\x00\x00\x00")), nil, "this wav: its tag is ID3v2.9"},
		{"C2PA", wavStamper{}, riffOf("WAVE", format, sound, chunkOf(le, "C2PA", "x")), nil, "content credential"},
		{"C2PA in WebP", webpStamper{}, riffOf("WEBP", string(webp[12:]), chunkOf(le, "C2PA", "x")), nil, "content credential"},
		{"no image", webpStamper{}, riffOf("WEBP"), ErrMalformed, "without an image"},
		{"a header alone", webpStamper{}, riffOf("WEBP", chunkOf(le, "VP8X", "0123456789")), ErrMalformed, "without an image"},
		{"something else", webpStamper{}, riffOf("WEBP", chunkOf(le, "JUNK", "")), ErrMalformed, "begins with"},
		{"no frame", webpStamper{}, riffOf("WEBP", chunkOf(le, "VP8 ", "0123456789")), ErrMalformed, "image data"},
		{"no picture", webpStamper{}, riffOf("WEBP", chunkOf(le, "VP8L", "0123456789")), ErrMalformed, "image data"},
		{"AIFF without sound", aiffStamper{}, []byte(chunkOf(binary.BigEndian, "FORM", "AIFF")), ErrMalformed, "without sound"},
	} {
		if got := Detect(bytes.NewReader(c.data), int64(len(c.data))); got != c.stamper {
			t.Errorf("%s: detected as %T", c.name, got)
		}
		_, err := patchOf(c.stamper, bytes.NewReader(c.data), int64(len(c.data)), fullNotice(byA))
		if c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.As(err, new(*UnsupportedError)) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestRIFFShapes stamps what writers leave: a pad byte that is missing at the end,
// several lists, an empty tag, bytes behind the file. All prove right.
func TestRIFFShapes(t *testing.T) {
	le := binary.LittleEndian
	format, sound := chunkOf(le, "fmt ", strings.Repeat("\x01", 16)), chunkOf(le, "data", "sound")
	unpadded := riffOf("WAVE", format, sound)
	unpadded = unpadded[:len(unpadded)-1]
	le.PutUint32(unpadded[4:], uint32(len(unpadded)-8))
	list := chunkOf(le, "LIST", "INFO"+chunkOf(le, "ICOP", "2020 Ana\x00")+chunkOf(le, "INAM", "odd"))
	for name, data := range map[string][]byte{
		"pad missing":       unpadded,
		"two lists":         riffOf("WAVE", list, format, list, sound),
		"empty tag":         riffOf("WAVE", format, sound, chunkOf(le, "id3 ", "")),
		"padded list":       riffOf("WAVE", format, sound, chunkOf(le, "LIST", "INFO"+chunkOf(le, "INAM", "x")+"\x00\x00\x00\x00")),
		"other list":        riffOf("WAVE", format, sound, chunkOf(le, "LIST", "adtl")),
		"something behind":  append(riffOf("WAVE", format, sound), "more"...),
		"pad in list amiss": riffOf("WAVE", format, sound, chunkOf(le, "LIST", "INFOINAM\x03\x00\x00\x00odd")),
	} {
		a, _ := stampBytes(t, data, fullNotice(byA), false)
		b, _ := stampBytes(t, a, fullNotice(byB), true)
		if back, _ := stampBytes(t, b, fullNotice(byA), true); !bytes.Equal(back, a) {
			t.Errorf("%s: there and back gives other bytes", name)
		}
		if name == "two lists" && bytes.Count(a, []byte("ICOP")) != 1 {
			t.Error("two lists: not one ICOP")
		}
	}
}

// TestRIFFStatements reads what others say, in each place.
func TestRIFFStatements(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	const reserved = "2020 Ana. All rights reserved"
	format, sound := chunkOf(le, "fmt ", strings.Repeat("\x01", 16)), chunkOf(le, "data", "sound")
	info := func(id string) []byte {
		return riffOf("WAVE", format, sound, chunkOf(le, "LIST", "INFO"+chunkOf(le, id, reserved+"\x00")))
	}
	form := func(id string) []byte {
		return []byte(chunkOf(be, "FORM", "AIFF"+chunkOf(be, "COMM", "x")+chunkOf(be, "SSND", "x")+chunkOf(be, id, reserved)))
	}
	for place, data := range map[string][]byte{
		"INFO ICOP":      info("ICOP"),
		"INFO ICMT":      info("ICMT"),
		"WAV bext":       riffOf("WAVE", format, sound, chunkOf(le, "bext", reserved+strings.Repeat("\x00", 100))),
		"AIFF copyright": form("(c) "),
		"AIFF ANNO":      form("ANNO"),
	} {
		_, err := Prepare(bytes.NewReader(data), int64(len(data)), fullNotice(byA), false)
		var conflict *ConflictError
		if !errors.As(err, &conflict) || conflict.Found.Place != place {
			t.Errorf("%s: %v", place, err)
		}
		if _, err := Prepare(bytes.NewReader(data), int64(len(data)), fullNotice(byA), true); err != nil {
			t.Errorf("%s: relicensing: %v", place, err)
		}
	}
}

// TestWebPFrames compares all frames of the animation, with Pillow.
func TestWebPFrames(t *testing.T) {
	t.Parallel()
	peers.NeedPython(t, "PIL")
	before, after := inFile(t, "image-animated.webp", fullNotice(byA))
	const frames = `import sys, hashlib
from PIL import Image, ImageSequence
for path in sys.argv[1:]:
    im = Image.open(path)
    print(im.n_frames, im.info.get("loop"), hashlib.sha256(b"".join(f.convert("RGBA").tobytes() for f in ImageSequence.Iterator(im))).hexdigest())`
	out := strings.Split(strings.TrimSpace(peers.Run(t, python, "-c", frames, before, after)), "\n")
	if len(out) != 2 || out[0] != out[1] || !strings.HasPrefix(out[0], "3 0 ") {
		t.Errorf("frames: %q", out)
	}
}

func FuzzWAV(f *testing.F)  { fuzzStamper(f, wavStamper{}) }
func FuzzAIFF(f *testing.F) { fuzzStamper(f, aiffStamper{}) }
func FuzzWebP(f *testing.F) { fuzzStamper(f, webpStamper{}) }

// TestWAVLarge stamps a file of nearly 4 GiB without reading its sound.
func TestWAVLarge(t *testing.T) {
	size := int64(math.MaxUint32 - 100_000)
	le := binary.LittleEndian
	head := slices.Concat([]byte("RIFF\x00\x00\x00\x00WAVE"), []byte(chunkOf(le, "fmt ", strings.Repeat("\x01", 16))), []byte("data\x00\x00\x00\x00"))
	le.PutUint32(head[4:], uint32(size-8))
	le.PutUint32(head[len(head)-4:], uint32(size-int64(len(head))))
	f := &hugeFile{head: head, size: size}
	if _, err := Prepare(f, size, fullNotice(byA), false); err != nil {
		t.Fatal(err)
	}
	if f.read > 100_000 {
		t.Errorf("read %d bytes", f.read)
	}
	f.size += 99_000
	le.PutUint32(head[4:], uint32(f.size-8))
	le.PutUint32(head[len(head)-4:], uint32(f.size-int64(len(head))))
	if _, err := Prepare(f, f.size, fullNotice(byA), false); !errors.As(err, new(*UnsupportedError)) {
		t.Errorf("beyond 4 GiB: %v", err)
	}
}

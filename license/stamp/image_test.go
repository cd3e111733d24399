package stamp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"commonseed/internal/peers"
)

func init() {
	gif, tiff := gifStamper{}, tiffStamper{}
	samples = append(samples,
		sample{file: "image-plain.gif", stamper: gif},
		sample{file: "image-87a.gif", stamper: gif},
		sample{file: "image-animated.gif", stamper: gif, keeps: []string{"NETSCAPE2.0", "Recorded in Lima"}},
		sample{file: "image-xmp.gif", stamper: gif, keeps: []string{"A title of old", "<xmp:Rating>4</xmp:Rating>"}},
		sample{file: "image-plain.tif", stamper: tiff},
		sample{file: "image-lzw.tif", stamper: tiff, keeps: []string{"Recorded in Lima"}},
		sample{file: "image-big-endian.tif", stamper: tiff, keeps: []string{"Recorded in Lima"}},
		sample{file: "image-tiled.tif", stamper: tiff},
		sample{file: "image-pages.tif", stamper: tiff, whole: tiffPadded},
		sample{file: "image-tagged.tif", stamper: tiff, keeps: []string{"2020 Somebody", "A title of old", "<xmp:Rating>4</xmp:Rating>", "Tide"}},
		sample{file: "image-progressive.jpg", stamper: jpegStamper{}},
		sample{file: "image-extended.jpg", stamper: jpegStamper{}, keeps: []string{jpegXMPExt, "A title of old"}},
	)
	exiftool := []string{"exiftool", "-G1", "-a", "-s", "{}"}
	exiv2 := []string{"exiv2", "-PXkv", "{}"}
	for place, shows := range xmpShown {
		for format, file := range map[string]string{"gif": "image-animated.gif", "tiff": "image-tagged.tif", "jpeg": "image-xmp.jpg", "png": "image-text.png"} {
			readings = append(readings, reading{format, place, "exiftool", file, exiftool, shows})
			if format != "gif" { // it knows no metadata in GIF
				readings = append(readings, reading{format, place, "exiv2", file, exiv2, shows})
			}
		}
		readings = append(readings, reading{"tiff", place, "tiffinfo", "image-tagged.tif", []string{"tiffinfo", "{}"}, shows})
	}
	warned := checker{run: []string{"exiftool", "-validate", "-warning", "-error", "-a", "{}"}, fault: `(?m)^(Warning|Error)`}
	checkers["gif"] = []checker{warned, {run: []string{"gifsicle", "--info", "{}"}, fault: "(?i)warning|error"}}
	checkers["tiff"] = []checker{warned, {run: []string{"tiffinfo", "-D", "{}"}, fault: "(?i)warning|error"}}
	checkers["jpeg"] = []checker{warned, {run: []string{"ffmpeg", "-v", "warning", "-i", "{}", "-f", "null", "-"}, fault: "(?i)error|invalid"}}
	checkers["png"] = []checker{{run: []string{"pngcheck", "-q", "{}"}}}
}

// tiffPadded allows cuts among the bytes that Pillow puts behind everything.
func tiffPadded(data []byte, n int) bool { return n >= len(data)-16 }

// TestImageFrames compares all pictures of a file, with Pillow.
func TestImageFrames(t *testing.T) {
	t.Parallel()
	peers.NeedPython(t, "PIL")
	const frames = `import sys, hashlib
from PIL import Image, ImageSequence
for path in sys.argv[1:]:
    im = Image.open(path)
    print(getattr(im, "n_frames", 1), im.info.get("loop"), hashlib.sha256(b"".join(f.convert("RGBA").tobytes() for f in ImageSequence.Iterator(im))).hexdigest())`
	for _, s := range samples {
		if !slices.Contains([]string{"gif", "tiff", "webp"}, s.stamper.Format()) {
			continue
		}
		before, after := inFile(t, s.file, fullNotice(byA))
		out := strings.Split(strings.TrimSpace(peers.Run(t, python, "-c", frames, before, after)), "\n")
		if len(out) != 2 || out[0] != out[1] {
			t.Errorf("%s: frames: %q", s.file, out)
		}
	}
}

// tiffOf makes a file of one page with some fields and eight bytes of image.
func tiffOf(order binary.ByteOrder, fields ...tiffValue) []byte {
	f := &tiffFile{order: order}
	b := []byte("II*\x00")
	if order == binary.BigEndian {
		b = []byte("MM\x00*")
	}
	b = append(append(b, f.long(16)...), "pixels!!"...)
	fields = append(fields, tiffValue{tag: tiffStrips, kind: 4, count: 1, Range: Range{Off: 8}}, tiffValue{tag: tiffStripSizes, kind: 4, count: 1, Range: Range{Off: 8}})
	dir := make([]byte, 2)
	order.PutUint16(dir, uint16(len(fields)))
	for _, v := range fields {
		raw := make([]byte, 4)
		order.PutUint16(raw, v.tag)
		order.PutUint16(raw[2:], v.kind)
		dir = append(append(append(dir, raw...), f.long(int64(v.count))...), f.long(v.Off)...)
	}
	return append(b, append(dir, f.long(0)...)...)
}

func TestImageRefusals(t *testing.T) {
	le := binary.LittleEndian
	gif := readSample(t, "image-plain.gif")
	page := tiffOf(le)
	loop := bytes.Clone(page)
	le.PutUint32(loop[len(loop)-4:], 16)
	for _, c := range []struct {
		name    string
		stamper Stamper
		data    []byte
		want    error // nil: an UnsupportedError
		says    string
	}{
		{"GIF with C2PA", gifStamper{}, slices.Concat(gif[:len(gif)-1], []byte("\x21\xff\x0bC2PA_GIF\x01\x00\x00\x00;")), nil, "content credential"},
		{"GIF without an image", gifStamper{}, []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), ErrMalformed, "without an image"},
		{"GIF with junk", gifStamper{}, []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00?"), ErrMalformed, "block 0x3f"},
		{"GIF with an open packet", gifStamper{}, slices.Concat(gif[:len(gif)-1], []byte("\x21\xff\x0bXMP DataXMP<x/>;")), ErrTruncated, "does not end"},
		{"BigTIFF", tiffStamper{}, []byte("II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00"), nil, "BigTIFF"},
		{"TIFF without a directory", tiffStamper{}, []byte("II*\x00\x00\x00\x00\x00"), ErrMalformed, "without a directory"},
		{"TIFF with a loop", tiffStamper{}, loop, ErrMalformed, "comes up again"},
		{"TIFF with C2PA", tiffStamper{}, tiffOf(le, tiffValue{tag: tiffC2PA, kind: 7, count: 4}), nil, "content credential"},
		{"TIFF with a field outside", tiffStamper{}, tiffOf(binary.BigEndian, tiffValue{tag: exifCopyright, kind: 2, count: 90, Range: Range{Off: 8}}), ErrTruncated, "field 33432"},
		{"TIFF with a vast packet", tiffStamper{}, tiffOf(le, tiffValue{tag: tiffXMP, kind: 1, count: 1 << 31, Range: Range{Off: 8}}), ErrTruncated, "field 700"},
	} {
		if got := Detect(bytes.NewReader(c.data), int64(len(c.data))); got != c.stamper {
			t.Errorf("%s: detected as %T", c.name, got)
		}
		_, err := patchOf(c.stamper, bytes.NewReader(c.data), int64(len(c.data)), fullNotice(byA))
		if c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.As(err, new(*UnsupportedError)) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := Prepare(bytes.NewReader(page), int64(len(page)), fullNotice(byA), false); err != nil {
		t.Errorf("the page that the others were made of: %v", err)
	}
}

// TestTIFFStatements reads what exiftool wrote, in each place.
func TestTIFFStatements(t *testing.T) {
	t.Parallel()
	peers.Need(t, "exiftool")
	for _, c := range []struct{ tag, file, place string }{
		{"-EXIF:Copyright", "image-pages.tif", "EXIF Copyright"},
		{"-IPTC:CopyrightNotice", "image-pages.tif", "IPTC CopyrightNotice"},
		{"-EXIF:ImageDescription", "image-pages.tif", "TIFF ImageDescription"},
		{"-XMP-dc:Rights", "image-pages.tif", "XMP dc:rights"},
		{"-Comment", "image-animated.gif", "GIF comment"},
		{"-XMP-dc:Rights", "image-plain.gif", "XMP dc:rights"},
	} {
		data := exiftooled(t, c.file, c.tag+"=All rights reserved")
		_, err := Prepare(bytes.NewReader(data), int64(len(data)), fullNotice(byA), false)
		var conflict *ConflictError
		if !errors.As(err, &conflict) || conflict.Found.Place != c.place {
			t.Errorf("%s: %v", c.tag, err)
		}
	}
}

func FuzzGIF(f *testing.F)  { fuzzStamper(f, gifStamper{}) }
func FuzzTIFF(f *testing.F) { fuzzStamper(f, tiffStamper{}) }

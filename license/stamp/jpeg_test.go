package stamp

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"commonseed/internal/peers"
	"commonseed/license"
)

var jpegSamples = []string{"image-plain.jpg", "image-cmyk.jpg", "image-exif.jpg", "image-xmp.jpg", "image-multi.jpg"}

// withSegment puts a segment behind the start of a JPEG image.
func withSegment(data []byte, marker byte, body string) []byte {
	segment := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2))
	return slices.Concat(data[:2], segment, []byte(body), data[2:])
}

// extendedXMP is a portion of an extended packet.
func extendedXMP(packet string, from, to int) string {
	head := fmt.Sprintf("%s%X", jpegXMPExt, md5.Sum([]byte(packet)))
	return head + string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(len(packet))), uint32(from))) + packet[from:to]
}

func rdf(inside string) string {
	return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="` + nsRDF + `">` + inside + `</rdf:RDF></x:xmpmeta>`
}

func TestJPEGPlace(t *testing.T) {
	for _, c := range []struct{ file, before string }{
		{"image-plain.jpg", "JFIF"}, {"image-exif.jpg", "Exif\x00"}, {"image-multi.jpg", "JFIF"},
	} {
		out, _ := stampBytes(t, readSample(t, c.file), fullNotice(byA), false)
		first, xmp := bytes.Index(out, []byte(c.before)), bytes.Index(out, []byte(jpegXMP))
		if first < 0 || xmp < first || bytes.Contains(out[first:xmp], []byte("\xff\xdb")) {
			t.Errorf("%s: %s at %d, XMP at %d", c.file, c.before, first, xmp)
		}
	}
}

// TestJPEGShapes stamps files as other programs lay them out.
func TestJPEGShapes(t *testing.T) {
	plain := readSample(t, "image-plain.jpg")
	pixels := streamHash(t, plain, ".jpg")
	big := rdf(`<rdf:Description rdf:about="" xmlns:e="https://example.org/"><e:big>` + strings.Repeat("x", 90000) + `</e:big></rdf:Description>`)
	guid := fmt.Sprintf("%X", md5.Sum([]byte(big)))
	main := jpegXMP + rdf(`<rdf:Description rdf:about="" xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="`+guid+`"/>`)
	extended := withSegment(withSegment(plain, 0xe1, extendedXMP(big, 60000, len(big))), 0xe1, extendedXMP(big, 0, 60000))
	for name, c := range map[string]struct {
		data  []byte
		keeps string
	}{
		"bytes behind the image": {append(slices.Clone(plain), "trailer"...), "trailer"},
		"fill bytes":             {slices.Concat(plain[:2], []byte("\xff\xff\xff"), plain[2:]), ""},
		"no JFIF":                {slices.Concat(plain[:2], plain[20:]), ""},
		"extended XMP":           {withSegment(extended, 0xe1, main), `n:HasExtendedXMP="` + guid + `"`},
		"two packets":            {withSegment(withSegment(plain, 0xe1, jpegXMP+rdf("")), 0xe1, jpegXMP+rdf("<!-- 2 -->")), "<!-- 2 -->"},
		"packet of zeros":        {withSegment(plain, 0xe1, jpegXMP+"\x00\x00\x00"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, _ := stampBytes(t, c.data, fullNotice(byA), false)
			if again, _ := stampBytes(t, out, fullNotice(byA), false); !bytes.Equal(again, out) {
				t.Error("stamping again gives other bytes")
			}
			if !bytes.Contains(out, []byte(c.keeps)) {
				t.Errorf("%q did not survive", c.keeps)
			}
			if got := streamHash(t, out, ".jpg"); got != pixels {
				t.Error("ffmpeg sees other pixels")
			}
		})
	}
}

func TestJPEGRefused(t *testing.T) {
	plain := readSample(t, "image-plain.jpg")
	multi := readSample(t, "image-multi.jpg")
	claim := rdf(`<rdf:Description rdf:about="" xmlns:dc="` + nsDC + `"><dc:rights>mine</dc:rights></rdf:Description>`)
	full := rdf(`<rdf:Description rdf:about="" xmlns:e="https://example.org/" e:big="` + strings.Repeat("x", 65000) + `"/>`)
	for name, c := range map[string]struct {
		data []byte
		want error // nil: an UnsupportedError
	}{
		"no end":                 {plain[:len(plain)-2], ErrTruncated},
		"no image":               {[]byte("\xff\xd8\xff\xd9"), ErrMalformed},
		"only its start":         {plain[:2], ErrTruncated},
		"segment of one byte":    {slices.Concat(plain[:2], []byte("\xff\xe5\x00\x01"), plain[2:]), ErrMalformed},
		"no marker":              {slices.Concat(plain[:2], []byte("xx"), plain[2:]), ErrMalformed},
		"further image is cut":   {multi[:len(multi)-1], ErrTruncated},
		"damaged index":          {withSegment(plain, 0xe2, jpegMPF+"XX*\x00\x00\x00\x00\x08"), ErrMalformed},
		"content credential":     {withSegment(plain, 0xeb, "JP\x00\x01\x00\x00\x00\x01\x00\x00\x10\x00jumb"), nil},
		"rights in extended XMP": {withSegment(plain, 0xe1, extendedXMP(claim, 0, len(claim))), nil},
		"full packet":            {withSegment(plain, 0xe1, jpegXMP+full), nil},
		"packet in UTF-16":       {withSegment(plain, 0xe1, jpegXMP+"\xfe\xff\x00<\x00?"), nil},
		"packet that is no XML":  {withSegment(plain, 0xe1, jpegXMP+"<a><b></a>"), ErrMalformed},
		"too many packets":       {manyPackets(plain), ErrMalformed},
	} {
		_, err := patchOf(jpegStamper{}, bytes.NewReader(c.data), int64(len(c.data)), fullNotice(byA))
		if c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.As(err, new(*UnsupportedError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func manyPackets(data []byte) []byte {
	for range jpegMaxXMPs + 1 {
		data = withSegment(data, 0xe1, jpegXMP+rdf(""))
	}
	return data
}

func TestJPEGStatements(t *testing.T) {
	plain := readSample(t, "image-plain.jpg")
	iptc := func(charset, text string) string {
		iim := charset + "\x1c\x02\x74" + string(binary.BigEndian.AppendUint16(nil, uint16(len(text)))) + text
		return jpegIRB + "8BIM\x04\x04\x00\x00" + string(binary.BigEndian.AppendUint32(nil, uint32(len(iim)))) + iim
	}
	for name, c := range map[string]struct {
		data []byte
		want Statement
	}{
		"Exif":         {readSample(t, "image-exif.jpg"), Statement{Place: "EXIF Copyright", Text: "2020 Somebody"}},
		"IPTC":         {readSample(t, "image-xmp.jpg"), Statement{Place: "IPTC CopyrightNotice", Text: "2020 Somebody"}},
		"IPTC Latin-1": {withSegment(plain, 0xed, iptc("", "\xa9 2020 Ana. All Rights Reserved")), Statement{Place: "IPTC CopyrightNotice", Text: "© 2020 Ana. All Rights Reserved", Reserves: true}},
		"IPTC UTF-8":   {withSegment(plain, 0xed, iptc("\x1c\x01\x5a\x00\x03\x1b%G", "© Ana, CC BY 4.0")), Statement{Place: "IPTC CopyrightNotice", Text: "© Ana, CC BY 4.0", License: byA}},
		"comment":      {withSegment(plain, jpegCOM, "under CC BY-SA 4.0"), Statement{Place: "JPEG comment", Text: "under CC BY-SA 4.0", License: byB}},
	} {
		if got := readBack(t, c.data); !slices.Equal(got, []Statement{c.want}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	claim := rdf(`<rdf:Description rdf:about="" xmlns:dc="` + nsDC + `"><dc:rights>mine</dc:rights></rdf:Description>`)
	got := readBack(t, withSegment(withSegment(plain, 0xe1, extendedXMP(claim, 99, len(claim))), 0xe1, extendedXMP(claim, 0, 99)))
	if want := []Statement{{Place: "XMP dc:rights (extended)", Text: "mine"}}; !slices.Equal(got, want) {
		t.Errorf("extended: %+v", got)
	}
	if got := readBack(t, withSegment(plain, jpegCOM, "made with a camera")); got != nil {
		t.Errorf("a plain comment is a statement: %+v", got)
	}
}

// TestExif reads Exif blocks of both byte orders, and broken ones.
func TestExif(t *testing.T) {
	little := "II*\x00\x08\x00\x00\x00\x01\x00\x98\x82\x02\x00\x0c\x00\x00\x00\x1a\x00\x00\x00\x00\x00\x00\x00Photo\x00Edit\x00\x00"
	big := "MM\x00*\x00\x00\x00\x08\x00\x01\x82\x98\x00\x02\x00\x00\x00\x04Ana\x00\x00\x00\x00\x00"
	for block, want := range map[string]string{
		little:                     "Photo|Edit",
		big:                        "Ana",
		little[:30]:                "",
		"":                         "",
		"II*\x00\xff\xff\xff\xff":  "",
		"II*\x00\x08\x00\x00\x00":  "",
		"XX*\x00\x08\x00\x00\x00 ": "",
		strings.Replace(little, "\x1a\x00\x00\x00", "\xff\xff\xff\xff", 1): "",
	} {
		var got []string
		for _, st := range exifStatements([]byte(block)) {
			got = append(got, st.Text)
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q", block, got)
		}
	}
}

// checkExiftool lets exiftool judge a stamped file: all properties are there,
// and it finds no fault that was not there before.
func checkExiftool(t *testing.T, before, after string, n license.Notice) {
	t.Helper()
	out := peers.Run(t, "exiftool", "-G1", "-s", "-a", "-XMP-cc:all", "-XMP-xmpRights:all", "-XMP-dc:all", "-validate", "-warning", "-error", before, after)
	_, both, _ := strings.Cut(out, "======== ")
	old, stamped, ok := strings.Cut(both, "======== ")
	if !ok {
		t.Fatalf("exiftool: %s", out)
	}
	for tag, want := range map[string]string{
		"XMP-cc]        License": n.License.URL, "XMP-cc]        AttributionName": n.Creator,
		"XMP-cc]        AttributionURL": n.AttributionURL, "XMP-xmpRights] Marked": "True",
		"XMP-xmpRights] WebStatement": n.PageURL, "XMP-xmpRights] UsageTerms": n.UsageTerms(),
		"XMP-dc]        Rights": n.Copyright(), "XMP-dc]        Source": n.SourceURL,
	} {
		line := regexp.MustCompile(`(?m)^\[` + regexp.QuoteMeta(tag) + ` +: (.*)$`).FindStringSubmatch(stamped)
		if line == nil || line[1] != want {
			t.Errorf("exiftool %s: got %q, want %q in\n%s", tag, line, want, stamped)
		}
	}
	faults := regexp.MustCompile(`(?m)^\[ExifTool\].*$`)
	if got, want := faults.FindAllString(stamped, -1), faults.FindAllString(old, -1); !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("exiftool finds faults: %q; before: %q", got, want)
	}
}

// TestImageStrangers lets other programs read stamped images.
func TestImageStrangers(t *testing.T) {
	peers.Need(t, "exiftool", "exiv2", "ffmpeg")
	python := peers.NeedPython(t, "PIL")
	n := fullNotice(byA)
	for _, file := range slices.Concat(jpegSamples, pngSamples) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			before, after := inFile(t, file, n)
			checkExiftool(t, before, after, n)
			if got := peers.Run(t, "exiv2", "-K", "Xmp.cc.license", "-Pv", after); strings.TrimSpace(got) != byA.URL {
				t.Errorf("exiv2: %s", got)
			}
			data, err := os.ReadFile(after)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := streamHash(t, data, filepath.Ext(file)), streamHash(t, readSample(t, file), filepath.Ext(file)); got != want {
				t.Errorf("ffmpeg sees other pixels:\n%s\n%s", want, got)
			}
			const script = `import sys, hashlib
from PIL import Image, ImageSequence
def pixels(path): return [hashlib.sha256(f.tobytes()).hexdigest() for f in ImageSequence.Iterator(Image.open(path))]
assert pixels(sys.argv[1]) == pixels(sys.argv[2])
print(len(pixels(sys.argv[1])))`
			peers.Run(t, python, "-c", script, before, after)
		})
	}
}

// TestMultiPicture lets exiftool take the further images out again.
func TestMultiPicture(t *testing.T) {
	peers.Need(t, "exiftool")
	before, after := inFile(t, "image-multi.jpg", fullNotice(byA))
	for _, tag := range []string{"-MPImage2", "-MPImage3"} {
		want, got := peers.Run(t, "exiftool", "-b", tag, before), peers.Run(t, "exiftool", "-b", tag, after)
		if !strings.HasPrefix(want, "\xff\xd8") || got != want {
			t.Errorf("%s: %d bytes, %d before", tag, len(got), len(want))
		}
	}
	data, err := os.ReadFile(after)
	if err != nil {
		t.Fatal(err)
	}
	j, err := scanJPEG(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	images, err := j.images()
	if err != nil || len(images) != 3 || images[0].size != images[1].off {
		t.Errorf("index: %+v, %v", images, err)
	}
}

func FuzzJPEG(f *testing.F) {
	for _, file := range jpegSamples {
		f.Add(readSample(f, file))
	}
	plain := readSample(f, "image-plain.jpg")
	f.Add(withSegment(plain, 0xe1, extendedXMP(rdf(""), 0, 50)))
	f.Add(withSegment(plain, 0xe1, jpegXMP+rdf("")))
	f.Fuzz(func(t *testing.T, data []byte) { mustProve(t, jpegStamper{}, data) })
}

package stamp

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"commonseed/internal/peers"
)

var pngSamples = []string{"image-plain.png", "image-palette.png", "image-animated.png", "image-text.png"}

// withChunk puts a chunk behind IHDR.
func withChunk(data []byte, kind, body string) []byte {
	return slices.Insert(slices.Clone(data), 33, pngChunk(kind, []byte(body))...)
}

func deflate(t testing.TB, text string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, err := w.Write([]byte(text))
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPNGPlace(t *testing.T) {
	for _, file := range pngSamples {
		out, _ := stampBytes(t, readSample(t, file), fullNotice(byA), false)
		xmp, idat := bytes.Index(out, []byte("iTXt"+pngXMPKeyword+"\x00\x00\x00\x00<?xpacket")), bytes.Index(out, []byte("IDAT"))
		if xmp < 0 || idat < xmp || bytes.Count(out, []byte(pngXMPKeyword)) != 1 {
			t.Errorf("%s: XMP at %d, IDAT at %d", file, xmp, idat)
		}
	}
	out, _ := stampBytes(t, readSample(t, "image-text.png"), fullNotice(byA), false)
	if !bytes.Contains(out, []byte(`xmp:CreatorTool="Test" xmp:Rating="3"`)) {
		t.Error("the compressed packet was not merged")
	}
	data := append(readSample(t, "image-plain.png"), "trailer"...)
	if out, _ := stampBytes(t, data, fullNotice(byA), false); !bytes.HasSuffix(out, []byte("IEND\xaeB`\x82trailer")) {
		t.Error("what follows the image is gone")
	}
}

func TestPNGRefused(t *testing.T) {
	plain := readSample(t, "image-plain.png")
	wrong := slices.Clone(plain)
	wrong[len(wrong)-20]++
	bomb := pngXMPKeyword + "\x01\x00\x00\x00" + deflate(t, strings.Repeat(" ", maxXMP+1))
	many := plain
	for range pngMaxXMPs + 1 {
		many = withChunk(many, "iTXt", pngXMPKeyword+"\x00\x00\x00\x00"+rdf(""))
	}
	for name, c := range map[string]struct {
		data []byte
		want error // nil: an UnsupportedError
	}{
		"no IEND":            {plain[:len(plain)-12], ErrTruncated},
		"half a chunk":       {plain[:len(plain)-14], ErrTruncated},
		"wrong CRC":          {wrong, ErrMalformed},
		"no image":           {slices.Concat(plain[:33], plain[len(plain)-12:]), ErrMalformed},
		"no IHDR":            {slices.Concat(plain[:8], plain[33:]), ErrMalformed},
		"content credential": {withChunk(plain, "caBX", "jumb"), nil},
		"bomb":               {withChunk(plain, "iTXt", bomb), nil},
		"broken packing":     {withChunk(plain, "iTXt", pngXMPKeyword+"\x01\x00\x00\x00xx"), ErrMalformed},
		"broken iTXt":        {withChunk(plain, "iTXt", pngXMPKeyword+"\x00"), ErrMalformed},
		"too many packets":   {many, ErrMalformed},
	} {
		_, err := patchOf(pngStamper{}, bytes.NewReader(c.data), int64(len(c.data)), fullNotice(byA))
		if c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.As(err, new(*UnsupportedError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPNGStatements(t *testing.T) {
	plain := readSample(t, "image-plain.png")
	exif := "MM\x00*\x00\x00\x00\x08\x00\x01\x82\x98\x00\x02\x00\x00\x00\x04Ana\x00\x00\x00\x00\x00"
	profile := func(name, block string) string {
		return "Raw profile type " + name + "\x00\x00" + deflate(t, "\n"+name+"\n   99\n"+hex.EncodeToString([]byte(block))+"\n")
	}
	license := rdf(`<rdf:Description rdf:about="" xmlns:cc="` + nsCC + `"><cc:license rdf:resource="` + byA.URL + `"/></rdf:Description>`)
	for name, c := range map[string]struct {
		data []byte
		want []Statement
	}{
		"tEXt":        {withChunk(plain, "tEXt", "Copyright\x00\xa9 Ana. All rights reserved"), []Statement{{Place: "PNG tEXt Copyright", Text: "© Ana. All rights reserved", Reserves: true}}},
		"zTXt":        {withChunk(plain, "zTXt", "License\x00\x00"+deflate(t, "CC BY 4.0")), []Statement{{Place: "PNG zTXt License", Text: "CC BY 4.0", License: byA}}},
		"iTXt":        {withChunk(plain, "iTXt", "Copyright\x00\x00\x00de\x00Urheber\x00© Ana"), []Statement{{Place: "PNG iTXt Copyright", Text: "© Ana"}}},
		"comment":     {withChunk(plain, "tEXt", "Comment\x00Free, CC BY-SA 4.0"), []Statement{{Place: "PNG tEXt Comment", Text: "Free, CC BY-SA 4.0", License: byB}}},
		"no comment":  {withChunk(plain, "tEXt", "Comment\x00made with a pen"), nil},
		"broken text": {withChunk(plain, "zTXt", "Copyright\x00\x00xx"), nil},
		"Exif":        {withChunk(plain, "eXIf", exif), []Statement{{Place: "EXIF Copyright", Text: "Ana"}}},
		"raw Exif":    {withChunk(plain, "zTXt", profile("exif", "Exif\x00\x00"+exif)), []Statement{{Place: "EXIF Copyright (raw profile)", Text: "Ana"}}},
		"raw XMP":     {withChunk(plain, "zTXt", profile("xmp", license)), []Statement{{Place: "XMP cc:license (raw profile)", Text: byA.URL, License: byA}}},
		"raw IPTC":    {withChunk(plain, "zTXt", profile("iptc", "\x1c\x02\x74\x00\x03Ana")), []Statement{{Place: "IPTC CopyrightNotice (raw profile)", Text: "Ana"}}},
		"packed XMP":  {withChunk(plain, "iTXt", pngXMPKeyword+"\x01\x00\x00\x00"+deflate(t, license)), []Statement{{Place: "XMP cc:license", Text: byA.URL, License: byA}}},
	} {
		if got := readBack(t, c.data); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestPNGCheck(t *testing.T) {
	peers.Need(t, "pngcheck")
	for _, file := range pngSamples {
		before, after := inFile(t, file, fullNotice(byA))
		if out := peers.Run(t, "pngcheck", "-v", after); !strings.Contains(out, "No errors detected") || !strings.Contains(out, "uncompressed, no language tag") {
			t.Errorf("pngcheck: %s", out)
		}
		peers.Run(t, "pngcheck", "-q", before)
	}
}

func FuzzPNG(f *testing.F) {
	for _, file := range pngSamples {
		f.Add(readSample(f, file))
	}
	plain := readSample(f, "image-plain.png")
	f.Add(withChunk(plain, "zTXt", "Copyright\x00\x00"+deflate(f, "Ana")))
	f.Add(withChunk(plain, "iTXt", pngXMPKeyword+"\x01\x00\x00\x00"+deflate(f, rdf(""))))
	f.Fuzz(func(t *testing.T, data []byte) { mustProve(t, pngStamper{}, fixCRCs(data)) })
}

// fixCRCs gives chunks the right CRCs, so that the fuzzer comes behind them.
func fixCRCs(data []byte) []byte {
	if len(data) < 8 {
		return data
	}
	out := slices.Clone(data[:8])
	for rest := data[8:]; ; {
		if len(rest) < 12 {
			return append(out, rest...)
		}
		n := int64(rest[0])<<24 | int64(rest[1])<<16 | int64(rest[2])<<8 | int64(rest[3])
		if n > int64(len(rest)-12) {
			return append(out, rest...)
		}
		out = append(out, pngChunk(string(rest[4:8]), rest[8:8+n])...)
		rest = rest[12+n:]
	}
}

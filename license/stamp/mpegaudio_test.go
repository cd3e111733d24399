package stamp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseMPEG(t *testing.T) {
	for _, c := range []struct {
		head  string
		layer int
		rate  int
		size  int64
		mono  bool
	}{
		{"\xff\xfb\x90\x00", 3, 44100, 417, false},
		{"\xff\xfb\x92\xc0", 3, 44100, 418, true}, // padded
		{"\xff\xfa\xe4\x00", 3, 48000, 960, false},
		{"\xff\xf3\x44\x00", 3, 24000, 96, false}, // MPEG 2
		{"\xff\xe3\x18\xc4", 3, 8000, 72, true},   // MPEG 2.5
		{"\xff\xfd\x10\xc4", 2, 44100, 104, true},
		{"\xff\xf5\xe8\xc4", 2, 16000, 1440, true},
		{"\xff\xff\xe0\x00", 1, 44100, 484, false},
		{"\xff\xff\x12\x00", 1, 44100, 36, false}, // layer I pads four bytes
		{"\xff\xf7\xe8\x00", 1, 16000, 768, false},
		{"\xff\xfb\x00\x00", 3, 44100, 0, false}, // free format
	} {
		h, ok := parseMPEG([]byte(c.head))
		if !ok || h.layer != c.layer || h.rate != c.rate || h.size != c.size || h.mono != c.mono {
			t.Errorf("%x: %+v %v, want %+v", c.head, h, ok, c)
		}
	}
	for _, head := range []string{
		"", "\xff", "\xff\xfb\x90", "\xfe\xfb\x90\x00", "\xff\xdb\x90\x00",
		"\xff\xeb\x90\x00", // reserved version
		"\xff\xf9\x90\x00", // reserved layer: AAC
		"\xff\xfb\xf0\x00", // bad bit rate
		"\xff\xfb\x9c\x00", // reserved sample rate
		"\xff\xfb\x90\x02", // reserved emphasis
	} {
		if h, ok := parseMPEG([]byte(head)); ok {
			t.Errorf("%x: %+v", head, h)
		}
	}
}

func walkBytes(data string) (mpegAudio, error) {
	size := int64(len(data))
	return walkMPEG(&window{src: strings.NewReader(data), size: size}, 0, size)
}

// frames makes silent frames of MPEG 1 layer III, 128 kbit/s, 44.1 kHz.
func frames(n int) string {
	return strings.Repeat("\xff\xfb\x90\x00"+strings.Repeat("\x00", 413), n)
}

// counted makes a frame with an Xing header. Length 0 leaves the length out.
func counted(mark string, count, length uint32) string {
	b := []byte(frames(1))
	at := 4 + 32
	copy(b[at:], mark)
	b[at+7] = 1
	binary.BigEndian.PutUint32(b[at+8:], count)
	if length > 0 {
		b[at+7] = 3
		binary.BigEndian.PutUint32(b[at+12:], length)
	}
	return string(b)
}

func vbri(count, length uint32) string {
	b := []byte(frames(1))
	copy(b[36:], "VBRI")
	binary.BigEndian.PutUint32(b[36+10:], length)
	binary.BigEndian.PutUint32(b[36+14:], count)
	return string(b)
}

func TestWalkMPEG(t *testing.T) {
	zeros := strings.Repeat("\x00", 5000)
	junk := strings.Repeat("\x17junk", 1000)
	layer1 := strings.Repeat("\xff\xff\x10\x00"+strings.Repeat("\x00", 28), 4)
	const one = 417
	for _, c := range []struct {
		name, data string
		start, end int64 // of the audio
		frames     int64
		want       error
	}{
		{"plain", frames(5), 0, 5 * one, 5, nil},
		{"one frame", frames(1), 0, one, 1, nil},
		{"layer I", layer1, 0, 128, 4, nil},
		{"zeros in front", zeros + frames(5), 5000, 5000 + 5*one, 5, nil},
		{"junk in front", junk + frames(5), 5000, 5000 + 5*one, 5, nil},
		{"zeros behind", frames(5) + zeros, 0, 5 * one, 5, nil},
		{"junk behind", frames(5) + junk, 0, 5 * one, 5, nil},
		{"junk between", frames(5) + junk + frames(2), 0, 5000 + 7*one, 7, nil},
		{"another kind of frames", frames(5) + layer1, 0, 5*one + 128, 9, nil},
		{"Xing", counted("Xing", 5, 0) + frames(5), 0, 6 * one, 6, nil},
		{"Xing that counts itself", counted("Xing", 6, 6*one) + frames(5), 0, 6 * one, 6, nil},
		{"Info", counted("Info", 5, 6*one) + frames(5), 0, 6 * one, 6, nil},
		{"VBRI", vbri(5, 6*one) + frames(5), 0, 6 * one, 6, nil},
		{"more than counted", counted("Info", 3, 4*one) + frames(5), 0, 6 * one, 6, nil},
		{"a frame less", counted("Info", 5, 6*one) + frames(4), 0, 0, 0, ErrTruncated},
		{"two frames less", counted("Xing", 5, 0) + frames(3), 0, 0, 0, ErrTruncated},
		{"VBRI, frames less", vbri(9, 0) + frames(5), 0, 0, 0, ErrTruncated},
		{"last frame cut", frames(5)[:5*one-1], 0, 0, 0, ErrTruncated},
		{"last header cut", frames(5)[:4*one+3], 0, 0, 0, ErrTruncated},
		{"last header cut to a byte", frames(5)[:4*one+1], 0, 0, 0, ErrTruncated},
		{"first frame cut", frames(1)[:400], 0, 0, 0, ErrTruncated},
		{"nothing", "", 0, 0, 0, ErrTruncated},
		{"zeros alone", zeros, 0, 0, 0, ErrTruncated},
		{"junk alone", junk, 0, 0, 0, ErrMalformed},
		{"much junk in front", strings.Repeat(junk, 60) + frames(5), 0, 0, 0, ErrMalformed},
		{"many zeros behind", frames(5) + strings.Repeat(zeros, 60), 0, 0, 0, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := walkBytes(c.data)
			if !errors.Is(err, c.want) {
				t.Fatalf("error is %v, want %v", err, c.want)
			}
			if err == nil && (got.Off != c.start || got.Off+got.Len != c.end || got.frames != c.frames) {
				t.Errorf("audio is %+v, want %d to %d, %d frames", got, c.start, c.end, c.frames)
			}
		})
	}
	var free *UnsupportedError
	if _, err := walkBytes("\xff\xfb\x00\x00" + frames(4)); !errors.As(err, &free) {
		t.Errorf("free format: %v", err)
	}
}

// TestWalkLong walks more than a window.
func TestWalkLong(t *testing.T) {
	const n = 3 * windowSize / 417
	data := counted("Info", n, 0) + frames(n)
	got, err := walkBytes(data)
	if err != nil || got.frames != n+1 || got.Len != int64(len(data)) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := walkBytes(data[:len(data)-417]); err != nil {
		t.Errorf("an encoder that counts its header: %v", err)
	}
	if _, err := walkBytes(data[:len(data)-2*417]); !errors.Is(err, ErrTruncated) {
		t.Errorf("cut: %v", err)
	}
}

// TestSniffMP3 tells MPEG audio from what begins like it.
func TestSniffMP3(t *testing.T) {
	for _, c := range []struct {
		data string
		want bool
	}{
		{frames(5), true},
		{frames(2), true},
		{"\x00\x00\x00" + frames(5), true},
		{frames(1), false},
		{"\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00", false}, // UTF-16
		{"\xff\xd8\xff\xe0\x00\x10JFIF", false},
		{"\xff\xf1\x50\x80" + strings.Repeat("\x00", 2000), false}, // AAC in ADTS
		{"ID3\x04", true},
		{"", false},
		{strings.Repeat("\x00", 1000), false},
	} {
		if got := (mp3Stamper{}).Sniff([]byte(c.data)); got != c.want {
			t.Errorf("%.20q: %v", c.data, got)
		}
	}
}

// TestDetectTagged looks behind an ID3v2 tag.
func TestDetectTagged(t *testing.T) {
	head := tag(4, 0, frame24("TPE1", 0, "\x03Ana"))
	for data, want := range map[string]Stamper{
		head + frames(4):                          mp3Stamper{},
		head + "fLaC" + strings.Repeat("x", 99):   flacStamper{},
		head + "\xff\xf1\x50\x80" + "rest of AAC": Sidecar{},
		head + "TTA1 and more":                    Sidecar{},
		head:                                      mp3Stamper{},
		head[:12]:                                 mp3Stamper{},
		head + strings.Repeat("\x00", 3000):       mp3Stamper{},
	} {
		if got := Detect(strings.NewReader(data), int64(len(data))); got != want {
			t.Errorf("%.60q: %T", data, got)
		}
	}
	tagged := head + string(readSample(t, "audio/bare.flac"))
	_, err := Prepare(strings.NewReader(tagged), int64(len(tagged)), fullNotice(byA), false)
	if want := new(UnsupportedError); !errors.As(err, &want) || want.Format != "flac" {
		t.Errorf("FLAC behind ID3: %v", err)
	}
}

// BenchmarkWalkMPEG shows what a walk costs: it must not be felt beside a hash.
func BenchmarkWalkMPEG(b *testing.B) {
	data := []byte(frames(50_000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		w := &window{src: bytes.NewReader(data), size: int64(len(data))}
		if _, err := walkMPEG(w, 0, w.size); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleErrTruncated() {
	_, err := walkBytes(frames(5)[:2000])
	fmt.Println(err)
	// Output: audio frame at byte 1668 has 332 of 417 bytes: file ends too early
}

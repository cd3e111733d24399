package stamp

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
)

// Whatever a file holds, nothing panics, nothing runs on, and memory stays bounded.
// Here are the fuzz targets of the audio formats; others stand with their tests.

// fuzzStamper tries a Stamper on anything.
func fuzzStamper(f *testing.F, s Stamper) {
	for _, sample := range samples {
		if sample.stamper == s {
			f.Add(readSample(f, sample.file))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 256<<10 {
			t.Skip()
		}
		// All that is allocated, though never held at once, stays below what may be
		// held: a sign that no length is trusted.
		if spent := allocated(func() { tryAll(t, s, data) }); spent > 64<<20 {
			t.Errorf("%d bytes made us allocate %d", len(data), spent)
		}
	})
}

// allocated answers how many bytes f allocates in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func FuzzMP3(f *testing.F) {
	audio := readSample(f, "audio/vbr.mp3")
	for _, v := range id3Variants() {
		if len(v.tag) < 10_000 {
			f.Add(append([]byte(v.tag), audio[:1000]...))
		}
	}
	f.Add([]byte(frames(4) + apeTag("Copyright", "2020 Ana") + "TAG" + strings.Repeat("\x00", 125)))
	f.Add([]byte(vbri(3, 0) + frames(3) + "LYRICSBEGINLYRICSEND"))
	fuzzStamper(f, mp3Stamper{})
}

func FuzzFLAC(f *testing.F) { fuzzStamper(f, flacStamper{}) }

func FuzzOgg(f *testing.F) { fuzzStamper(f, oggStamper{}) }

func FuzzOpus(f *testing.F) { fuzzStamper(f, oggStamper{opus: true}) }

// FuzzOggPackets makes pages of anything, with right checksums, which a fuzzer
// hardly finds by itself.
func FuzzOggPackets(f *testing.F) {
	for _, sample := range samples {
		if _, ok := sample.stamper.(oggStamper); ok {
			f.Add(readSample(f, sample.file))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<20 {
			t.Skip()
		}
		data = resumAll(data)
		tryAll(t, oggStamper{}, data)
		tryAll(t, oggStamper{opus: true}, data)
	})
}

// resumAll gives every page the right checksum.
func resumAll(data []byte) []byte {
	data = bytes.Clone(data)
	for off := 0; ; {
		n := bytes.Index(data[off:], []byte("OggS"))
		if n < 0 || len(data)-off-n < oggHeadLen {
			return data
		}
		off += n
		end := off + oggHeadLen
		for _, lace := range data[end:min(len(data), end+int(data[off+oggCounts]))] {
			end += int(lace)
		}
		end += int(data[off+oggCounts])
		if end > len(data) {
			return data
		}
		copy(data[off:end], resum(data[off:end]))
		off = end
	}
}

func FuzzVorbisComments(f *testing.F) {
	f.Add([]byte(comments("TITLE=x", "LICENSE="+byA.URL) + "\x01"))
	f.Add([]byte("\x00\x00\x00\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseVorbisComments(data)
		if err != nil {
			return
		}
		if got := c.marshal(); !bytes.Equal(got, data) {
			t.Fatalf("%q comes back as %q", data, got)
		}
		c.statements()
		c.set(fullNotice(byA))
		once := c.marshal()
		again, err := parseVorbisComments(once)
		if err != nil {
			t.Fatal(err)
		}
		again.set(fullNotice(byA))
		if !bytes.Equal(again.marshal(), once) {
			t.Fatal("stamping again gives other bytes")
		}
	})
}

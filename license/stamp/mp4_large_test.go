package stamp

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// tenHours is the index of a film of 50 GB: pictures at 60 a second, sound, chunks
// of half a second, each table as large as it is in such a film.
func tenHours(mdat int64) []byte {
	const chunks, perChunk, sampleSize = 72_000, 30, 23_000
	word := binary.BigEndian.AppendUint32
	table := func(kind string, count, width int, fill func(i int) []byte) []byte {
		body := word(word(nil, 0), uint32(count))
		for i := range count {
			body = append(body, fill(i)[:width]...)
		}
		return newBox(kind, body)
	}
	track := func(first int64) []byte {
		sizes := word(word(word(nil, 0), 0), chunks*perChunk)
		for range chunks * perChunk {
			sizes = word(sizes, sampleSize/2)
		}
		offsets := table("co64", chunks, 8, func(i int) []byte {
			return binary.BigEndian.AppendUint64(nil, uint64(first+int64(i)*perChunk*sampleSize))
		})
		stbl := newBox("stbl", newBox("stsd", make([]byte, 8)), table("stsc", 1, 12, func(int) []byte { return word(word(word(nil, 1), perChunk), 1) }),
			newBox("stsz", sizes), offsets, table("ctts", chunks*perChunk, 8, func(int) []byte { return make([]byte, 8) }))
		return newBox("trak", newBox("mdia", newBox("minf", stbl)))
	}
	return newBox("moov", newBox("mvhd", make([]byte, 100)), track(mdat), track(mdat+perChunk*sampleSize/2))
}

// TestMP4LongFilm stamps it, index first and last. All that is allocated, of which
// only a part is held at once, stays below 32 MiB.
func TestMP4LongFilm(t *testing.T) {
	const media = 72_000 * 30 * 23_000
	head := newBox("ftyp", []byte("isom\x00\x00\x02\x00isom"))
	mdat := slices.Concat([]byte("\x00\x00\x00\x01mdat"), binary.BigEndian.AppendUint64(nil, media+16))
	length := int64(len(tenHours(0)))
	last := &hugeFile{head: slices.Concat(head, mdat), tail: tenHours(int64(len(head) + 16))}
	last.size = int64(len(last.head)) + media + length
	first := &hugeFile{head: slices.Concat(head, tenHours(int64(len(head))+length+16), mdat)}
	first.size = int64(len(first.head)) + media
	for name, f := range map[string]*hugeFile{"index last": last, "index first": first} {
		spent := allocated(func() {
			if _, err := Prepare(f, f.size, fullNotice(byA), false); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		t.Logf("%s: %d MiB of index, allocated %d MiB, read %d MiB", name, length>>20, spent>>20, f.read>>20)
		if spent > 32<<20 {
			t.Errorf("%s: allocated %d bytes", name, spent)
		}
	}
}

// TestMP4FreeSpace: with room behind the index nothing moves; with too little the
// media does; and whatever was stamped in between, the same notice gives the same.
func TestMP4FreeSpace(t *testing.T) {
	fast := readSample(t, "video-faststart.mp4")
	moov := find(t, fast, "moov")
	media := func(data []byte) int64 { return find(t, data, "mdat").off }
	withFree := func(free []byte) []byte {
		return shiftTables(t, slices.Insert(slices.Clone(fast), int(moov.end), free...), len(free))
	}
	long, short := notices["unicode"], fullNotice(byA)
	for _, room := range []int{8, 20, 26, 200, 1000, 2000, 20_000} {
		data := withFree(newBox("free", make([]byte, room-8)))
		a, _ := stampBytes(t, data, short, false)
		b, _ := stampBytes(t, data, long, false)
		for name, c := range map[string]struct {
			grows int
			out   []byte
		}{"short": {300, a}, "long": {4000, b}} {
			moved := media(c.out) != media(data)
			if room > 2*c.grows && moved || room < 100 && !moved {
				t.Errorf("%d bytes free, %s notice: media moved: %v", room, name, moved)
			}
			if got, want := streamHash(t, c.out, ".mp4", "-c", "copy"), streamHash(t, fast, ".mp4", "-c", "copy"); got != want {
				t.Errorf("%d bytes free, %s notice: other streams", room, name)
			}
		}
		if again, _ := stampBytes(t, a, long, true); !bytes.Equal(again, b) {
			t.Errorf("%d bytes free: short and then long gives other bytes than long", room)
		}
		if again, _ := stampBytes(t, b, short, true); !bytes.Equal(again, a) {
			t.Errorf("%d bytes free: long and then short gives other bytes than short", room)
		}
	}
	// What is not empty is somebody's.
	free := newBox("free", []byte("a note of somebody, in free space, long enough"))
	data := withFree(free)
	if out, _ := stampBytes(t, data, short, false); media(out) == media(data) || !bytes.Contains(out, free) {
		t.Error("a box that is not empty was used")
	}
}

// TestMP4OtherMetadata: where QuickTime's own metadata stands in the place of iTunes
// tags, it stays, and XMP alone says the licence.
func TestMP4OtherMetadata(t *testing.T) {
	data := readSample(t, "video-keys.mp4")
	out, st := stampBytes(t, data, fullNotice(byA), true)
	if !slices.Equal(st.Places, xmpWritten) || !says(readBack(t, out), xmpWritten, byA) {
		t.Errorf("places: %q", st.Places)
	}
	if got, want := streamHash(t, out, ".mp4", "-c", "copy"), streamHash(t, data, ".mp4", "-c", "copy"); got != want {
		t.Errorf("other streams:\n%s\n%s", want, got)
	}
	b, _ := stampBytes(t, out, fullNotice(byB), true)
	if back, _ := stampBytes(t, b, fullNotice(byA), true); !bytes.Equal(back, out) {
		t.Error("there and back gives other bytes")
	}
}

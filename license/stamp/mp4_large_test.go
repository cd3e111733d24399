package stamp

import (
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

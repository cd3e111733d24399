package stamp

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"sort"
)

// maxSpans bounds how many pieces the media of a file may lie in.
const maxSpans = 1 << 20

// essence gathers where samples lie.
type essence struct {
	movie    *movie
	spans    []Range
	defaults map[uint32]uint32 // size of samples by track, for fragments (trex, §8.8.3)
}

// add takes note of media at off. A span that runs past the box it lies in is
// cut there: QuickTime counts compressed sound as if it were not.
func (e *essence) add(off, length int64) error {
	if length <= 0 {
		return nil
	}
	if off < 0 || off >= e.movie.size {
		return fmt.Errorf("media at byte %d of %d: %w", off, e.movie.size, ErrTruncated)
	}
	top := e.movie.top
	i := sort.Search(len(top), func(i int) bool { return top[i].end > off })
	if i == len(top) || !holdsMedia(top[i]) || off < top[i].body {
		return fmt.Errorf("media at byte %d, outside of media data: %w", off, ErrMalformed)
	}
	length = min(length, top[i].end-off)
	if n := len(e.spans); n > 0 && e.spans[n-1].Off+e.spans[n-1].Len == off {
		e.spans[n-1].Len += length
		return nil
	}
	if len(e.spans) == maxSpans {
		return &UnsupportedError{"mp4", fmt.Sprintf("its media lies in more than %d pieces", maxSpans)}
	}
	e.spans = append(e.spans, Range{off, length})
	return nil
}

// holdsMedia says whether samples may lie in a box: anywhere that a stamp does
// not touch.
func holdsMedia(b box) bool {
	return !slices.Contains([]string{"ftyp", "moov", "moof", "mfra", "uuid" + uuidXMP}, b.kind)
}

// ranges puts the spans in file order and joins those that touch.
func (e *essence) ranges() []Range {
	slices.SortFunc(e.spans, func(a, b Range) int { return cmp.Compare(a.Off, b.Off) })
	joined := e.spans[:0]
	for _, s := range e.spans {
		if n := len(joined); n > 0 && s.Off <= joined[n-1].Off+joined[n-1].Len {
			last := &joined[n-1]
			last.Len = max(last.Len, s.Off+s.Len-last.Off)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// track adds the chunks of a track: their offsets from stco or co64, how many
// samples each holds from stsc, and the sizes of those from stsz or stz2 (§8.7).
func (e *essence) track(track boxData) error {
	stbl, ok, err := track.path("mdia/minf/stbl")
	if err != nil || !ok {
		return err
	}
	boxes, err := stbl.children(0)
	if err != nil {
		return err
	}
	var chunks offsetRun
	var runs []byte
	var sizes sampleSizes
	for _, b := range boxes {
		switch b.kind {
		case "stco":
			chunks.width = 4
			chunks.data, err = tableOf(b, 4)
		case "co64":
			chunks.width = 8
			chunks.data, err = tableOf(b, 8)
		case "stsc":
			runs, err = tableOf(b, 12)
		case "stsz", "stz2":
			sizes, err = readSizes(b, e.movie.size)
		}
		if err != nil {
			return err
		}
	}
	return e.chunks(chunks, runs, sizes)
}

// tableOf is a table of entries of that width, behind their count.
func tableOf(b boxData, width int) ([]byte, error) {
	_, _, rest, err := b.full()
	if err != nil || len(rest) < 4 {
		return nil, b.broken()
	}
	count := int64(binary.BigEndian.Uint32(rest))
	if rest = rest[4:]; count > int64(len(rest)/width) {
		return nil, b.broken()
	}
	return rest[:count*int64(width)], nil
}

// chunks walks the chunks of a track. Runs are entries of stsc: the first chunk
// they speak of, counted from 1, and the samples in each.
func (e *essence) chunks(chunks offsetRun, runs []byte, sizes sampleSizes) error {
	var perChunk uint32
	for i := 0; i < len(chunks.data); i += chunks.width {
		number := uint32(i/chunks.width + 1)
		for len(runs) > 0 && binary.BigEndian.Uint32(runs) <= number {
			perChunk, runs = binary.BigEndian.Uint32(runs[4:]), runs[12:]
		}
		length, err := sizes.take(perChunk)
		if err != nil {
			return err
		}
		if err := e.add(getOffset(chunks.data[i:], chunks.width), length); err != nil {
			return err
		}
	}
	return nil
}

// sampleSizes gives the sizes of samples one after the other, from a table that
// stays in the file.
type sampleSizes struct {
	left uint32 // samples not yet taken
	same uint32 // size of all, 0 if they differ
	bits int64  // width of an entry of the table
	file *window
	off  int64 // of the table
	next int64
}

// readSizes reads stsz (§8.7.3.2) or stz2 (§8.7.3.3).
func readSizes(b boxData, size int64) (sampleSizes, error) {
	if b.end-b.body < 12 {
		return sampleSizes{}, b.broken()
	}
	head, err := readAt(b.src, b.body, 12)
	if err != nil {
		return sampleSizes{}, err
	}
	s := sampleSizes{left: binary.BigEndian.Uint32(head[8:]), bits: 32, file: &window{src: b.src, size: size}, off: b.body + 12}
	if b.kind == "stsz" {
		s.same = binary.BigEndian.Uint32(head[4:])
	} else if s.bits = int64(head[7]); s.bits != 4 && s.bits != 8 && s.bits != 16 {
		return sampleSizes{}, b.broken()
	}
	if s.same == 0 && (int64(s.left)*s.bits+7)/8 > b.end-s.off {
		return sampleSizes{}, b.broken()
	}
	return s, nil
}

// take is the size of the next n samples together, or of those that are left.
func (s *sampleSizes) take(n uint32) (int64, error) {
	n = min(n, s.left)
	s.left -= n
	if s.same != 0 || n == 0 {
		return product(n, s.same), nil
	}
	var sum int64
	for ; n > 0; n-- {
		b, err := s.file.at(s.off+s.next*s.bits/8, int(max(1, s.bits/8)))
		if err != nil {
			return 0, err
		}
		switch s.bits {
		case 4:
			sum += int64(b[0] >> (4 * (1 - s.next%2)) & 15)
		case 8:
			sum += int64(b[0])
		case 16:
			sum += int64(binary.BigEndian.Uint16(b))
		case 32:
			sum += int64(binary.BigEndian.Uint32(b))
		}
		s.next++
	}
	return sum, nil
}

// product is a size in bytes; one beyond all files is as good as any other.
func product(count, size uint32) int64 { return int64(min(uint64(count)*uint64(size), 1<<62)) }

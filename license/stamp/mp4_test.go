package stamp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"commonseed/license"
)

var mp4Samples = []string{
	"m4a-cover.m4a", "video-plain.mp4", "video-faststart.mp4", "video-co64.mp4", "video-free.mp4",
	"video-fragments.mp4", "video-sidx.mp4", "video-dash.mp4", "video-encrypted.mp4",
	"video-quicktime.mov", "video-pcm.mov",
}

// The samples were made with ffmpeg from its test sources (testsrc, sine), with
// -bitexact: video-plain as it comes; -movflags +faststart; frag_keyframe and
// empty_moov, with default_base_moof and global_sidx, or with dash; -moov_size
// 8000 for free; -encryption_scheme cenc-aes-ctr; use_metadata_tags for keys.
// In video-co64 the chunk offsets of video-faststart were widened by hand.

// mp4Cuts leaves cuts to TestMP4Cut: a file may end behind any fragment, and a
// stamped one behind its media.
func mp4Cuts([]byte, int) bool { return true }

func TestMP4Cut(t *testing.T) {
	for _, file := range mp4Samples {
		fresh := readSample(t, file)
		stamped, _ := stampBytes(t, fresh, fullNotice(byA), false)
		for _, data := range [][]byte{fresh, stamped} {
			fragments := bytes.Contains(data, []byte("moof"))
			for n := 1; n < len(data); n += 23 {
				cut := bytes.NewReader(data[:n])
				if _, err := patchOf(mp4Stamper{}, cut, int64(n), fullNotice(byA)); err != nil {
					continue
				}
				if !fragments && !bytes.Equal(mediaOf(t, mp4Stamper{}, data[:n]), mediaOf(t, mp4Stamper{}, data)) {
					t.Errorf("%s cut to %d of %d bytes is accepted", file, n, len(data))
				}
				if fragments && !boxEnds(t, data, n) {
					t.Errorf("%s cut to %d of %d bytes, inside a box, is accepted", file, n, len(data))
				}
			}
		}
	}
}

// boxEnds says whether a box ends at n, or did before some zeros.
func boxEnds(t *testing.T, data []byte, n int) bool {
	boxes, _, err := scanTop(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(boxes, func(b box) bool {
		return b.end <= int64(n) && len(bytes.Trim(data[b.end:n], "\x00")) == 0
	})
}

// TestMP4Shapes stamps files as other programs lay them out. The streams in them
// are those of the samples they were made of.
func TestMP4Shapes(t *testing.T) {
	video := streamHash(t, readSample(t, "video-plain.mp4"), ".mp4", "-c", "copy")
	for name, data := range mp4Shapes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, _ := stampBytes(t, data, fullNotice(byA), false)
			if again, _ := stampBytes(t, out, fullNotice(byA), false); !bytes.Equal(again, out) {
				t.Error("stamping again gives other bytes")
			}
			other, _ := stampBytes(t, out, fullNotice(byB), true)
			if back, _ := stampBytes(t, other, fullNotice(byA), true); !bytes.Equal(back, out) {
				t.Error("there and back gives other bytes")
			}
			if got := streamHash(t, out, ".mp4", "-c", "copy"); got != video {
				t.Errorf("ffmpeg reads other streams:\n%s\n%s", video, got)
			}
		})
	}
}

func mp4Shapes(t testing.TB) map[string][]byte {
	plain, fast := readSample(t, "video-plain.mp4"), readSample(t, "video-faststart.mp4")
	fragments := readSample(t, "video-fragments.mp4")
	packet, err := xmpMerge(nil, license.Notice{License: byA, Title: "Of old"})
	if err != nil {
		t.Fatal(err)
	}
	uuid := newBox("uuid"+uuidXMP, packet)
	return map[string][]byte{
		"media to the end":    sizeZero(t, fast, "mdat"),
		"index to the end":    sizeZero(t, plain, "moov"),
		"64-bit media":        wide(t, fast, "mdat"),
		"64-bit index":        wide(t, plain, "moov"),
		"packet before index": insertBefore(t, plain, "moov", uuid),
		"packet before media": shiftTables(t, insertBefore(t, fast, "mdat", uuid), len(uuid)),
		"packet to the end":   sizeZero(t, append(slices.Clone(plain), uuid...), "uuid"),
		"two packets":         slices.Concat(plain, uuid, uuid),
		"zeros behind":        append(slices.Clone(plain), make([]byte, 21)...),
		"fragments, no mfra":  fragments[:find(t, fragments, "mfra").off],
		"free at the end":     append(slices.Clone(plain), newBox("free", make([]byte, 50))...),
		"empty udta":          withUdta(t, plain, newBox("udta")),
		"closed udta":         withUdta(t, plain, newBox("udta", make([]byte, 4))),
		"udta with a name":    withUdta(t, plain, newBox("udta", newBox("name", []byte("Waves")), make([]byte, 4))),
		"udta with XMP":       withUdta(t, plain, newBox("udta", newBox("XMP_", packet))),
		"meta without items":  withUdta(t, plain, newBox("udta", newMeta(nil))),
	}
}

func find(t testing.TB, data []byte, kind string) box {
	t.Helper()
	boxes, _, err := scanTop(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(boxes, func(b box) bool { return b.kind[:4] == kind })
	if i < 0 {
		t.Fatalf("no %s box", kind)
	}
	return boxes[i]
}

// sizeZero lets the last box run to the end of the file.
func sizeZero(t testing.TB, data []byte, kind string) []byte {
	data = slices.Clone(data)
	copy(data[find(t, data, kind).off:], make([]byte, 4))
	return data
}

// wide gives a box a header with a 64-bit size; what is inside moves by 8.
func wide(t testing.TB, data []byte, kind string) []byte {
	b := find(t, data, kind)
	head := binary.BigEndian.AppendUint64([]byte("\x00\x00\x00\x01"+kind), uint64(b.end-b.off+8))
	out := slices.Concat(data[:b.off], head, data[b.body:])
	if kind == "mdat" {
		return shiftTables(t, out, 8)
	}
	return out
}

func insertBefore(t testing.TB, data []byte, kind string, what []byte) []byte {
	return slices.Insert(slices.Clone(data), int(find(t, data, kind).off), what...)
}

// shiftTables moves the 32-bit chunk offsets of a file by hand.
func shiftTables(t testing.TB, data []byte, by int) []byte {
	data = slices.Clone(data)
	tables := 0
	for at := 0; ; tables++ {
		i := bytes.Index(data[at:], []byte("stco\x00\x00\x00\x00"))
		if i < 0 {
			break
		}
		at += i + 12
		for n := int(binary.BigEndian.Uint32(data[at-4:])); n > 0; n, at = n-1, at+4 {
			binary.BigEndian.PutUint32(data[at:], binary.BigEndian.Uint32(data[at:])+uint32(by))
		}
	}
	if tables == 0 {
		t.Fatal("no chunk offsets")
	}
	return data
}

// withUdta puts another udta into moov, which must be the last box.
func withUdta(t testing.TB, data, udta []byte) []byte {
	moov, err := loadBox(bytes.NewReader(data), find(t, data, "moov"), 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	boxes, err := moov.children(0)
	if err != nil {
		t.Fatal(err)
	}
	var inside []byte
	for _, b := range boxes {
		if b.kind != "udta" {
			inside = append(inside, b.data...)
		}
	}
	return append(slices.Clone(data[:moov.off]), newBox("moov", inside, udta)...)
}

func TestMP4Refused(t *testing.T) {
	plain, fast := readSample(t, "video-plain.mp4"), readSample(t, "video-faststart.mp4")
	moov, mdat := find(t, plain, "moov"), find(t, plain, "mdat")
	items := newBox("meta", make([]byte, 4), newBox("hdlr", make([]byte, 24)), newBox("iloc", make([]byte, 8)))
	dref := bytes.Replace(plain, []byte("\x0curl \x00\x00\x00\x01"), []byte("\x0curl \x00\x00\x00\x00"), 1)
	elsewhere := bytes.Index(dref, []byte("url \x00\x00\x00\x00"))
	for name, c := range map[string]struct {
		data []byte
		want error // nil: an UnsupportedError
	}{
		"no index":            {plain[:moov.off], ErrTruncated},
		"index cut short":     {plain[:len(plain)-1], ErrTruncated},
		"media cut short":     {fast[:len(fast)-1], ErrTruncated},
		"no media":            {slices.Concat(plain[:mdat.off], plain[moov.off:]), ErrMalformed},
		"two indexes":         {slices.Concat(plain, plain[moov.off:]), ErrMalformed},
		"content credential":  {slices.Concat(plain, newBox("uuid"+uuidC2PA, []byte("manifest"))), nil},
		"items":               {append(shiftTables(t, insertBefore(t, fast, "mdat", items), len(items)), 0), nil},
		"chunk beyond":        {shiftTables(t, plain, 1<<20), ErrTruncated},
		"chunk in the index":  {shiftTables(t, plain, int(moov.off)), nil},
		"box of seven bytes":  {slices.Concat(plain, []byte("\x00\x00\x00\x07free")), ErrMalformed},
		"compressed index":    {slices.Concat(plain[:moov.off], newBox("moov", newBox("cmov", make([]byte, 8)))), nil},
		"many boxes in index": {slices.Concat(plain[:moov.off], newBox("moov", bytes.Repeat(newBox("free"), maxChildren+1))), ErrMalformed},
	} {
		_, err := Prepare(bytes.NewReader(c.data), int64(len(c.data)), fullNotice(byA), false)
		if c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.As(err, new(*UnsupportedError)) && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if elsewhere < 0 {
		t.Fatal("no data reference")
	}
}

// hugeFile is a file that is mostly a hole, and counts what is read of it.
type hugeFile struct {
	head, tail []byte
	size       int64
	read       int64
}

func (h *hugeFile) ReadAt(b []byte, off int64) (int, error) {
	n := int(min(int64(len(b)), max(h.size-off, 0)))
	h.read += int64(n)
	clear(b[:n])
	if off < int64(len(h.head)) {
		copy(b[:n], h.head[off:])
	}
	if from := h.size - int64(len(h.tail)); off+int64(n) > from {
		skip := max(from-off, 0)
		copy(b[skip:n], h.tail[max(off-from, 0):])
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// TestMP4Huge stamps files of 50 GB: only their indexes are read.
func TestMP4Huge(t *testing.T) {
	const size = 50 << 30
	plain, fast := readSample(t, "video-plain.mp4"), readSample(t, "video-co64.mp4")
	head := func(data []byte, end int64, length int64) []byte {
		wide := binary.BigEndian.AppendUint64([]byte("\x00\x00\x00\x01mdat"), uint64(length))
		return append(slices.Clone(data[:end]), wide...)
	}
	index := plain[find(t, plain, "moov").off:]
	at := find(t, plain, "mdat").off
	files := map[string]*hugeFile{
		"index last":  {head: head(plain, at, size-at-int64(len(index))), tail: index, size: size},
		"index first": {head: head(fast, find(t, fast, "mdat").off, size-find(t, fast, "mdat").off), size: size},
		"to the end":  {head: sizeZero(t, fast, "mdat")[:find(t, fast, "mdat").body], size: size},
	}
	for name, f := range files {
		p, err := patchOf(mp4Stamper{}, f, size, fullNotice(byA))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.read > 10000 {
			t.Errorf("%s: read %d bytes", name, f.read)
		}
		var added int64
		for _, piece := range p {
			added += int64(len(piece.Data))
		}
		if grown := p.Size() - size; grown > 4000 || added > 8000 {
			t.Errorf("%s: grows by %d with %d new bytes", name, grown, added)
		}
		after := p.ReaderAt(f)
		again, err := patchOf(mp4Stamper{}, after, p.Size(), fullNotice(byA))
		if err != nil {
			t.Errorf("%s again: %v", name, err)
		} else if err := samePatch(Patch{}.keep(0, p.Size()), again, after); err != nil {
			t.Errorf("%s again: %v", name, err)
		}
	}
}

// TestMP4FourGiB refuses to move media that 32-bit offsets could not reach.
func TestMP4FourGiB(t *testing.T) {
	fast := readSample(t, "video-faststart.mp4")
	mdat := find(t, fast, "mdat")
	var last int64 // the offset of the last chunk
	for _, track := range mustOpen(t, fast).tracks() {
		stco, _, err := track.path("mdia/minf/stbl/stco")
		if err != nil {
			t.Fatal(err)
		}
		table, err := tableOf(stco, 4)
		if err != nil {
			t.Fatal(err)
		}
		last = max(last, getOffset(table[len(table)-4:], 4))
	}
	f := &hugeFile{head: shiftTables(t, fast[:mdat.body], int(math.MaxUint32-last)), size: 6 << 30}
	copy(f.head[mdat.off:], make([]byte, 4))
	_, err := patchOf(mp4Stamper{}, f, f.size, fullNotice(byA))
	if !errors.As(err, new(*UnsupportedError)) || !strings.Contains(err.Error(), "4 GiB") {
		t.Errorf("got %v", err)
	}
}

func mustOpen(t testing.TB, data []byte) *movie {
	m, err := openMovie(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMP4Statements(t *testing.T) {
	plain := readSample(t, "video-plain.mp4")
	other := newBox("----", newBox("mean", make([]byte, 4), []byte("com.apple.iTunes")),
		newBox("name", make([]byte, 4), []byte("license")), itemData(byB.URL))
	items := slices.Concat(other, newBox("cprt", itemData("2020 Label. All rights reserved.")),
		newBox("\xa9cmt", itemData("Free under CC BY 4.0")), newBox("\xa9nam", itemData("CC BY-SA 4.0")))
	three := slices.Concat(make([]byte, 6), []byte("© 2020 Three"), []byte{0})
	data := withUdta(t, plain, newBox("udta", newBox("cprt", three), newMeta(items)))
	want := []Statement{
		{Place: "MP4 udta cprt", Text: "© 2020 Three"},
		{Place: "MP4 ----:LICENSE", Text: byB.URL, License: byB},
		{Place: "MP4 cprt", Text: "2020 Label. All rights reserved.", Reserves: true},
		{Place: "MP4 ©cmt", Text: "Free under CC BY 4.0", License: byA},
	}
	if got := readBack(t, data); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	for file, want := range map[string]Statement{
		"video-quicktime.mov": {Place: "MP4 udta ©cpy", Text: "2020 Somebody"},
		"video-keys.mp4":      {Place: "MP4 mdta copyright", Text: "2020 Somebody"},
	} {
		if got := readBack(t, readSample(t, file)); !slices.Contains(got, want) {
			t.Errorf("%s: got %+v", file, got)
		}
	}
}

func TestMP4Sniff(t *testing.T) {
	for head, want := range map[string]bool{
		"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00": true,
		"\x00\x00\x00\x18ftypqt  \x00\x00\x00\x00": true,
		"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00": false,
		"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00": false,
		"\x00\x00\x00\x14ftypjp2 \x00\x00\x00\x00": false,
		"\x00\x00\x00\x08wide\x00\x00\x10\x00mdat": true,
		"\x00\x00\x00\x08wide\x00\x00\x10\x00data": false,
		"\x00\x00\x10\x00moov\x00\x00\x00\x6cmvhd": true,
		"ftyp":              false,
		"some text or mdat": false,
	} {
		if got := (mp4Stamper{}).Sniff([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func FuzzMP4(f *testing.F) {
	for _, file := range append(mp4Samples, "video-keys.mp4") {
		f.Add(readSample(f, file))
	}
	for _, data := range mp4Shapes(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { mustProve(t, mp4Stamper{}, data) })
}

// mustProve calls every method; a patch for a file whose media can be found must
// prove, unless what the file says elsewhere stands against it.
func mustProve(t *testing.T, s Stamper, data []byte) {
	tryAll(t, s, data)
	src, size := bytes.NewReader(data), int64(len(data))
	p, err := patchOf(s, src, size, fullNotice(byA))
	if err != nil {
		return
	}
	if m, err := s.Open(src, size); err != nil {
		return
	} else if _, err := essenceOf(m, size); err != nil {
		return
	} else if _, err := m.Statements(); err != nil { // which Prepare asks for first
		return
	}
	if _, err := prove(s, src, size, p, fullNotice(byA), true); err != nil && !strings.Contains(err.Error(), " still says ") {
		t.Errorf("does not prove: %v", err)
	}
}

// TestMP4Auxiliary moves the auxiliary information of encrypted tracks: here
// moov begins with udta, so that saio points behind the edit, into moov itself.
func TestMP4Auxiliary(t *testing.T) {
	data := readSample(t, "video-encrypted.mp4")
	m := mustOpen(t, data)
	udta := newBox("udta", newMeta(nil))
	data = slices.Insert(slices.Clone(data), int(m.moov.body), udta...)
	copy(data[m.moov.off:], resize(m.moov.box, int64(len(udta))).data)
	data = shiftTables(t, data, len(udta))
	for _, at := range auxiliaries(t, data) {
		binary.BigEndian.PutUint32(data[at:], binary.BigEndian.Uint32(data[at:])+uint32(len(udta)))
	}
	out, _ := stampBytes(t, data, fullNotice(byA), false)
	before, after := auxiliaries(t, data), auxiliaries(t, out)
	if len(before) != 2 || len(after) != 2 {
		t.Fatalf("%d and %d tables", len(before), len(after))
	}
	for i := range before {
		was, is := binary.BigEndian.Uint32(data[before[i]:]), binary.BigEndian.Uint32(out[after[i]:])
		if is == was || !bytes.Equal(data[was:was+64], out[is:is+64]) {
			t.Errorf("track %d: auxiliary information at %d, was at %d", i, is, was)
		}
	}
	if want, got := streamHash(t, data, ".mp4", "-c", "copy"), streamHash(t, out, ".mp4", "-c", "copy"); got != want {
		t.Errorf("ffmpeg decrypts to other streams:\n%s\n%s", want, got)
	}
}

// auxiliaries are the places of saio's only entry in each track.
func auxiliaries(t *testing.T, data []byte) []int {
	var found []int
	for _, track := range mustOpen(t, data).tracks() {
		saio, ok, err := track.path("mdia/minf/stbl/saio")
		if err != nil || !ok {
			t.Fatal("no saio", err)
		}
		found = append(found, int(saio.end)-4)
	}
	return found
}

// TestMP4FragmentIndex follows the index of fragments, which players use to seek.
func TestMP4FragmentIndex(t *testing.T) {
	out, _ := stampBytes(t, readSample(t, "video-fragments.mp4"), fullNotice(byA), false)
	mfra, err := loadBox(bytes.NewReader(out), find(t, out, "mfra"), maxMoof)
	if err != nil || mfra.end != int64(len(out)) {
		t.Fatalf("mfra ends at %d of %d: %v", mfra.end, len(out), err)
	}
	boxes, err := mfra.children(0)
	if err != nil {
		t.Fatal(err)
	}
	entries := 0
	for _, b := range boxes {
		if b.kind != "tfra" {
			continue
		}
		_, _, rest, err := b.full()
		if err != nil {
			t.Fatal(err)
		}
		const width, stride = 8, 19 // version 1, and three numbers of a byte each
		for rest = rest[12:]; len(rest) >= stride; rest = rest[stride:] {
			at := getOffset(rest[width:], width)
			if at+8 > int64(len(out)) || string(out[at+4:at+8]) != "moof" {
				t.Errorf("no fragment at %d", at)
			}
			entries++
		}
	}
	if entries < 4 {
		t.Errorf("%d entries", entries)
	}
}

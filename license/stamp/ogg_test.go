package stamp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

// oggPages takes a file apart.
func oggPages(t testing.TB, data []byte) []*oggPage {
	t.Helper()
	var pages []*oggPage
	for off := int64(0); off < int64(len(data)); {
		page, err := readOggPage(&window{src: bytes.NewReader(data), size: int64(len(data))}, off)
		if err != nil {
			t.Fatal(err)
		}
		page.data = bytes.Clone(page.data)
		pages = append(pages, page)
		off += page.Len
	}
	return pages
}

// resum gives a changed page its right sum.
func resum(page []byte) []byte {
	page = bytes.Clone(page)
	binary.LittleEndian.PutUint32(page[oggSequence+4:], oggSum(page))
	return page
}

func join(pages ...[]byte) string { return string(bytes.Join(pages, nil)) }

// manyPages is a creator's name that takes more than two pages.
var manyPages = strings.Repeat("Åse Ñuño and ", 10_000)

// TestOggRenumbers grows the comments by some pages: sequence numbers stay
// without a gap, granule positions, flags and bodies of the audio stay as they are.
func TestOggRenumbers(t *testing.T) {
	for _, s := range samples {
		if _, ok := s.stamper.(oggStamper); !ok {
			continue
		}
		t.Run(s.file, func(t *testing.T) {
			data := readSample(t, s.file)
			n := fullNotice(byA)
			n.Creator = manyPages
			out, _ := stampBytes(t, data, n, false)
			before, after := oggPages(t, data), oggPages(t, out)
			moved := len(after) - len(before)
			if moved < 2 {
				t.Fatalf("%d pages become %d", len(before), len(after))
			}
			for i, page := range after {
				if page.sequence() != uint32(i) {
					t.Errorf("page %d has the number %d", i, page.sequence())
				}
			}
			old, last := before[len(before)-1], after[len(after)-1]
			if !bytes.Equal(old.data[:oggSequence], last.data[:oggSequence]) || !bytes.Equal(old.data[oggCounts:], last.data[oggCounts:]) {
				t.Error("an audio page changed")
			}
			conformRelicense(t, s, data)
			if back, _ := stampBytes(t, out, fullNotice(byA), false); len(oggPages(t, back)) != len(before) {
				t.Error("pages do not become fewer again")
			}
		})
	}
}

// TestOpusTrailing keeps what stands behind the comments (RFC 7845 §5.2).
func TestOpusTrailing(t *testing.T) {
	data := readSample(t, "audio/opus.opus")
	pages := oggPages(t, data)
	f, err := oggStamper{opus: true}.readHeaders(&window{src: bytes.NewReader(data), size: int64(len(data))})
	if err != nil {
		t.Fatal(err)
	}
	for _, trailing := range []string{"\x01keep this", "\x00\x00\x00", strings.Repeat("\x03", 70_000)} {
		packet := "OpusTags" + comments("TITLE=x") + trailing
		headers := paginate(f.serial, 1, []byte(packet))
		audio := pages[len(pages)-1]
		moved := resum(append(audio.data[:oggSequence:oggSequence],
			append(binary.LittleEndian.AppendUint32(nil, uint32(1+len(headers))), audio.data[oggSequence+4:]...)...))
		file := join(pages[0].data, bytes.Join(headers, nil), moved)
		out, _ := stampBytes(t, []byte(file), fullNotice(byA), false)
		g, err := oggStamper{opus: true}.readHeaders(&window{src: bytes.NewReader(out), size: int64(len(out))})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasSuffix(g.packets[0], []byte(trailing)) {
			t.Errorf("%.20q did not survive", trailing)
		}
	}
}

func TestPaginate(t *testing.T) {
	for _, sizes := range [][]int{{0}, {1}, {254}, {255}, {256}, {255 * 254}, {255 * 255}, {255*255 + 1}, {200_000}, {10, 20}, {255 * 255, 0, 300}, {255*254 + 100, 5}} {
		var packets [][]byte
		for i, n := range sizes {
			packets = append(packets, bytes.Repeat([]byte{byte('a' + i)}, n))
		}
		in := oggPackets{want: len(packets)}
		var off int64
		pages := paginate(7, 3, packets...)
		for i, data := range pages {
			page, err := readOggPage(&window{src: bytes.NewReader(data), size: int64(len(data))}, 0)
			if err != nil {
				t.Fatal(err)
			}
			page.Off = off
			off += page.Len
			if page.serial() != 7 || page.sequence() != uint32(3+i) {
				t.Errorf("%v: page %d has serial %d, number %d", sizes, i, page.serial(), page.sequence())
			}
			if full := len(page.lacing()) == oggSegments; !full && i < len(pages)-1 {
				t.Errorf("%v: page %d of %d is not full", sizes, i, len(pages))
			}
			if err := in.add(page); err != nil {
				t.Fatalf("%v: %v", sizes, err)
			}
			ends := slices.ContainsFunc(page.lacing(), func(lace byte) bool { return lace < 255 })
			if granule := int64(binary.LittleEndian.Uint64(data[6:])); granule != map[bool]int64{true: 0, false: -1}[ends] {
				t.Errorf("%v: page %d has granule position %d", sizes, i, granule)
			}
		}
		if got := bytes.Join(in.done, []byte("|")); !bytes.Equal(got, bytes.Join(packets, []byte("|"))) {
			t.Errorf("%v: packets do not come back", sizes)
		}
	}
}

func TestOggRefuses(t *testing.T) {
	unsupported := errors.New("unsupported")
	vorbis, opus := readSample(t, "audio/vorbis.ogg"), readSample(t, "audio/opus.opus")
	p, q := oggPages(t, vorbis), oggPages(t, opus)
	edit := func(page *oggPage, at int, b byte) []byte {
		data := bytes.Clone(page.data)
		data[at] = b
		return resum(data)
	}
	wrongSum := bytes.Clone(p[2].data)
	wrongSum[len(wrongSum)-1]++
	speex := oggHeaderPage(1, 0, false, true, []byte{80}, []byte("Speex   "+strings.Repeat("x", 72)))
	speex[5] = oggFirst
	flac := oggHeaderPage(1, 0, false, true, []byte{9}, []byte("\x7fFLACxxxx"))
	flac[5] = oggFirst
	last := p[2].data
	open := bytes.Clone(last)
	lace := oggHeadLen + len(p[2].lacing()) - 1
	open = append(open, bytes.Repeat([]byte{'x'}, 255-int(open[lace]))...)
	open[lace] = 255
	open = resum(open)
	for name, data := range map[string]string{"Speex": join(resum(speex), p[2].data), "FLAC": join(resum(flac), p[2].data)} {
		if got := Detect(strings.NewReader(data), int64(len(data))); got != (Sidecar{}) {
			t.Errorf("Ogg with %s: detected as %T", name, got)
		}
	}
	for _, c := range []struct {
		name, data string
		want       error
	}{
		{"chained", join(vorbis, vorbis), unsupported},
		{"chained Opus", join(opus, vorbis), unsupported},
		{"multiplexed", join(p[0].data, q[0].data, p[1].data, p[2].data), unsupported},
		{"other serial in the audio", join(p[0].data, p[1].data, edit(p[2], 14, last[14]+1)), unsupported},
		{"other serial in the headers", join(p[0].data, edit(p[1], 14, last[14]+1), p[2].data), unsupported},
		{"no last page", join(p[0].data, p[1].data, edit(p[2], 5, 0)), ErrTruncated},
		{"no audio", join(p[0].data, p[1].data), ErrTruncated},
		{"last packet goes on", join(p[0].data, p[1].data, open), ErrTruncated},
		{"headers are the end", join(p[0].data, edit(p[1], 5, oggLast)), ErrTruncated},
		{"first page is the end", join(edit(p[0], 5, oggFirst|oggLast)), ErrTruncated},
		{"first page is none", join(edit(p[0], 5, 0), p[1].data, p[2].data), ErrMalformed},
		{"wrong sum", join(p[0].data, p[1].data, wrongSum), ErrMalformed},
		{"no page", join(p[0].data, p[1].data) + strings.Repeat("x", 100), ErrMalformed},
		{"other version", join(p[0].data, p[1].data, edit(p[2], 4, 1)), ErrMalformed},
		{"junk behind", join(vorbis) + "junk", ErrMalformed},
		{"comments out of nowhere", join(p[0].data, edit(p[1], 5, oggContinued), p[2].data), ErrMalformed},
		{"no comments", join(p[0].data, edit(p[1], p[1].bodyAt(), 5), p[2].data), ErrMalformed},
		{"Opus and Vorbis", join(q[0].data, edit(q[1], q[1].bodyAt(), 'x'), q[2].data), ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Prepare(strings.NewReader(c.data), int64(len(c.data)), fullNotice(byA), false)
			if c.want == unsupported && errors.As(err, new(*UnsupportedError)) {
				return
			}
			if !errors.Is(err, c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
		})
	}
}

// TestOggAudioOnHeaderPage refuses audio where the headers should end a page.
func TestOggAudioOnHeaderPage(t *testing.T) {
	data := readSample(t, "audio/opus.opus")
	pages := oggPages(t, data)
	mixed := paginate(pages[0].serial(), 1, []byte("OpusTags"+comments("TITLE=x")), []byte("audio"))
	file := join(pages[0].data, mixed[0], pages[len(pages)-1].data)
	_, err := patchOf(oggStamper{opus: true}, strings.NewReader(file), int64(len(file)), fullNotice(byA))
	if !errors.Is(err, ErrMalformed) {
		t.Errorf("error is %v", err)
	}
}

// BenchmarkOggPatch shows the worst case: every page is renumbered.
func BenchmarkOggPatch(b *testing.B) {
	data := readSample(b, "audio/opus.opus")
	pages := oggPages(b, data)
	audio := bytes.Clone(pages[len(pages)-1].data)
	audio[5] = 0
	file := bytes.Join([][]byte{pages[0].data, pages[1].data, bytes.Repeat(resum(audio), 4000), pages[len(pages)-1].data}, nil)
	n := fullNotice(byA)
	n.Creator = manyPages
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := patchOf(oggStamper{opus: true}, bytes.NewReader(file), int64(len(file)), n); err != nil {
			b.Fatal(err)
		}
	}
}

package stamp

import (
	"encoding/binary"
	"fmt"
)

// The walk over MPEG audio frames (ISO/IEC 11172-3 §2.4, 13818-3 §2.4; MPEG 2.5
// is Fraunhofer's extension): it shows where the audio is, and that it is whole.

// mpegHeader is what the four bytes in front of a frame say.
type mpegHeader struct {
	version byte // the two bits of the header: 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5
	layer   int  // 1, 2 or 3
	rate    int  // sample rate, Hz
	mono    bool
	size    int64 // of the frame, header included; 0 for free format
}

// Bit rates in kbit/s by index: MPEG 1 layer I, II, III; MPEG 2 layer I; MPEG 2
// layer II and III (ISO/IEC 11172-3 §2.4.2.3, 13818-3 §2.4.2.3).
var mpegBitRates = [5][15]int64{
	{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
	{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
	{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
	{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
	{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
}

// parseMPEG reads a frame header from the first four bytes of b.
func parseMPEG(b []byte) (h mpegHeader, ok bool) {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe0 != 0xe0 {
		return h, false
	}
	h.version, h.layer = b[1]>>3&3, 4-int(b[1]>>1&3)
	bits, rate := b[2]>>4, b[2]>>2&3
	if h.version == 1 || h.layer == 4 || bits == 15 || rate == 3 || b[3]&3 == 2 {
		return h, false
	}
	h.rate = [3]int{44100, 48000, 32000}[rate]
	table := h.layer - 1
	if h.version != 3 {
		h.rate /= 2
		table = min(h.layer+2, 4)
	}
	if h.version == 0 {
		h.rate /= 2
	}
	h.mono = b[3]>>6 == 3
	h.size = h.frameSize(mpegBitRates[table][bits]*1000, int64(b[2]>>1&1))
	return h, true
}

// frameSize computes the length of a frame (ISO/IEC 11172-3 §2.4.3.1).
func (h mpegHeader) frameSize(bitRate, padding int64) int64 {
	if bitRate == 0 {
		return 0
	}
	switch {
	case h.layer == 1:
		return (12*bitRate/int64(h.rate) + padding) * 4
	case h.layer == 3 && h.version != 3:
		return 72*bitRate/int64(h.rate) + padding
	}
	return 144*bitRate/int64(h.rate) + padding
}

// same says whether two frames may follow each other.
func (h mpegHeader) same(o mpegHeader) bool {
	return h.version == o.version && h.layer == o.layer && h.rate == o.rate
}

// maxJunk bounds what may stand between, before and after the frames of a file:
// zeros that a tagger left, half a tag, a damaged spot.
const maxJunk = 256 << 10

// mpegAudio is what a walk found.
type mpegAudio struct {
	Range        // from the first frame to the end of the last
	frames int64 // including an Xing, Info or VBRI frame
}

// mpegWalk walks the frames between start and end.
type mpegWalk struct {
	w    *window
	end  int64
	junk int64 // bytes skipped so far
}

// walkMPEG finds the audio between two offsets of a file. A last frame that is
// cut short is ErrTruncated, and so are frames that a Xing or VBRI header counts
// but that are not there. A file without such a header that was cut exactly
// between two frames cannot be told from a shorter one.
func walkMPEG(w *window, start, end int64) (mpegAudio, error) {
	walk := mpegWalk{w: w, end: end}
	pos, h, err := walk.first(start)
	if err != nil {
		return mpegAudio{}, err
	}
	audio := mpegAudio{Range: Range{Off: pos}}
	first := h
	for {
		audio.frames++
		pos += h.size
		next, nh, err := walk.next(pos, h)
		if err != nil {
			return mpegAudio{}, err
		}
		if next < 0 {
			break
		}
		pos, h = next, nh
	}
	audio.Len = pos - audio.Off
	return audio, checkCounts(w, first, audio)
}

// header reads a frame header at pos, if there is one before the end.
func (walk *mpegWalk) header(pos int64) (mpegHeader, bool, error) {
	if pos > walk.end-4 {
		return mpegHeader{}, false, nil
	}
	b, err := walk.w.at(pos, 4)
	if err != nil {
		return mpegHeader{}, false, err
	}
	h, ok := parseMPEG(b)
	return h, ok, nil
}

// first finds the first frame.
func (walk *mpegWalk) first(start int64) (int64, mpegHeader, error) {
	pos, err := walk.skipZeros(start)
	if err != nil {
		return 0, mpegHeader{}, err
	}
	if pos == walk.end {
		return 0, mpegHeader{}, fmt.Errorf("no audio behind the tag: %w", ErrTruncated)
	}
	h, ok, err := walk.header(pos)
	if err != nil {
		return 0, h, err
	}
	if ok && h.size == 0 {
		return 0, h, &UnsupportedError{"mp3", "its frames are of free format"}
	}
	if ok && h.size > walk.end-pos {
		return 0, h, fmt.Errorf("first audio frame at byte %d: %w", pos, ErrTruncated)
	}
	found, h, err := walk.sync(pos, nil)
	if err != nil {
		return 0, h, err
	}
	if found < 0 {
		return 0, h, fmt.Errorf("no MPEG audio frame at byte %d or after it: %w", pos, ErrMalformed)
	}
	return found, h, nil
}

// skipZeros goes past the zeros at pos, as far as junk is allowed.
func (walk *mpegWalk) skipZeros(pos int64) (int64, error) {
	for ; pos < walk.end && walk.junk <= maxJunk; walk.junk++ {
		b, err := walk.w.at(pos, 1)
		if err != nil {
			return 0, err
		}
		if b[0] != 0 {
			break
		}
		pos++
	}
	return pos, nil
}

// next finds the frame that follows one like h, at pos or behind some junk. It
// answers -1 if pos is the end of the audio.
func (walk *mpegWalk) next(pos int64, h mpegHeader) (int64, mpegHeader, error) {
	if pos > walk.end {
		return 0, h, fmt.Errorf("audio frame at byte %d has %d of %d bytes: %w",
			pos-h.size, walk.end-(pos-h.size), h.size, ErrTruncated)
	}
	if pos == walk.end {
		return -1, h, nil
	}
	nh, ok, err := walk.header(pos)
	if err != nil || ok && nh.size > 0 && nh.same(h) {
		return pos, nh, err
	}
	if rest := walk.end - pos; rest < 4 {
		b, err := walk.w.at(pos, int(rest))
		if err != nil {
			return 0, h, err
		}
		if b[0] == 0xff && (rest == 1 || b[1]&0xe0 == 0xe0) { // the beginning of a header
			return 0, h, fmt.Errorf("audio frame at byte %d has %d bytes: %w", pos, rest, ErrTruncated)
		}
	}
	return walk.sync(pos, &h)
}

// sync looks from pos on for a frame that another like it, or the end of the
// audio, follows. It answers -1 if there is none. Before is nil at the start.
func (walk *mpegWalk) sync(pos int64, before *mpegHeader) (int64, mpegHeader, error) {
	for ; pos <= walk.end-4; pos++ {
		h, ok, err := walk.header(pos)
		if err != nil {
			return 0, h, err
		}
		if ok && h.size > 0 {
			sure, err := walk.confirm(pos+h.size, h)
			if err != nil || sure {
				return pos, h, err
			}
		}
		if walk.junk++; walk.junk > maxJunk {
			return 0, h, fmt.Errorf("more than %d bytes are no MPEG audio, up to byte %d: %w", maxJunk, pos, ErrMalformed)
		}
	}
	return -1, mpegHeader{}, nil
}

// confirm says whether a frame that would end at pos is one.
func (walk *mpegWalk) confirm(pos int64, h mpegHeader) (bool, error) {
	if pos >= walk.end {
		return pos == walk.end, nil
	}
	next, ok, err := walk.header(pos)
	return ok && next.same(h), err
}

// checkCounts compares the frames found with those that the first one counts.
func checkCounts(w *window, first mpegHeader, audio mpegAudio) error {
	b, err := w.at(audio.Off, int(first.size))
	if err != nil {
		return err
	}
	frames, length, ok := mpegCounts(b, first)
	if !ok {
		return nil
	}
	// Some encoders count the frame that holds the counts, most do not. If one
	// may be missing, the length decides.
	missing := audio.frames < frames || audio.frames == frames && length > audio.Len
	if missing {
		return fmt.Errorf("%d of %d audio frames: %w", audio.frames-1, frames, ErrTruncated)
	}
	return nil
}

// mpegCounts reads the number of frames and bytes from a Xing, Info or VBRI
// header. Length is 0 if it is not given.
func mpegCounts(b []byte, h mpegHeader) (frames, length int64, ok bool) {
	const vbri = 4 + 32
	if len(b) >= vbri+18 && string(b[vbri:vbri+4]) == "VBRI" {
		b = b[vbri:]
		return int64(binary.BigEndian.Uint32(b[14:])), int64(binary.BigEndian.Uint32(b[10:])), true
	}
	for _, checksum := range []int{0, 2} {
		at := 4 + h.sideInfo() + checksum
		if len(b) < at+16 || string(b[at:at+4]) != "Xing" && string(b[at:at+4]) != "Info" {
			continue
		}
		flags, counts := b[at+7], b[at+8:]
		if flags&1 == 0 {
			return 0, 0, false
		}
		if flags&2 != 0 {
			length = int64(binary.BigEndian.Uint32(counts[4:]))
		}
		return int64(binary.BigEndian.Uint32(counts)), length, true
	}
	return 0, 0, false
}

// sideInfo is the length of layer III side information (ISO/IEC 11172-3
// §2.4.1.7), behind which Xing put the header.
func (h mpegHeader) sideInfo() int {
	switch {
	case h.version == 3 && !h.mono:
		return 32
	case h.version != 3 && h.mono:
		return 9
	}
	return 17
}

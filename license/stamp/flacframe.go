package stamp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// Whether the audio of a FLAC file is whole: its last frame must end the file
// with the right checksum, and its frames must hold as many samples as STREAMINFO
// counts. Nothing between the first and the last frame is read.

const (
	// maxFLACFrame is more than the largest frame: 65535 samples of 32 bits in
	// eight channels, not compressed at all.
	maxFLACFrame = 65536*8*4 + 4096
	// maxFLACSums bounds the bytes summed up in search of the last frame.
	maxFLACSums = 16 * maxFLACFrame
)

// flacInfo is what STREAMINFO says (RFC 9639 §8.2).
type flacInfo struct {
	minBlock, maxBlock uint64 // samples
	total              uint64 // samples; 0 if unknown
}

func parseFLACInfo(b []byte) flacInfo {
	return flacInfo{
		minBlock: uint64(binary.BigEndian.Uint16(b)),
		maxBlock: uint64(binary.BigEndian.Uint16(b[2:])),
		total:    binary.BigEndian.Uint64(b[10:]) & (1<<36 - 1),
	}
}

// flacHead is what a frame header says (RFC 9639 §9.1).
type flacHead struct {
	variable bool   // number counts samples, not frames
	number   uint64 // of the frame, or of its first sample
	block    uint64 // samples in the frame
}

// start is the number of the frame's first sample.
func (h flacHead) start(info flacInfo) uint64 {
	if h.variable {
		return h.number
	}
	return h.number * info.maxBlock
}

// checkFLACFrames shows that the audio frames in a range are whole.
func checkFLACFrames(src io.ReaderAt, frames Range, info []byte) error {
	head, err := readAt(src, frames.Off, int(min(frames.Len, 16)))
	if err != nil {
		return err
	}
	first, ok := parseFLACHead(head)
	if !ok && len(head) < 16 {
		return fmt.Errorf("FLAC frames of %d bytes: %w", frames.Len, ErrTruncated)
	}
	if !ok {
		return fmt.Errorf("no FLAC frame at byte %d: %w", frames.Off, ErrMalformed)
	}
	last, err := lastFLACFrame(src, frames)
	if err != nil {
		return err
	}
	return countFLACSamples(parseFLACInfo(info), first, last)
}

// lastFLACFrame finds the frame that ends a range.
func lastFLACFrame(src io.ReaderAt, frames Range) (flacHead, error) {
	length := min(frames.Len, maxFLACFrame)
	tail, err := readAt(src, frames.Off+frames.Len-length, int(length))
	if err != nil {
		return flacHead{}, err
	}
	var summed int
	for at := len(tail); summed < maxFLACSums; {
		at = bytes.LastIndexByte(tail[:at], 0xff)
		if at < 0 {
			break
		}
		head, ok := parseFLACHead(tail[at:])
		if !ok {
			continue
		}
		if summed += len(tail) - at; crc16(tail[at:]) == 0 {
			return head, nil
		}
	}
	return flacHead{}, fmt.Errorf("no whole FLAC frame ends the audio at byte %d: %w", frames.Off+frames.Len, ErrTruncated)
}

// countFLACSamples compares the samples from the first to the last frame with
// what STREAMINFO says, where that can be known. Where it says less, the frames
// are believed.
func countFLACSamples(info flacInfo, first, last flacHead) error {
	fixed := !first.variable && !last.variable && info.minBlock == info.maxBlock
	if info.total == 0 || !fixed && !(first.variable && last.variable) {
		return nil
	}
	if got := last.start(info) + last.block - first.start(info); got < info.total {
		return fmt.Errorf("%d of %d FLAC samples: %w", got, info.total, ErrTruncated)
	}
	return nil
}

// parseFLACHead reads a frame header and checks its sum.
func parseFLACHead(b []byte) (h flacHead, ok bool) {
	if len(b) < 6 || b[0] != 0xff || b[1]&0xfe != 0xf8 {
		return h, false
	}
	block, rate, channels, depth := b[2]>>4, b[2]&15, b[3]>>4, b[3]>>1&7
	if block == 0 || rate == 15 || channels > 10 || depth == 3 || b[3]&1 != 0 {
		return h, false
	}
	h.variable = b[1]&1 != 0
	number, n := codedNumber(b[4:])
	if n == 0 {
		return h, false
	}
	h.number = number
	at := 4 + n
	blockLen, rateLen := extraBytes(block == 6, block == 7), extraBytes(rate == 12, rate == 13 || rate == 14)
	if len(b) < at+blockLen+rateLen+1 {
		return h, false
	}
	h.block = blockSize(block, b[at:at+blockLen])
	at += blockLen + rateLen
	return h, crc8(b[:at]) == b[at]
}

func extraBytes(one, two bool) int {
	switch {
	case one:
		return 1
	case two:
		return 2
	}
	return 0
}

// blockSize reads the number of samples (RFC 9639 §9.1.1).
func blockSize(code byte, extra []byte) uint64 {
	switch {
	case code == 1:
		return 192
	case code <= 5:
		return 144 << code
	case code == 6:
		return uint64(extra[0]) + 1
	case code == 7:
		return uint64(binary.BigEndian.Uint16(extra)) + 1
	}
	return 1 << code
}

// codedNumber reads a number coded like UTF-8, of up to 36 bits (RFC 9639
// §9.1.5). It answers 0 bytes if there is none.
func codedNumber(b []byte) (number uint64, n int) {
	first := b[0]
	if first < 0x80 {
		return uint64(first), 1
	}
	for mask := byte(0x80); mask != 0 && first&mask != 0; mask >>= 1 {
		n++
	}
	if n < 2 || n > 7 || len(b) < n {
		return 0, 0
	}
	number = uint64(first) & (1<<(7-n) - 1)
	for _, c := range b[1:n] {
		if c&0xc0 != 0x80 {
			return 0, 0
		}
		number = number<<6 | uint64(c&0x3f)
	}
	return number, n
}

// crc8 is the sum of a frame header, with x^8+x^2+x+1 (RFC 9639 §9.1.8).
func crc8(b []byte) byte {
	var sum byte
	for _, c := range b {
		sum ^= c
		for range 8 {
			if sum&0x80 != 0 {
				sum = sum<<1 ^ 0x07
			} else {
				sum <<= 1
			}
		}
	}
	return sum
}

var crc16Table = func() (table [256]uint16) {
	for i := range table {
		sum := uint16(i) << 8
		for range 8 {
			if sum&0x8000 != 0 {
				sum = sum<<1 ^ 0x8005
			} else {
				sum <<= 1
			}
		}
		table[i] = sum
	}
	return table
}()

// crc16 is the sum of a frame, with x^16+x^15+x^2+1 (RFC 9639 §9.3). Over a frame
// with its own sum at the end it is 0, and zeros behind that change nothing: they
// are harmless, the samples are counted anyway.
func crc16(b []byte) uint16 {
	var sum uint16
	for _, c := range b {
		sum = sum<<8 ^ crc16Table[byte(sum>>8)^c]
	}
	return sum
}

package stamp

import "bytes"

// The two ways in which ID3v2 keeps 0xFF from being taken for the start of an
// audio frame: numbers of seven bits a byte, and zeros behind every 0xFF.

// syncsafe reads a number of four times seven bits (ID3v2.4 §6.2).
func syncsafe(b []byte) (int64, bool) {
	var n int64
	for _, c := range b[:4] {
		if c >= 0x80 {
			return 0, false
		}
		n = n<<7 | int64(c)
	}
	return n, true
}

func appendSyncsafe(b []byte, n int64) []byte {
	return append(b, byte(n>>21&0x7f), byte(n>>14&0x7f), byte(n>>7&0x7f), byte(n&0x7f))
}

// unsynchronise puts a zero behind every 0xFF that could be taken for the start
// of an audio frame (ID3v2.3 §5).
func unsynchronise(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i, c := range b {
		out = append(out, c)
		if c == 0xff && (i+1 == len(b) || b[i+1] >= 0xe0 || b[i+1] == 0) {
			out = append(out, 0)
		}
	}
	return out
}

// resynchronise undoes unsynchronise.
func resynchronise(b []byte) []byte {
	return bytes.ReplaceAll(b, []byte{0xff, 0}, []byte{0xff})
}

// id3Input reads the body of a tag and undoes its unsynchronisation on the way
// (ID3v2.3 §5), knowing at any time where in the file it stands.
type id3Input struct {
	raw    []byte
	pos    int   // in raw
	off    int64 // of raw in the file
	unsync bool
}

// take gives the next n bytes. The zero that follows an 0xFF belongs to it.
func (in *id3Input) take(n int) ([]byte, bool) {
	if n > len(in.raw)-in.pos {
		return nil, false
	}
	if !in.unsync {
		b := in.raw[in.pos:][:n:n]
		in.pos += n
		return b, true
	}
	b := make([]byte, 0, n)
	for len(b) < n {
		if in.pos >= len(in.raw) {
			return nil, false
		}
		c := in.raw[in.pos]
		in.pos++
		b = append(b, c)
		if c == 0xff && in.pos < len(in.raw) && in.raw[in.pos] == 0 {
			in.pos++
		}
	}
	return b, true
}

// padding says whether nothing but zeros is left.
func (in *id3Input) padding() bool {
	rest := in.raw[in.pos:]
	return len(rest) == 0 || rest[0] == 0 && len(bytes.Trim(rest, "\x00")) == 0
}

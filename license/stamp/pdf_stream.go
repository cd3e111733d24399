package stamp

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"strconv"
)

// Streams (ISO 32000-1 §7.3.8), and the objects that are kept inside them (§7.5.7).

// pdfMaxUnpacked bounds what is unpacked of a file in all, in bytes: enough for the
// places of a million objects.
const pdfMaxUnpacked = 6 << 20

// stream reads the stream that follows a dictionary, decoded.
func (f *pdfFile) stream(dict pdfValue, end int64) ([]byte, error) {
	head, err := readAt(f.src, end, int(min(32, f.size-end)))
	if err != nil {
		return nil, err
	}
	l := pdfLexer{b: head}
	l.skip()
	if l.word() != "stream" {
		return nil, malformed("PDF stream")
	}
	if l.at < len(head) && head[l.at] == '\r' {
		l.at++
	}
	if l.at < len(head) && head[l.at] == '\n' {
		l.at++
	}
	length, ok := dict.get("Length")
	if ok && length.kind == 'r' {
		if length, _, err = f.resolve(length); err != nil {
			return nil, err
		}
	}
	start := end + int64(l.at)
	if !ok || length.kind != 'i' || length.num < 0 || start > f.size-length.num {
		return nil, malformed("PDF stream length")
	}
	tooLarge := &UnsupportedError{"pdf", fmt.Sprintf("what must be read of it is larger than %d MiB", pdfMaxUnpacked>>20)}
	if length.num > f.unread {
		return nil, tooLarge
	}
	data, err := readAt(f.src, start, int(length.num))
	if err != nil {
		return nil, err
	}
	if data, err = pdfDecode(dict, data, f.unread); err != nil {
		return nil, err
	}
	if f.unread -= int64(len(data)); f.unread < 0 {
		return nil, tooLarge
	}
	return data, nil
}

// pdfDecode undoes FlateDecode (§7.4.4), the one filter that is known here. It
// gives one byte more than the limit at most.
func pdfDecode(dict pdfValue, data []byte, limit int64) ([]byte, error) {
	filter, ok := dict.get("Filter")
	if !ok {
		return data, nil
	}
	if filter.kind == 'a' && len(filter.array) == 0 {
		return data, nil
	}
	if filter.kind == 'a' && len(filter.array) == 1 {
		filter = filter.array[0]
	}
	if filter.name != "FlateDecode" {
		return nil, &UnsupportedError{"pdf", "a stream that must be read has a filter of its own"}
	}
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, malformed("PDF stream")
	}
	var unpacked bytes.Buffer
	if _, err := io.Copy(&unpacked, io.LimitReader(z, limit+1)); err != nil {
		return nil, malformed("PDF stream")
	}
	out := unpacked.Bytes()
	parms, ok := dict.get("DecodeParms")
	if ok && parms.kind == 'a' && len(parms.array) == 1 {
		parms = parms.array[0]
	}
	if predictor := parms.int("Predictor"); predictor > 1 {
		return pdfUnpredict(out, predictor, max(1, parms.int("Columns")))
	}
	return out, nil
}

// pdfUnpredict undoes the predictors of PNG for single bytes (§7.4.4.4).
func pdfUnpredict(data []byte, predictor, columns int64) ([]byte, error) {
	if predictor < 10 || columns > 1<<16 {
		return nil, &UnsupportedError{"pdf", "a stream that must be read has a predictor of its own"}
	}
	n := int(columns)
	out := make([]byte, 0, len(data))
	above := make([]byte, n)
	for len(data) > n {
		kind, row := data[0], data[1:1+n]
		for i := range row {
			var left, upLeft byte
			if i > 0 {
				left, upLeft = row[i-1], above[i-1]
			}
			switch kind {
			case 1:
				row[i] += left
			case 2:
				row[i] += above[i]
			case 3:
				row[i] += byte((int(left) + int(above[i])) / 2)
			case 4:
				row[i] += paeth(left, above[i], upLeft)
			}
		}
		out, above, data = append(out, row...), row, data[1+n:]
	}
	return out, nil
}

// paeth is the predictor of PNG §9.4.
func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	pa, pb, pc := abs(p-int(a)), abs(p-int(b)), abs(p-int(c))
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

func abs(n int) int { return max(n, -n) }

// inObjectStream reads an object that is kept inside a stream (§7.5.7).
func (f *pdfFile) inObjectStream(p pdfPlace) (pdfValue, error) {
	if f.opened.num != p.inside {
		if err := f.openObjectStream(p.inside); err != nil {
			return pdfValue{}, err
		}
	}
	data, first := f.opened.data, f.opened.first
	l := pdfLexer{b: data[:first]}
	for i := int64(0); ; i++ {
		l.skip()
		l.word()
		l.skip()
		off, err := strconv.ParseInt(l.word(), 10, 32)
		if err != nil || off < 0 || off > int64(len(data))-first {
			return pdfValue{}, malformed("PDF object stream")
		}
		if i == p.index {
			v, ok := (&pdfLexer{b: data, at: int(first + off)}).value()
			if !ok {
				return v, malformed("PDF object stream")
			}
			return v, nil
		}
	}
}

// pdfObjectStream is an object stream, unpacked.
type pdfObjectStream struct {
	num   int64
	data  []byte
	first int64 // where the first object begins
}

// openObjectStream unpacks an object stream. The last one is kept: what is wanted
// of a file often lies in one.
func (f *pdfFile) openObjectStream(num int64) error {
	outer, ok, err := f.place(num)
	if err != nil || !ok || outer.inside > 0 {
		return malformed("PDF object stream")
	}
	_, dict, end, err := f.objectAt(outer.off)
	if err != nil {
		return err
	}
	if l, _ := dict.get("Length"); l.kind == 'r' {
		if inner, _, _ := f.place(l.num); inner.inside > 0 {
			return malformed("PDF object stream")
		}
	}
	data, err := f.stream(dict, end)
	if err != nil {
		return err
	}
	first := dict.int("First")
	if first < 0 || first > int64(len(data)) {
		return malformed("PDF object stream")
	}
	f.opened = pdfObjectStream{num, data, first}
	return nil
}

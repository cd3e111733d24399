package stamp

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestPatchReaders(t *testing.T) {
	src := strings.NewReader("0123456789")
	for want, p := range map[string]Patch{
		"":           nil,
		"0123456789": Patch{}.keep(0, 4).keep(4, 6),
		"01new89":    Patch{}.keep(0, 2).add([]byte("new")).keep(8, 2),
		"newer":      Patch{}.add([]byte("new")).add([]byte("er")),
		"5678901234": Patch{}.keep(5, 5).keep(0, 5),
		"0x":         {{Range: Range{0, 1}}, {Range: Range{5, 0}}, {Data: []byte{}}, {Data: []byte("x")}},
		"99":         Patch{}.keep(9, 1).keep(9, 1),
	} {
		if err := iotest.TestReader(p.Reader(src), []byte(want)); err != nil {
			t.Errorf("%q: %v", want, err)
		}
		if err := p.check(10); err != nil || p.Size() != int64(len(want)) {
			t.Errorf("%q: size %d, %v", want, p.Size(), err)
		}
	}
	if joined := (Patch{}).keep(0, 4).keep(4, 6); len(joined) != 1 {
		t.Errorf("ranges are not joined: %v", joined)
	}
}

func TestPatchCheck(t *testing.T) {
	for _, r := range []Range{{-1, 2}, {0, 11}, {11, 0}, {5, -1}, {1 << 62, 1 << 62}} {
		if err := (Patch{{Range: r}}).check(10); err == nil {
			t.Errorf("%+v of 10 bytes is accepted", r)
		}
	}
}

// TestPatchShortSource finds a source that became shorter in the meantime.
func TestPatchShortSource(t *testing.T) {
	p := Patch{}.keep(0, 20)
	if _, err := io.ReadAll(p.Reader(strings.NewReader("short"))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error is %v", err)
	}
	if _, err := p.ReaderAt(strings.NewReader("short")).ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("a negative offset is accepted")
	}
}

// TestWindow reads across chunks, back and forth, and at the end.
func TestWindow(t *testing.T) {
	data := strings.Repeat("0123456789abcdef", windowSize/8)
	w := &window{src: strings.NewReader(data), size: int64(len(data))}
	for _, off := range []int{0, windowSize - 3, windowSize, 5, len(data) - 8} {
		b, err := w.at(int64(off), 8)
		if err != nil || string(b) != data[off:off+8] {
			t.Errorf("at %d: %q, %v", off, b, err)
		}
	}
	for _, off := range []int64{int64(len(data)) - 7, int64(len(data)), -1, 1 << 62} {
		if _, err := w.at(off, 8); !errors.Is(err, ErrTruncated) {
			t.Errorf("at %d: %v", off, err)
		}
	}
}

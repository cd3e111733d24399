package stamp

import (
	"bytes"
	"errors"
	"io"
	"math/rand"
	"strings"
	"testing"
)

func TestSamePatch(t *testing.T) {
	whole := Patch{}.keep(0, 10)
	for _, c := range []struct {
		p    Patch
		same bool
	}{
		{whole, true},
		{Patch{}.add([]byte("012")).keep(3, 7), true},
		{Patch{{Range: Range{0, 0}}, {Range: Range{0, 10}}, {Range: Range{4, 0}}}, true},
		{Patch{}.add([]byte("01x")).keep(3, 7), false},
		{Patch{}.keep(0, 9), false},
		{Patch{}.keep(1, 9).keep(0, 1), false},
		{Patch{}.keep(0, 11), false},
	} {
		err := samePatch(whole, c.p, strings.NewReader("0123456789"))
		if (err == nil) != c.same || err != nil && !errors.As(err, new(*differenceError)) {
			t.Errorf("%v: %v", c.p, err)
		}
	}
	if err := samePatch(whole, Patch{}.keep(1, 9).keep(0, 1), strings.NewReader("0")); err == nil || errors.As(err, new(*differenceError)) {
		t.Errorf("a source cut short: %v", err)
	}
}

// TestPatchOf takes random parts of a random patch.
func TestPatchOf(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	src := strings.NewReader("The tide goes out and leaves the licence on the sand.")
	for range 200 {
		var p, parts Patch
		for range 1 + rnd.Intn(6) {
			off := rnd.Int63n(src.Size())
			p = p.keep(off, rnd.Int63n(src.Size()-off)).add(make([]byte, rnd.Intn(4)))
		}
		patched, err := io.ReadAll(p.Reader(src))
		if err != nil {
			t.Fatal(err)
		}
		var want []byte
		for range 5 {
			off := rnd.Intn(len(patched) + 1)
			length := rnd.Intn(len(patched) - off + 1)
			want = append(want, patched[off:off+length]...)
			parts = append(parts, Piece{Range: Range{int64(off), int64(length)}})
		}
		if got, err := io.ReadAll(p.of(parts).Reader(src)); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v of %v: %q, %v; want %q", parts, p, got, err, want)
		}
	}
}

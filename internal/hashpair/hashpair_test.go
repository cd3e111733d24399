package hashpair

import (
	"crypto/sha1"
	"crypto/sha256"
	"math/rand/v2"
	"testing"
)

func random(seed byte, n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

// both runs a test with and without the processor's help.
func both(t *testing.T, test func(t *testing.T)) {
	t.Run("one at a time", func(t *testing.T) {
		defer without()()
		test(t)
	})
	t.Run("two at a time", func(t *testing.T) {
		if !Accelerated() {
			t.Skip("this processor has no instructions for SHA")
		}
		test(t)
	})
}

// check hashes two messages, cut into whole blocks and a rest, in every way there is.
func check(t *testing.T, p, q []byte, cut int) {
	t.Helper()
	var a, b SHA1
	a.Reset()
	b.Reset()
	i, j := min(cut, len(p))&^63, min(cut, len(q))&^63
	WriteSHA1(&a, &b, p[:i], q[:j])
	if a.Sum(p[i:]) != sha1.Sum(p) || b.Sum(q[j:]) != sha1.Sum(q) {
		t.Errorf("SHA-1 of %d and %d bytes, cut at %d", len(p), len(q), cut)
	}
	a.Reset()
	b.Reset()
	WriteSHA1(&a, &b, p[:i], q[:j])
	if sumA, sumB := SumSHA1(&a, &b, p[i:], q[j:]); sumA != sha1.Sum(p) || sumB != sha1.Sum(q) {
		t.Errorf("SumSHA1 of %d and %d bytes, cut at %d", len(p), len(q), cut)
	}
	var x, y SHA256
	x.Reset()
	y.Reset()
	WriteSHA256(&x, &y, p[:i], q[:j])
	if x.Sum(p[i:]) != sha256.Sum256(p) || y.Sum(q[j:]) != sha256.Sum256(q) {
		t.Errorf("SHA-256 of %d and %d bytes, cut at %d", len(p), len(q), cut)
	}
	if a, b := SumPair(p, q); a != sha256.Sum256(p) || b != sha256.Sum256(q) {
		t.Errorf("SumPair of %d and %d bytes", len(p), len(q))
	}
}

func TestHashesAreThoseOfTheStandardLibrary(t *testing.T) {
	both(t, func(t *testing.T) {
		data := random(1, 4000)
		for n := range 300 {
			check(t, data[:n], data[n:2*n], n/2)
			check(t, data[n:3*n], data[:n], n)
		}
		check(t, data, data, 1000)
	})
}

// TestMessagesGoOn: what is begun goes on after a pause, and after a Reset nothing of
// it is left.
func TestMessagesGoOn(t *testing.T) {
	both(t, func(t *testing.T) {
		data := random(2, 1<<20)
		var flat, block SHA256
		flat.Reset()
		for off := 0; off < len(data); off += 16 << 10 {
			part := data[off : off+16<<10]
			block.Reset()
			WriteSHA256(&flat, &block, part, part)
			if block.Sum(nil) != sha256.Sum256(part) {
				t.Fatalf("block at %d", off)
			}
		}
		if flat.Sum(nil) != sha256.Sum256(data) {
			t.Error("the whole")
		}
	})
}

func FuzzHashes(f *testing.F) {
	f.Add([]byte("abc"), []byte(""), 0)
	f.Add(random(3, 200), random(4, 129), 128)
	f.Add(random(5, 56), random(6, 55), 64)
	f.Fuzz(func(t *testing.T, p, q []byte, cut int) {
		check(t, p, q, max(cut, 0))
	})
}

func BenchmarkHashes(b *testing.B) {
	p, q := random(7, 16<<10), random(8, 16<<10)
	b.Run("SHA-1", func(b *testing.B) {
		var x, y SHA1
		x.Reset()
		y.Reset()
		b.SetBytes(32 << 10)
		for b.Loop() {
			WriteSHA1(&x, &y, p, q)
		}
	})
	b.Run("SHA-1 of the standard library", func(b *testing.B) {
		b.SetBytes(32 << 10)
		for b.Loop() {
			sha1.Sum(p)
			sha1.Sum(q)
		}
	})
	b.Run("SHA-256", func(b *testing.B) {
		b.SetBytes(32 << 10)
		for b.Loop() {
			SumPair(p, q)
		}
	})
	b.Run("SHA-256 of the standard library", func(b *testing.B) {
		b.SetBytes(32 << 10)
		for b.Loop() {
			sha256.Sum256(p)
			sha256.Sum256(q)
		}
	})
}

package inorder

import (
	"math/rand"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEachKeepsTheOrder(t *testing.T) {
	want := 0
	for i, square := range Each(500, func(i int) int {
		time.Sleep(time.Duration(rand.Intn(50)) * time.Microsecond)
		return i * i
	}) {
		if i != want || square != i*i {
			t.Fatalf("got %d, %d; want %d", i, square, want)
		}
		want++
	}
	if want != 500 {
		t.Errorf("%d results", want)
	}
	for range Each(0, func(int) int { return 0 }) {
		t.Error("something of nothing")
	}
}

// TestEachStops: after a break nothing is begun any more.
func TestEachStops(t *testing.T) {
	var begun atomic.Int64
	for i := range Each(1_000_000, func(int) int { begun.Add(1); return 0 }) {
		if i == 3 {
			break
		}
	}
	was := begun.Load()
	if time.Sleep(20 * time.Millisecond); begun.Load() != was || was == 1_000_000 {
		t.Errorf("%d begun, then %d", was, begun.Load())
	}
}

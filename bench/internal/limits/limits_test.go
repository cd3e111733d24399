package limits

import (
	"testing"

	"commonseed/publish/torrentfile"
)

// A limit that leaves work out would make everybody look slow.
func TestBothWaysHashTheSame(t *testing.T) {
	lengths := []int64{1, 64, 10_000, 16 << 10, 16<<10 + 1, 100_000, 1<<20 - 1, 3 << 16}
	for _, mode := range []torrentfile.Mode{torrentfile.Hybrid, torrentfile.V1, torrentfile.V2} {
		l := New(Memory(0), lengths, 64<<10, mode)
		for i := 0; i < len(l.pieces); i += 2 {
			a, b := l.lane(i), l.lane(i+1)
			s, u := both(a, b)
			if s != a.alone() || b.length() > 0 && u != b.alone() {
				t.Errorf("mode %d: pieces %d and %d are hashed to something else by pairs", mode, i, i+1)
			}
		}
	}
}

func TestPiecesOfEachMode(t *testing.T) {
	const pieceLength = 16 << 10
	lengths := []int64{10_000, 20_000}
	for mode, want := range map[torrentfile.Mode][]piece{
		torrentfile.Hybrid: {{pieceLength, 10_000}, {pieceLength, pieceLength}, {pieceLength, 20_000 - pieceLength}},
		torrentfile.V1:     {{pieceLength, 0}, {30_000 - pieceLength, 0}},
		torrentfile.V2:     {{0, 10_000}, {0, pieceLength}, {0, 20_000 - pieceLength}},
	} {
		got := New(nil, lengths, pieceLength, mode).pieces
		if len(got) != len(want) {
			t.Fatalf("mode %d: got %v, want %v", mode, got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("mode %d, piece %d: got %v, want %v", mode, i, got[i], want[i])
			}
		}
	}
}

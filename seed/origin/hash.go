package origin

import (
	"context"
	"crypto/sha1"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/anacrolix/torrent/merkle"
)

// hash reads the pieces that the given files take part in, and answers with the
// files that are in a piece that does not match.
func (t *torrent) hash(ctx context.Context, l *layout, stamps []stamp, files []int) (bad []int, err error) {
	pieces := l.piecesOf(files)
	t.checked.Store(l.payload - l.payloadIn(pieces))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	_, root := t.place()
	next := make(chan int)
	var mu sync.Mutex
	wrong := map[int]bool{}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 4) {
		wg.Go(func() {
			h := newPieceHasher(l, root, stamps, func(n int) { t.checked.Add(int64(n)) })
			defer h.close()
			for i := range next {
				ok, err := h.piece(ctx, i)
				if err != nil {
					cancel(err)
					continue
				}
				if !ok {
					mu.Lock()
					for _, seg := range l.segments(int64(i)*l.pieceLength, l.pieceSize(i)) {
						wrong[seg.file] = true
					}
					mu.Unlock()
				}
			}
		})
	}
	for _, i := range pieces {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	for i := range l.files {
		if wrong[i] && !l.files[i].pad {
			bad = append(bad, i)
		}
	}
	return bad, context.Cause(ctx)
}

// piecesOf lists the pieces that hold a byte of the files, in order.
func (l *layout) piecesOf(files []int) (pieces []int) {
	next := 0
	for _, i := range files {
		f := &l.files[i]
		if f.length == 0 {
			continue
		}
		first := int(f.offset / l.pieceLength)
		last := int((f.offset + f.length - 1) / l.pieceLength)
		for next = max(next, first); next <= last; next++ {
			pieces = append(pieces, next)
		}
	}
	return pieces
}

// payloadIn counts the bytes of pieces that are not padding.
func (l *layout) payloadIn(pieces []int) (n int64) {
	for _, i := range pieces {
		for _, seg := range l.segments(int64(i)*l.pieceLength, l.pieceSize(i)) {
			if !l.files[seg.file].pad {
				n += seg.n
			}
		}
	}
	return n
}

// pieceHasher hashes pieces with both hashes in one read. Not for concurrent use.
type pieceHasher struct {
	l      *layout
	root   string
	read   func(n int) // told how much payload was read
	stamps []stamp
	buf    []byte
	at     int // the open file
	open   *os.File
}

func newPieceHasher(l *layout, root string, stamps []stamp, read func(n int)) *pieceHasher {
	return &pieceHasher{l: l, root: root, read: read, stamps: stamps, buf: make([]byte, 256<<10), at: -1}
}

func (h *pieceHasher) close() {
	if h.open != nil {
		h.open.Close()
	}
}

// piece says whether piece i is right in every version of the torrent.
func (h *pieceHasher) piece(ctx context.Context, i int) (ok bool, err error) {
	l := h.l
	v1, v2 := sha1.New(), merkle.NewHash()
	segs := l.segments(int64(i)*l.pieceLength, l.pieceSize(i))
	for _, seg := range segs {
		pad := l.files[seg.file].pad
		err := h.each(ctx, seg, func(b []byte) {
			if l.hasV1 {
				v1.Write(b)
			}
			if l.hasV2 && !pad {
				v2.Write(b)
			}
			if !pad {
				h.read(len(b))
			}
		})
		if err != nil {
			return false, err
		}
	}
	if l.hasV1 && [sha1.Size]byte(v1.Sum(nil)) != l.v1Hash(i) {
		return false, nil
	}
	first := &l.files[segs[0].file]
	if !l.hasV2 || first.pad {
		return true, nil
	}
	want, padTo := l.v2Hash(i, first)
	if padTo == 0 {
		return hash32(v2.Sum(nil)) == want, nil
	}
	return hash32(v2.SumMinLength(nil, int(padTo))) == want, nil
}

// each hands a segment to do, a buffer at a time.
func (h *pieceHasher) each(ctx context.Context, seg segment, do func([]byte)) error {
	f := &h.l.files[seg.file]
	if f.pad {
		clear(h.buf)
	} else if err := h.reopen(seg.file); err != nil {
		return err
	}
	for seg.n > 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		b := h.buf[:min(seg.n, int64(len(h.buf)))]
		if !f.pad {
			if _, err := h.open.ReadAt(b, seg.off); err != nil {
				return fmt.Errorf("%q cannot be read: %w", f.path, err)
			}
		}
		do(b)
		seg.off += int64(len(b))
		seg.n -= int64(len(b))
	}
	return nil
}

// reopen makes open the file at index i, as the survey saw it.
func (h *pieceHasher) reopen(i int) error {
	if h.at == i {
		return nil
	}
	h.close()
	h.at, h.open = -1, nil
	f, s, err := openPayload(h.root, h.l.files[i].path)
	if err != nil {
		return fmt.Errorf("%q cannot be read: %w", h.l.files[i].path, err)
	}
	if s != h.stamps[i] {
		f.Close()
		return fmt.Errorf("%q: %w", h.l.files[i].path, errChanged)
	}
	h.at, h.open = i, f
	return nil
}

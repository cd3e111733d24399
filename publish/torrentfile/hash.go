package torrentfile

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"sync"
)

const (
	readSize = 256 << 10 // stays in a core's own cache between the read and both hashes
	unitSize = 2 << 20   // what a core takes at a time, unless one piece is longer
)

// kinds says which hashes are wanted. v2 needs a layout in which every file
// begins on a piece boundary.
type kinds struct{ v1, v2 bool }

// pieceSum is the SHA-1 of a piece with its pad (BEP 3), and its hash in the
// piece layer or, for a file not longer than a piece, the file's root (BEP 52).
type pieceSum struct {
	v1 [sha1Size]byte
	v2 digest
}

// hashPieces reads the payload in root once, on all cores, and hands the sums of
// each piece to found, which is called from many goroutines. Of a single-file
// layout root is the file itself. A core works on a run of whole pieces: it reads
// a stretch that fits its cache and feeds both hashes from it, so nothing is
// handed from core to core.
func hashPieces(ctx context.Context, root string, lay *layout, want kinds, progress func(int64), found func(piece int, sum pieceSum) error) error {
	step := int(max(1, unitSize/lay.pieceLength))
	meter := meter{report: progress}
	return parallel(ctx, lay.numPieces(), step, func() func(first, last int) error {
		h := &hasher{ctx: ctx, root: root, lay: lay, want: want, open: -1, sha1: sha1.New(), buf: make([]byte, readSize)}
		return func(first, last int) error {
			for piece := first; piece < last; piece++ {
				sum, err := h.piece(piece)
				if err == nil {
					err = found(piece, sum)
				}
				if err != nil {
					h.close()
					return err
				}
			}
			if err := h.close(); err != nil {
				return err
			}
			meter.add(h.read)
			h.read = 0
			return nil
		}
	})
}

// meter adds up what many goroutines have read, and reports it one at a time.
type meter struct {
	mu     sync.Mutex
	done   int64
	report func(int64)
}

func (m *meter) add(n int64) {
	if m.report == nil || n == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done += n
	m.report(m.done)
}

// hasher is what one core needs.
type hasher struct {
	ctx    context.Context
	root   string
	lay    *layout
	want   kinds
	sha1   hash.Hash
	buf    []byte
	spans  []span
	leaves []digest
	read   int64 // payload bytes since the last report
	open   int   // entry that file belongs to, -1 if none
	file   *os.File
}

func (h *hasher) piece(piece int) (sum pieceSum, err error) {
	h.sha1.Reset()
	h.leaves = h.leaves[:0]
	h.spans = h.lay.spans(h.spans[:0], piece)
	for _, s := range h.spans {
		if h.lay.entries[s.entry].pad {
			h.zeros(s.n)
		} else if err := h.span(s); err != nil {
			return sum, err
		}
	}
	if h.want.v1 {
		h.sha1.Sum(sum.v1[:0])
	}
	if h.want.v2 {
		levels := levelsFor(h.lay.pieceLength / blockSize)
		if h.lay.entries[h.spans[0].entry].length <= h.lay.pieceLength {
			levels = levelsFor(int64(len(h.leaves)))
		}
		sum.v2 = climb(h.leaves, levels, digest{})
	}
	return sum, nil
}

var zeroBlock [blockSize]byte

// zeros stands for a pad: SHA-1 covers it, the hash trees do not.
func (h *hasher) zeros(n int64) {
	for ; h.want.v1 && n > 0; n -= blockSize {
		h.sha1.Write(zeroBlock[:min(n, blockSize)])
	}
}

func (h *hasher) span(s span) error {
	if err := h.use(s.entry); err != nil {
		return err
	}
	for off, end := s.off, s.off+s.n; off < end; {
		if h.ctx.Err() != nil {
			return context.Cause(h.ctx)
		}
		part := h.buf[:min(end-off, readSize)]
		n, err := h.file.ReadAt(part, off)
		if n < len(part) {
			return h.readError(err)
		}
		h.hash(part)
		off += int64(n)
		h.read += int64(n)
	}
	return nil
}

// hash feeds one block after the other to both hashes, while it is in the
// innermost cache. In a v2 layout every stretch begins on a block boundary.
func (h *hasher) hash(part []byte) {
	for len(part) > 0 {
		block := part[:min(len(part), blockSize)]
		if h.want.v1 {
			h.sha1.Write(block)
		}
		if h.want.v2 {
			h.leaves = append(h.leaves, sha256.Sum256(block))
		}
		part = part[len(block):]
	}
}

func (h *hasher) name(entry int) string {
	return filepath.Join(h.root, filepath.FromSlash(h.lay.entries[entry].path))
}

// use makes file the open file of an entry.
func (h *hasher) use(entry int) error {
	if h.open == entry {
		return nil
	}
	if err := h.close(); err != nil {
		return err
	}
	f, err := os.Open(h.name(entry))
	if err != nil {
		return err
	}
	h.file, h.open = f, entry
	return nil
}

// close closes the open file, if any, and refuses it if it is not, or no longer,
// the file that was listed.
func (h *hasher) close() error {
	if h.open < 0 {
		return nil
	}
	name, want := h.name(h.open), h.lay.entries[h.open]
	h.open = -1
	st, err := h.file.Stat()
	if closeErr := h.file.Close(); err == nil {
		err = closeErr
	}
	switch {
	case err != nil:
		return err
	case !st.Mode().IsRegular():
		return fmt.Errorf("%s: is no longer a regular file", name)
	case st.Size() != want.length:
		return fmt.Errorf("%s: changed from %d to %d bytes while it was read", name, want.length, st.Size())
	case st.ModTime().UnixNano() != want.mtime:
		return fmt.Errorf("%s: was written to while it was read", name)
	}
	return nil
}

// readError explains a read that brought too few bytes.
func (h *hasher) readError(err error) error {
	name := h.name(h.open)
	if err == io.EOF {
		return fmt.Errorf("%s: became shorter while it was read", name)
	}
	return fmt.Errorf("%s: %w", name, err)
}

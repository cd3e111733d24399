package stamp

import (
	"errors"
	"fmt"
	"io"
)

// readAt reads exactly n bytes at off. The caller bounds n: by the size of the
// file, or by a limit of its own. A file that ends before gives ErrTruncated.
func readAt(src io.ReaderAt, off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 {
		return nil, fmt.Errorf("read of %d bytes at %d: %w", n, off, ErrMalformed)
	}
	b := make([]byte, n)
	got, err := src.ReadAt(b, off)
	if got == n {
		return b, nil
	}
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%d bytes at %d: %w", n, off, ErrTruncated)
	}
	return nil, fmt.Errorf("reading %d bytes at %d: %w", n, off, err)
}

// windowSize is how much a window reads at once.
const windowSize = 1 << 20

// window gives short looks into a file that is walked from front to back,
// reading it in large chunks.
type window struct {
	src  io.ReaderAt
	size int64 // of the file
	off  int64 // of buf in the file
	buf  []byte
}

// at returns n bytes at off, which stay valid until the next call. It is meant
// for n far below windowSize. Beyond the end of the file it gives ErrTruncated.
func (w *window) at(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || int64(n) > w.size || off > w.size-int64(n) {
		return nil, fmt.Errorf("%d bytes at %d of %d: %w", n, off, w.size, ErrTruncated)
	}
	if off < w.off || off+int64(n) > w.off+int64(len(w.buf)) {
		if err := w.fill(off, n); err != nil {
			return nil, err
		}
	}
	return w.buf[off-w.off:][:n:n], nil
}

func (w *window) fill(off int64, n int) error {
	want := int(min(int64(max(n, windowSize)), w.size-off))
	if cap(w.buf) < want {
		w.buf = make([]byte, want)
	}
	w.buf = w.buf[:want]
	got, err := w.src.ReadAt(w.buf, off)
	w.off, w.buf = off, w.buf[:got]
	if got == want {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%d bytes at %d: %w", want, off, ErrTruncated)
	}
	return fmt.Errorf("reading %d bytes at %d: %w", want, off, err)
}

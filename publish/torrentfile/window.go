package torrentfile

import (
	"io"
	"os"
	"unsafe"
)

const (
	windowSize = 2 << 20 // of a file, mapped at a time
	mapLeast   = 1 << 20 // shorter files are read: that is one call to the system
)

// window is a stretch of a file, mapped into memory: nothing is copied out of the
// page cache. The file may shrink meanwhile; see lost.
type window struct {
	owner *opened
	at    int64 // offset in the file of the system
	ahead int64 // how much less it is than that in the content
	mem   []byte
}

// bytes gives n bytes that lie at offset off of a content, or nil if they cannot be
// mapped. At most so many more than that are of interest.
func (w *window) bytes(owner *opened, off, n, most int64) []byte {
	fd, at, here := owner.Region(off)
	if here < n || owner.unmappable.Load() {
		return nil
	}
	if w.owner == owner && at >= w.at && at+n <= w.at+int64(len(w.mem)) {
		return w.mem[at-w.at:][:n]
	}
	w.close()
	from := at &^ int64(os.Getpagesize()-1)
	size := min(max(n, windowSize), most, here) + at - from
	mem, err := mmap(fd, from, int(size))
	if err != nil {
		owner.unmappable.Store(true)
		return nil
	}
	w.owner, w.at, w.ahead, w.mem = owner, from, off-at, mem
	return mem[at-from:][:n]
}

func (w *window) close() {
	if w.mem != nil {
		munmap(w.mem)
	}
	*w = window{}
}

// lost explains a fault at an address: nil if it does not lie in the window, or else
// why the file has no bytes there.
func (w *window) lost(addr uintptr) error {
	first := uintptr(unsafe.Pointer(unsafe.SliceData(w.mem)))
	if len(w.mem) == 0 || addr < first || addr-first >= uintptr(len(w.mem)) {
		return nil
	}
	off := w.at + w.ahead + int64(addr-first)
	if _, err := w.owner.ReadAt(make([]byte, 1), max(off, 0)); err != nil && err != io.EOF {
		return err
	}
	return w.owner.shorter()
}

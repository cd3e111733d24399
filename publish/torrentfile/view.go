package torrentfile

import (
	"slices"
	"sync"
	"unsafe"
)

const (
	viewSize  = 4 << 20     // of a file, mapped at a time
	viewSpill = stretchSize // and so much of the next view, for stretches that begin in one and end in the other
	viewsKept = 6           // that nobody uses just now, of a file that is gone through twice
	mapLeast  = 1 << 20     // shorter files are read: that is one call to the system
)

// views are the stretches of a file that are mapped into memory: nothing is copied out of
// the page cache. Runs and chain of the file share them, because most of what a view costs
// is that the system brings its pages into reach.
type views struct {
	kept int // viewsKept or, for a file that is gone through once, 0

	mu     sync.Mutex
	list   []*view // the one used last is the last
	closed bool
	// refused is set when the system has not mapped the file: it will not the next time.
	refused bool
}

// view is one of them. The file may shrink meanwhile; see worker.fault.
type view struct {
	fd    uintptr
	at    int64 // offset in the file of the system
	mem   []byte
	users int
}

// use gives the view that begins before, or with, offset at of an open file, and spills
// over far enough; nil if the system cannot map it. It is to be released.
func (v *views) use(fd uintptr, at int64) *view {
	v.mu.Lock()
	defer v.mu.Unlock()
	at &^= viewSize - 1
	i := slices.IndexFunc(v.list, func(w *view) bool { return w.fd == fd && w.at == at })
	if i < 0 {
		if v.refused {
			return nil
		}
		mem, err := mmap(fd, at, viewSize+viewSpill)
		if err != nil {
			v.refused = true
			return nil
		}
		i = len(v.list)
		v.list = append(v.list, &view{fd: fd, at: at, mem: mem})
	}
	w := v.list[i]
	w.users++
	v.list = append(slices.Delete(v.list, i, i+1), w)
	return w
}

// release gives a view back. Of those that nobody uses, the oldest go.
func (v *views) release(w *view) {
	v.mu.Lock()
	w.users--
	old := v.unused()
	v.mu.Unlock()
	for _, w := range old {
		munmap(w.mem) // takes its time: nobody is to wait for it
	}
}

// unused takes off the list what is not kept.
func (v *views) unused() (old []*view) {
	idle := 0
	for _, w := range slices.Backward(v.list) {
		if w.users > 0 {
			continue
		}
		if idle++; idle > v.kept || v.closed {
			old = append(old, w)
		}
	}
	v.list = slices.DeleteFunc(v.list, func(w *view) bool { return slices.Contains(old, w) })
	return old
}

// close unmaps what nobody uses; the rest goes when it is released.
func (v *views) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	for _, w := range v.unused() {
		munmap(w.mem)
	}
}

// holds says whether an address of memory lies in the view, and where in the file.
func (w *view) holds(addr uintptr) (at int64, ok bool) {
	first := uintptr(unsafe.Pointer(unsafe.SliceData(w.mem)))
	if addr < first || addr-first >= uintptr(len(w.mem)) {
		return 0, false
	}
	return w.at + int64(addr-first), true
}

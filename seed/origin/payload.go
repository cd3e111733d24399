package origin

import (
	"container/list"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"commonseed/internal/filestate"
)

// stamp tells one content of a file from another without reading it. The zero
// stamp is no file.
type stamp = filestate.State

var (
	errNotRegular = errors.New("is not a regular file")
	errChanged    = errors.New("changed since it was checked")
)

// exhausted says whether an error is about this process and not about the file.
func exhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// openPayload opens a file below root for reading, and nothing outside root,
// whatever links lie on the way. It never waits: a FIFO is refused.
func openPayload(root, path string) (*os.File, stamp, error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, stamp{}, err
	}
	defer r.Close()
	f, err := r.OpenFile(filepath.FromSlash(path), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, stamp{}, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return nil, stamp{}, err
	}
	return f, filestate.Of(fi), nil
}

// statPayload is the stamp of what openPayload would open.
func statPayload(root *os.Root, path string) (stamp, error) {
	fi, err := root.Stat(filepath.FromSlash(path))
	if err != nil {
		return stamp{}, err
	}
	if !fi.Mode().IsRegular() {
		return stamp{}, errNotRegular
	}
	return filestate.Of(fi), nil
}

// handles keeps a bounded number of payload files open for reading.
type handles struct {
	max int

	mu   sync.Mutex
	open map[handleKey]*list.Element
	idle *list.List // of *handle, most recently used first; in use or not
}

type handleKey struct {
	a    *awake
	file int
}

type handle struct {
	key   handleKey
	f     *os.File
	users int
	gone  bool // no longer in the cache: the last user closes it
}

func newHandles(limit int) *handles {
	return &handles{max: limit, open: map[handleKey]*list.Element{}, idle: list.New()}
}

// readAt fills the parts, one after the other, from a file of a at off. It fails
// with errChanged unless the file is still the one that was checked, also after
// the bytes were read.
func (h *handles) readAt(a *awake, file int, parts [][]byte, off int64) error {
	hd, err := h.acquire(a, file)
	if err != nil {
		return err
	}
	defer h.release(hd)
	if err := readParts(hd.f, parts, off); err != nil {
		if errors.Is(err, io.EOF) {
			err = errChanged
		}
		return err
	}
	fi, err := hd.f.Stat()
	if err == nil && filestate.Of(fi) != a.stamps[file] {
		err = errChanged
	}
	return err
}

func (h *handles) acquire(a *awake, file int) (*handle, error) {
	key := handleKey{a, file}
	if hd := h.cached(key); hd != nil {
		return hd, nil
	}
	_, root := a.t.place()
	f, _, err := openPayload(root, a.files[file].path)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	hd := &handle{key: key, f: f, users: 1}
	if h.open[key] != nil { // another reader was faster: this one is for us alone
		hd.gone = true
		return hd, nil
	}
	h.open[key] = h.idle.PushFront(hd)
	for h.idle.Len() > h.max {
		h.dropLocked(h.idle.Back())
	}
	return hd, nil
}

func (h *handles) cached(key handleKey) *handle {
	h.mu.Lock()
	defer h.mu.Unlock()
	el := h.open[key]
	if el == nil {
		return nil
	}
	h.idle.MoveToFront(el)
	hd := el.Value.(*handle)
	hd.users++
	return hd
}

func (h *handles) release(hd *handle) {
	h.mu.Lock()
	defer h.mu.Unlock()
	hd.users--
	if hd.gone && hd.users == 0 {
		hd.f.Close()
	}
}

func (h *handles) dropLocked(el *list.Element) {
	hd := h.idle.Remove(el).(*handle)
	delete(h.open, hd.key)
	hd.gone = true
	if hd.users == 0 {
		hd.f.Close()
	}
}

// forget closes all files of a; nil: of all torrents.
func (h *handles) forget(a *awake) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for el := h.idle.Front(); el != nil; {
		next := el.Next()
		if key := el.Value.(*handle).key; a == nil || key.a == a {
			h.dropLocked(el)
		}
		el = next
	}
}

// reading gathers the parts of the byte space that are wanted at once, so that
// what lies side by side in a file is read by one call, and each file looked at
// once after it was read.
type reading struct {
	a *awake

	file  int // of the parts
	off   int64
	size  int64
	parts [][]byte
	segs  []segment
}

// add has b filled with the byte space from off on: now, or by flush.
func (r *reading) add(b []byte, off int64) error {
	r.segs = r.a.appendSegments(r.segs[:0], off, int64(len(b)))
	for _, seg := range r.segs {
		part := b[:seg.n]
		b = b[seg.n:]
		if r.a.files[seg.file].pad {
			clear(part)
			continue
		}
		if len(r.parts) > 0 && (seg.file != r.file || seg.off != r.off+r.size) {
			if err := r.flush(); err != nil {
				return err
			}
		}
		if len(r.parts) == 0 {
			r.file, r.off, r.size = seg.file, seg.off, 0
		}
		r.parts = append(r.parts, part)
		r.size += seg.n
	}
	return nil
}

// flush reads what was gathered. Nothing of it may be used after an error, which
// names the file.
func (r *reading) flush() error {
	if len(r.parts) == 0 {
		return nil
	}
	err := r.a.handles.readAt(r.a, r.file, r.parts, r.off)
	r.parts = r.parts[:0]
	if err != nil {
		return &payloadError{r.file, r.a.files[r.file].path, err}
	}
	return nil
}

// payloadError is a file that could not be read as it was when it was checked.
type payloadError struct {
	file int
	path string
	err  error
}

func (e *payloadError) Error() string { return fmt.Sprintf("%q: %v", e.path, e.err) }
func (e *payloadError) Unwrap() error { return e.err }

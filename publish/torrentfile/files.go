package torrentfile

import (
	"maps"
	"slices"
	"sync"
)

// openFiles opens each file when the first byte of it is wanted, and closes it when
// all of them have been worked on.
type openFiles struct {
	lay     *layout
	open    func(entry int) (Content, error)
	work    func(entry int) int64 // how many bytes of an entry are worked on
	chained func(entry int) bool  // whether they are gone through twice

	mu    sync.Mutex
	files map[int]*opening
}

// opening is a file that is open, or is being opened by the one who asked first.
type opening struct {
	once sync.Once
	file opened
	err  error
}

// use gives an entry's content.
func (o *openFiles) use(entry int) (*opened, error) {
	o.mu.Lock()
	f := o.files[entry]
	if f == nil {
		e := o.lay.entries[entry]
		f = &opening{file: opened{path: e.path, entry: entry}}
		if f.file.left = o.work(entry); o.chained(entry) {
			f.file.kept = viewsKept
		}
		o.files[entry] = f
	}
	o.mu.Unlock()
	f.once.Do(func() { f.file.Content, f.err = o.open(entry) })
	if f.err != nil {
		return nil, f.err
	}
	return &f.file, nil
}

// worked notes that n bytes of a file are done with.
func (o *openFiles) worked(file *opened, n int64) error {
	o.mu.Lock()
	file.left -= n
	done := file.left == 0
	if done {
		delete(o.files, file.entry)
	}
	o.mu.Unlock()
	if done {
		return file.end()
	}
	return nil
}

// close closes what an error, or pieces that were skipped, left open.
func (o *openFiles) close() (err error) {
	for _, entry := range slices.Sorted(maps.Keys(o.files)) {
		if f := o.files[entry]; f.file.Content != nil {
			if closed := f.file.end(); err == nil {
				err = closed
			}
		}
	}
	return err
}

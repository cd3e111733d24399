//go:build !linux && !darwin

package torrentfile

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"commonseed/internal/filestate"
)

// onDisk is a file of a payload folder that was listed in this state.
type onDisk struct {
	*os.File
	was filestate.State
}

// openOnDisk opens a file that was listed.
func openOnDisk(name string, was filestate.State) (Content, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, bare(err))
	}
	return &onDisk{f, was}, nil
}

// ReadAt explains a read that brought too few bytes.
func (f *onDisk) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	if n < len(p) {
		err = readError(f.Name(), err)
	}
	return n, err
}

func (f *onDisk) Region(int64) (fd uintptr, at, n int64) { return 0, 0, 0 }

func (f *onDisk) Keep([]byte, int64) error { return nil }

// Close refuses a file that is not, or no longer, the one that was listed.
func (f *onDisk) Close() error {
	st, err := f.Stat()
	if closed := f.File.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return changed(f.Name(), f.was, filestate.Of(st), st.Mode())
}

// statFile asks the system about a file.
func statFile(name string) (filestate.State, fs.FileMode, error) {
	st, err := os.Stat(name)
	if err != nil {
		return filestate.State{}, 0, err
	}
	return filestate.Of(st), st.Mode(), nil
}

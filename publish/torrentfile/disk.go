package torrentfile

import (
	"errors"
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

// openOnDisk opens a file that was listed. If it was replaced by something else since,
// such as a named pipe, that is not waited for, and refused when it is closed.
func openOnDisk(name string, was filestate.State) (Content, error) {
	f, err := openRegular(name)
	if err != nil {
		return nil, err
	}
	return &onDisk{f, was}, nil
}

// ReadAt explains a read that brought too few bytes.
func (f *onDisk) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	if err == io.EOF {
		err = fmt.Errorf("%s: became shorter while it was read", f.Name())
	} else if err != nil {
		err = fmt.Errorf("%s: %w", f.Name(), bare(err))
	}
	return n, err
}

func (f *onDisk) Region(off int64) (fd uintptr, at, n int64) {
	return f.Fd(), off, f.was.Size - off
}

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
	return changed(f.Name(), f.was, st)
}

// changed says what has happened to a file since it was listed, nil if nothing.
func changed(name string, was filestate.State, st fs.FileInfo) error {
	switch is := filestate.Of(st); {
	case !st.Mode().IsRegular():
		return fmt.Errorf("%s: is no longer a regular file", name)
	case is.Size != was.Size:
		return fmt.Errorf("%s: changed from %d to %d bytes while it was read", name, was.Size, is.Size)
	case is != was:
		return fmt.Errorf("%s: was written to while it was read", name)
	}
	return nil
}

// bare takes the operation and the shortened path off an error of the system.
func bare(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

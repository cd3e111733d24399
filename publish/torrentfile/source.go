package torrentfile

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// A Source is one file of a payload.
type Source struct {
	Path       string // "/"-separated, relative to the payload folder
	Length     int64  // bytes
	Executable bool   // BEP 47: attr x
	Link       string // if not "", a symbolic link to this path of the payload, of length 0 (BEP 47: attr l)

	// Open is called once for each file that is no link, empty ones included.
	Open func() (Content, error)

	// Sum, if not nil, is told the SHA-256 of the whole file, which no torrent holds.
	// It is called once, from any goroutine.
	Sum func(sha256 [32]byte)
}

// Content is a file while it is hashed. Its methods are called from several
// goroutines at once; their errors are to name the file.
type Content interface {
	// ReadAt gives bytes of the file, of which there are Source.Length.
	io.ReaderAt

	// Region says that bytes from off on lie in an open file of the system, n of them
	// from its offset at on. They are then mapped into memory instead of read. Where
	// they are not, n is 0. The descriptor stays open until Close returns.
	Region(off int64) (fd uintptr, at, n int64)

	// Keep is shown every byte of the file once, in stretches and in any order, while it
	// is hashed: here a file is copied. It must not change p. If
	// the file shrinks while it is mapped, a call to the system with p is answered with
	// EFAULT.
	Keep(p []byte, off int64) error

	// Close is called once, after all else. Its error, such as that the file was
	// changed meanwhile, is that of the build.
	Close() error
}

// check refuses what cannot be a file of a payload.
func (s *Source) check() error {
	err := checkPath(strings.Split(s.Path, "/"))
	switch {
	case err != nil:
	case s.Length < 0 || s.Length > maxTotal:
		err = fmt.Errorf("length %d", s.Length)
	case s.Link != "" && s.Length != 0:
		err = errors.New("a symbolic link has no length")
	case s.Link != "":
		if err = checkPath(strings.Split(s.Link, "/")); err != nil {
			err = fmt.Errorf("is a symbolic link to %q: %w", s.Link, err)
		}
	}
	if err != nil {
		return fmt.Errorf("%q: %w", s.Path, err)
	}
	return nil
}

// opened is a Content that work is going on with.
type opened struct {
	Content
	views
	path  string
	entry int
	left  int64 // bytes of work on it to come
}

// end closes the file.
func (o *opened) end() error {
	o.views.close()
	return o.Content.Close()
}

// shorter is the error of a file that ends before its length.
func (o *opened) shorter() error {
	return fmt.Errorf("%s: became shorter while it was read", o.path)
}

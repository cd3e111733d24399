//go:build linux || darwin

package torrentfile

import (
	"fmt"
	"io/fs"
	"syscall"

	"commonseed/internal/filestate"
)

// onDisk is a file of a payload folder that was listed in this state. It goes to the
// system without package os: of very many small files, that would be much of the time.
type onDisk struct {
	fd   int
	name string
	was  filestate.State
}

// openOnDisk opens a file that was listed. If something else has taken its place, such
// as a named pipe, nobody waits for that; it is refused when it is closed.
func openOnDisk(name string, was filestate.State) (Content, error) {
	fd, err := retry(func() (int, error) {
		return syscall.Open(name, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &onDisk{fd, name, was}, nil
}

// retry repeats a call that a signal interrupted, as some file systems let happen.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != syscall.EINTR {
			return n, err
		}
	}
}

func (f *onDisk) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		m, err := retry(func() (int, error) { return syscall.Pread(f.fd, p[n:], off+int64(n)) })
		if err != nil || m == 0 {
			return n, readError(f.name, err)
		}
		n += m
	}
	return n, nil
}

func (f *onDisk) Region(off int64) (fd uintptr, at, n int64) {
	return uintptr(f.fd), off, f.was.Size - off
}

func (f *onDisk) Keep([]byte, int64) error { return nil }

// Close refuses a file that is not, or no longer, the one that was listed.
func (f *onDisk) Close() error {
	var st syscall.Stat_t
	_, err := retry(func() (int, error) { return 0, syscall.Fstat(f.fd, &st) })
	if closed := syscall.Close(f.fd); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return changed(f.name, f.was, filestate.OfStat(&st), modeOf(&st))
}

// statFile asks the system about a file.
func statFile(name string) (filestate.State, fs.FileMode, error) {
	var st syscall.Stat_t
	if _, err := retry(func() (int, error) { return 0, syscall.Stat(name, &st) }); err != nil {
		return filestate.State{}, 0, err
	}
	return filestate.OfStat(&st), modeOf(&st), nil
}

// modeOf is the kind of a file, and its permissions.
func modeOf(st *syscall.Stat_t) fs.FileMode {
	mode := fs.FileMode(st.Mode & 0o777)
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
	case syscall.S_IFDIR:
		mode |= fs.ModeDir
	case syscall.S_IFIFO:
		mode |= fs.ModeNamedPipe
	case syscall.S_IFSOCK:
		mode |= fs.ModeSocket
	default:
		mode |= fs.ModeDevice
	}
	return mode
}

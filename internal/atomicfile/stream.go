package atomicfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// StreamIfChanged is WriteIfChanged for what is too large to be held: write is given
// the temporary file. Nothing is replaced if it fails.
func StreamIfChanged(path string, perm os.FileMode, write func(io.Writer) error) (changed bool, err error) {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(perm),
		renameio.WithExistingPermissions(), renameio.IgnoreUmask())
	if err != nil {
		return false, err
	}
	defer f.Cleanup()
	if err := write(f); err != nil {
		return false, err
	}
	same, err := sameContent(f, path)
	if err != nil || same {
		return false, err
	}
	return true, f.CloseAtomicallyReplace()
}

// sameContent compares a file with the one at path, which need not be there.
func sameContent(f *renameio.PendingFile, path string) (bool, error) {
	old, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer old.Close()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	const size = 64 << 10
	a, b := bufio.NewReaderSize(f, size), bufio.NewReaderSize(old, size)
	for {
		x, errX := a.Peek(size)
		y, errY := b.Peek(size)
		if !bytes.Equal(x, y) {
			return false, nil
		}
		if errX != nil || errY != nil {
			return errors.Is(errX, io.EOF) && errors.Is(errY, io.EOF), nil
		}
		a.Discard(size)
		b.Discard(size)
	}
}

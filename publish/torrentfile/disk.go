package torrentfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"commonseed/internal/filestate"
)

// readError explains a read of a file that brought too few bytes.
func readError(name string, err error) error {
	if err == nil || err == io.EOF {
		return fmt.Errorf("%s: became shorter while it was read", name)
	}
	return fmt.Errorf("%s: %w", name, bare(err))
}

// changed says what has happened to a file since it was listed, nil if nothing.
func changed(name string, was, is filestate.State, mode fs.FileMode) error {
	switch {
	case !mode.IsRegular():
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

package torrentfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// walk lists the regular files below the directory root in torrent order: by
// path component, so that "a/x" comes before "a-b", as in the v2 file tree.
func walk(ctx context.Context, root string) ([]entry, error) {
	var files []entry
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		full := filepath.Join(root, path)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", full, bare(err))
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case path == "." && d.IsDir():
			return nil
		case path == ".":
			return fmt.Errorf("%s: is not a folder", root)
		}
		if err := checkPath(strings.Split(path, "/")); err != nil {
			return fmt.Errorf("%q: %w", full, err)
		}
		if !d.IsDir() && !d.Type().IsRegular() {
			return fmt.Errorf("%s: is %s; a payload holds regular files only", full, kindOf(d.Type()))
		}
		if !d.IsDir() {
			files = append(files, entry{path: path})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return files, measure(ctx, root, files)
}

// measure fills in length and modification time. Asking the system once a file is
// what takes the time in a folder of very many files, so all cores ask.
func measure(ctx context.Context, root string, files []entry) error {
	return parallel(ctx, len(files), 64, func() func(first, last int) error {
		return func(first, last int) error {
			for i := first; i < last; i++ {
				st, err := os.Lstat(filepath.Join(root, files[i].path))
				if err != nil {
					return err
				}
				if !st.Mode().IsRegular() {
					return fmt.Errorf("%s: is no longer a regular file", filepath.Join(root, files[i].path))
				}
				files[i].length, files[i].mtime = st.Size(), st.ModTime().UnixNano()
			}
			return nil
		}
	})
}

// bare takes the operation and the shortened path off an error of the system.
func bare(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	}
	return "not a file"
}

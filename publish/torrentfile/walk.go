package torrentfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"commonseed/internal/filestate"
)

// listing is what lies in a payload folder, in torrent order: by path component, so
// that "a/x" comes before "a-b", as in the v2 file tree.
type listing struct {
	root    string
	lone    bool // root is the file
	entries []entry
	states  []filestate.State // of each entry
}

// list lists the files below root, or root itself.
func list(ctx context.Context, root string, links Links) (*listing, error) {
	st, err := os.Stat(root)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", root, bare(err))
	}
	l := &listing{root: root}
	switch {
	case st.Mode().IsRegular():
		l.lone = true
		l.entries = []entry{{path: filepath.Base(root)}}
	case st.IsDir():
		if err := l.walk(ctx, links); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%s: is %s; a payload is a file or a folder", root, kindOf(st.Mode()))
	}
	if err := l.measure(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// name is where an entry lies.
func (l *listing) name(i int) string {
	if l.lone {
		return l.root
	}
	return filepath.Join(l.root, filepath.FromSlash(l.entries[i].path))
}

func (l *listing) open(i int) (Content, error) { return openOnDisk(l.name(i), l.states[i]) }

func (l *listing) walk(ctx context.Context, links Links) error {
	return fs.WalkDir(os.DirFS(l.root), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", filepath.Join(l.root, path), bare(err))
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case path == ".":
			return nil
		}
		if err := checkPath(strings.Split(path, "/")); err != nil {
			return fmt.Errorf("%q: %w", filepath.Join(l.root, path), err)
		}
		e := entry{path: path}
		switch {
		case d.IsDir():
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			target, err := l.resolve(path, links)
			if err != nil {
				return fmt.Errorf("%s: is a symbolic link %w", filepath.Join(l.root, path), err)
			}
			if links == KeepLinks {
				e.link = target
			}
		case !d.Type().IsRegular():
			return fmt.Errorf("%s: is %s; a payload holds regular files only", filepath.Join(l.root, path), kindOf(d.Type()))
		}
		l.entries = append(l.entries, e)
		return nil
	})
}

// resolve gives the path of the payload to which a symbolic link leads.
func (l *listing) resolve(link string, links Links) (string, error) {
	root, err := filepath.EvalSymlinks(l.root)
	if err != nil {
		return "", err
	}
	full := filepath.Join(root, link)
	end, err := filepath.EvalSymlinks(full)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", errors.New("that leads nowhere")
	case errors.As(err, new(*fs.PathError)):
		return "", fmt.Errorf("that cannot be followed: %w", bare(err))
	case err != nil: // filepath has no name for this error
		return "", errors.New("that leads in a circle")
	}
	if !inside(root, end) {
		return "", errors.New("that leads out of the folder")
	}
	if links == FollowLinks {
		if st, err := os.Stat(end); err == nil && st.IsDir() {
			return "", errors.New("to a folder, which is not followed")
		}
		return "", nil
	}
	target, err := os.Readlink(full)
	if err != nil {
		return "", bare(err)
	}
	joined := path.Join(path.Dir(link), filepath.ToSlash(target))
	if filepath.IsAbs(target) || !filepath.IsLocal(joined) || joined == "." {
		return "", errors.New("that does not lead on inside the folder")
	}
	return joined, nil
}

// inside says whether a path lies below the folder root.
func inside(root, path string) bool {
	rel, err := filepath.Rel(root, path)
	return err == nil && filepath.IsLocal(rel)
}

// measure fills in lengths and states. Asking the system once a file is what takes
// the time in a folder of very many files, so all cores ask.
func (l *listing) measure(ctx context.Context) error {
	l.states = make([]filestate.State, len(l.entries))
	return parallel(ctx, len(l.entries), 64, func() func(first, last int) error {
		return func(first, last int) error {
			for i := first; i < last; i++ {
				if err := l.state(i); err != nil {
					return err
				}
			}
			return nil
		}
	})
}

func (l *listing) state(i int) error {
	e := &l.entries[i]
	if e.link != "" {
		return nil
	}
	state, mode, err := statFile(l.name(i))
	if err != nil {
		return fmt.Errorf("%s: %w", l.name(i), bare(err))
	}
	if !mode.IsRegular() {
		return fmt.Errorf("%s: is %s; a payload holds regular files only", l.name(i), kindOf(mode))
	}
	l.states[i] = state
	e.length, e.executable = state.Size, mode&0o100 != 0 // as libtorrent has it
	return nil
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

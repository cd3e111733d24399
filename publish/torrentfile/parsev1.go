package torrentfile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const maxFiles = 1 << 20

// v1File is one element of the "files" list of BEP 3.
type v1File struct {
	entry
	pad bool // stands in no folder: its path is never used (BEP 47)
}

// readV1Files reads the "files" list, pads included.
func readV1Files(r *reader) ([]v1File, error) {
	files := []v1File{}
	err := r.list(func() error {
		if len(files) == maxFiles {
			return errors.New("too many files")
		}
		file, err := readV1File(r)
		if err != nil {
			return fmt.Errorf("file %d: %w", len(files), err)
		}
		files = append(files, file)
		return nil
	})
	return files, err
}

func readV1File(r *reader) (v1File, error) {
	e := v1File{entry: entry{length: -1}}
	var path, pathUTF8, link []string
	attr := ""
	err := r.dict(func(key string) (err error) {
		switch key {
		case "length":
			e.length, err = r.int()
		case "path":
			path, err = readPath(r)
		case "path.utf-8":
			pathUTF8, err = readPath(r)
		case "attr":
			attr, err = r.string()
		case "symlink path":
			link, err = readPath(r)
		default:
			err = r.skip()
		}
		return err
	})
	if err != nil {
		return e, err
	}
	if pathUTF8 != nil {
		path = pathUTF8
	}
	e.path = strings.Join(path, "/")
	if e.length < 0 || e.length > maxTotal {
		return e, fmt.Errorf("length %d", e.length)
	}
	if e.pad = strings.Contains(attr, "p"); e.pad {
		return e, nil
	}
	if err := checkPath(path); err != nil {
		return e, fmt.Errorf("path %q: %w", e.path, err)
	}
	return e, e.setAttr(attr, link)
}

// setAttr reads the attributes of BEP 47. Only that of a link says what a file is.
func (e *entry) setAttr(attr string, link []string) error {
	e.executable = strings.Contains(attr, "x")
	if !strings.Contains(attr, "l") {
		return nil
	}
	e.executable, e.link = false, strings.Join(link, "/")
	if e.length != 0 {
		return fmt.Errorf("%q is a symbolic link of %d bytes", e.path, e.length)
	}
	if err := checkPath(link); err != nil {
		return fmt.Errorf("%q is a symbolic link to %q: %w", e.path, e.link, err)
	}
	return nil
}

// checkLinks wants every symbolic link to lead to a file or folder of the payload.
func checkLinks(entries []entry) error {
	var paths []string // sorted, when there is a link
	for _, e := range entries {
		if e.link == "" {
			continue
		}
		if paths == nil {
			paths = pathsOf(entries)
			slices.SortFunc(paths, comparePaths)
		}
		if e.link == e.path {
			return fmt.Errorf("%q is a symbolic link to itself", e.path)
		}
		at, found := slices.BinarySearchFunc(paths, e.link, comparePaths)
		if !found && (at == len(paths) || !strings.HasPrefix(paths[at], e.link+"/")) {
			return fmt.Errorf("%q is a symbolic link to %q, which is not in the torrent", e.path, e.link)
		}
	}
	return nil
}

func readPath(r *reader) ([]string, error) {
	path := []string{}
	err := r.list(func() error {
		if len(path) > maxDepth {
			return errors.New("too many folders")
		}
		part, err := r.string()
		path = append(path, part)
		return err
	})
	return path, err
}

// resolveV1 lays out the v1 files and checks the number of pieces.
func (in *rawInfo) resolveV1(out *info) error {
	if in.hasLength == (in.v1Files != nil) {
		return errors.New("wants either length or files")
	}
	files := in.v1Files
	if in.hasLength {
		if in.length < 0 || in.length > maxTotal {
			return fmt.Errorf("length %d", in.length)
		}
		out.single = true
		files = []v1File{{entry: entry{path: out.name, length: in.length, executable: strings.Contains(in.attr, "x")}}}
	}
	out.layout = layout{pieceLength: in.pieceLength}
	for _, f := range files {
		if out.layout.total > maxTotal-f.length {
			return errors.New("files are too long together")
		}
		out.layout.add(f)
	}
	if err := checkUnique(pathsOf(out.layout.entries)); err != nil {
		return err
	}
	if out.layout.payload() == 0 {
		return errors.New("holds no data")
	}
	pieces := (out.layout.total + in.pieceLength - 1) / in.pieceLength
	if len(in.pieces)%sha1Size != 0 || int64(len(in.pieces)/sha1Size) != pieces {
		return fmt.Errorf("%d bytes of piece hashes for %d pieces", len(in.pieces), pieces)
	}
	return nil
}

// add places the next file, or its room if it is a pad.
func (l *layout) add(f v1File) {
	if !f.pad {
		f.offset = l.total
		l.entries = append(l.entries, f.entry)
	}
	l.total += f.length
}

func pathsOf(entries []entry) []string {
	paths := make([]string, len(entries))
	for i, e := range entries {
		paths[i] = e.path
	}
	return paths
}

// checkUnique refuses a path that is listed twice, or is a file here and a folder
// there: no disk could hold both. It sorts paths.
func checkUnique(paths []string) error {
	slices.SortFunc(paths, comparePaths)
	for i := 1; i < len(paths); i++ {
		rest, same := strings.CutPrefix(paths[i], paths[i-1])
		if same && rest == "" {
			return fmt.Errorf("path %q occurs twice", paths[i])
		}
		if same && rest[0] == '/' {
			return fmt.Errorf("path %q is both a file and a folder", paths[i-1])
		}
	}
	return nil
}

// comparePaths orders by path component: a folder's content comes right after a
// file of the folder's name, before any longer name.
func comparePaths(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] == b[i] {
			continue
		}
		if a[i] == '/' {
			return -1
		}
		if b[i] == '/' {
			return 1
		}
		return cmp.Compare(a[i], b[i])
	}
	return cmp.Compare(len(a), len(b))
}

package torrentfile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// treeFile is a leaf of the v2 file tree.
type treeFile struct {
	entry
	root []byte // 32 bytes; none for an empty file or a link
}

// readTree reads the "file tree" of BEP 52, depth first: in torrent order, because
// dictionary keys are sorted.
func readTree(r *reader) ([]treeFile, error) {
	t := treeReader{reader: r, files: []treeFile{}}
	err := t.folder()
	return t.files, err
}

type treeReader struct {
	*reader
	path   []string
	length int // bytes of path, with a slash after each component
	total  int // bytes of all paths
	files  []treeFile
}

// enter goes down by one component. Only that one is checked: a tree names a
// folder once for all the files below it.
func (t *treeReader) enter(name string) error {
	t.path = append(t.path, name)
	t.length += len(name) + 1
	if err := checkName(name); err != nil {
		return err
	}
	return checkExtent(len(t.path), t.length)
}

func (t *treeReader) leave() {
	last := len(t.path) - 1
	t.length -= len(t.path[last]) + 1
	t.path = t.path[:last]
}

// quoted is the path for an error message.
func (t *treeReader) quoted() string { return strconv.Quote(strings.Join(t.path, "/")) }

func (t *treeReader) folder() error {
	before := len(t.files)
	err := t.dict(func(key string) error {
		if key == "" {
			return errors.New("a file where a folder is wanted")
		}
		defer t.leave()
		if err := t.enter(key); err != nil {
			return fmt.Errorf("path %s: %w", t.quoted(), err)
		}
		if t.isFile() {
			return t.file()
		}
		return t.folder()
	})
	if err == nil && len(t.files) == before {
		return fmt.Errorf("folder %s is empty", t.quoted())
	}
	return err
}

// isFile says whether the value that follows has the empty key, which sorts first.
func (t *treeReader) isFile() bool {
	rest := t.data[t.pos:]
	return len(rest) > 2 && string(rest[:3]) == "d0:"
}

func (t *treeReader) file() error {
	f := treeFile{entry: entry{length: -1}}
	err := t.dict(func(key string) error {
		if key != "" {
			return errors.New("has properties of a file and of a folder")
		}
		return t.properties(&f)
	})
	switch {
	case err != nil:
		return fmt.Errorf("path %s: %w", t.quoted(), err)
	case f.length < 0 || f.length > maxTotal:
		return fmt.Errorf("path %s: length %d", t.quoted(), f.length)
	case f.length > 0 && len(f.root) != sha256Size:
		return fmt.Errorf("path %s: a pieces root of %d bytes", t.quoted(), len(f.root))
	case f.length == 0 && len(f.root) > 0:
		return fmt.Errorf("path %s: an empty file with a pieces root", t.quoted())
	case len(t.files) == maxFiles:
		return errors.New("too many files")
	}
	// Written out, the paths of a tree can be far longer than the tree.
	if t.total += t.length; t.total > MaxSize {
		return errors.New("paths are too long together")
	}
	f.path = strings.Join(t.path, "/")
	t.files = append(t.files, f)
	return nil
}

func (t *treeReader) properties(f *treeFile) error {
	attr := ""
	var link []string
	err := t.dict(func(key string) (err error) {
		switch key {
		case "length":
			f.length, err = t.int()
		case "pieces root":
			f.root, err = t.bytes()
		case "attr":
			attr, err = t.string()
		case "symlink path":
			link, err = readPath(t.reader)
		default:
			err = t.skip()
		}
		return err
	})
	if err == nil && strings.Contains(attr, "p") {
		err = errors.New("is a pad")
	}
	if f.length < 0 && strings.Contains(attr, "l") {
		f.length = 0
	}
	if err == nil {
		err = f.setAttr(attr, link)
	}
	return err
}

// resolveV2 lays out the v2 files, or compares them with the v1 layout if there
// is one, and checks the piece layers.
func (in *rawInfo) resolveV2(out *info, pieceLayers []byte) error {
	if in.pieceLength < minPieceLength || in.pieceLength&(in.pieceLength-1) != 0 {
		return fmt.Errorf("piece length %d: v2 wants a power of two, 16 KiB or more", in.pieceLength)
	}
	if in.tree == nil {
		return errors.New("no file tree")
	}
	lay, err := layTree(in.pieceLength, in.tree)
	if err != nil {
		return err
	}
	if out.v1 {
		err = sameFiles(&out.layout, &lay)
	} else {
		out.single = len(in.tree) == 1 && in.tree[0].path == out.name
		out.layout = lay
	}
	if err != nil {
		return err
	}
	out.roots = make([]digest, len(in.tree))
	for i, f := range in.tree {
		copy(out.roots[i][:], f.root)
	}
	if in.noLayers {
		return nil
	}
	if out.layers, err = readLayers(pieceLayers); err != nil {
		return fmt.Errorf("piece layers: %w", err)
	}
	return out.checkLayers()
}

// layTree lays files out as v2 does: each that is not empty on a piece boundary.
func layTree(pieceLength int64, tree []treeFile) (layout, error) {
	files := make([]entry, len(tree))
	total := int64(0)
	for i, f := range tree {
		files[i] = f.entry
		if total > maxTotal-f.length-pieceLength {
			return layout{}, errors.New("files are too long together")
		}
		total += (f.length + pieceLength - 1) / pieceLength * pieceLength
	}
	if total == 0 {
		return layout{}, errors.New("holds no data")
	}
	return aligned(pieceLength, files, len(files) > 1), nil
}

// sameFiles says where the v1 and the v2 part of a hybrid differ in names, order,
// lengths, links or piece alignment (BEP 52, upgrade path). A pad after the last file
// may be there or not: both are in use.
func sameFiles(v1, v2 *layout) error {
	a, b := v1.entries, v2.entries
	if len(a) != len(b) {
		return fmt.Errorf("v1 lists %d files, v2 %d", len(a), len(b))
	}
	for i := range a {
		if a[i].path != b[i].path || a[i].length != b[i].length || a[i].link != b[i].link {
			return fmt.Errorf("v1 and v2 do not list the same files: %q and %q", a[i].path, b[i].path)
		}
		if a[i].length > 0 && a[i].offset != b[i].offset {
			return fmt.Errorf("v1 and v2 do not place %q at the same piece", a[i].path)
		}
	}
	if v1.numPieces() != v2.numPieces() {
		return errors.New("v1 and v2 do not have the same number of pieces")
	}
	return nil
}

// readLayers reads the "piece layers" dictionary.
func readLayers(raw []byte) (map[digest][]byte, error) {
	layers := map[digest][]byte{}
	if raw == nil {
		return layers, nil
	}
	r := &reader{data: raw}
	err := r.dict(func(key string) error {
		layer, err := r.bytes()
		if len(key) == sha256Size { // any other is of no file
			layers[digest([]byte(key))] = layer
		}
		return err
	})
	return layers, err
}

// checkLayers wants, for every file longer than a piece, a layer of one hash a
// piece that hashes to the file's root. Layers of no file are left alone.
func (in *info) checkLayers() error {
	pad := padDigest(in.layout.pieceLength)
	proven := map[digest]bool{}
	for i, e := range in.layout.entries {
		if e.length <= in.layout.pieceLength {
			continue
		}
		root := in.roots[i]
		layer := in.layers[root]
		if n := (e.length + in.layout.pieceLength - 1) / in.layout.pieceLength; int64(len(layer)) != n*sha256Size {
			return fmt.Errorf("piece layers: %q: %d bytes for %d pieces", e.path, len(layer), n)
		}
		if proven[root] {
			continue // of the same length, so the same tree
		}
		if merkleRoot(splitDigests(layer), pad) != root {
			return fmt.Errorf("piece layers: %q: do not hash to the pieces root", e.path)
		}
		proven[root] = true
	}
	return nil
}

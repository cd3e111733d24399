package origin

import (
	"bytes"
	"errors"
	"fmt"

	"commonseed/internal/bencoded"
)

// listFiles lays out the v1 side: info.files, or the single file. BEP 3, BEP 47
func (l *layout) listFiles(info *info) (files []file, err error) {
	if info.files != nil {
		if files, err = l.listedFiles(info.files); err != nil || len(files) > 0 {
			return files, err
		}
	}
	if info.length < 0 || info.length > maxPayload {
		return nil, fmt.Errorf("length %d is out of range", info.length)
	}
	return []file{{path: l.name, length: info.length}}, nil
}

func (l *layout) listedFiles(list []byte) (files []file, err error) {
	b := bencoded.New(list)
	var offset int64
	for b.Begin('l'); b.More(); {
		f := l.listedFile(b)
		if f.length < 0 || f.length > maxPayload-offset {
			b.Fail("file length %d is out of range", f.length)
		}
		if len(files) == maxFiles {
			b.Fail("more than %d files", maxFiles)
		}
		f.offset = offset
		offset += f.length
		files = append(files, f)
	}
	return files, b.End()
}

// listedFile takes an item of info.files.
func (l *layout) listedFile(b *bencoded.Reader) (f file) {
	var path, better []string
	for b.Begin('d'); b.More(); {
		switch string(b.Bytes()) {
		case "length":
			f.length = b.Int()
		case "path":
			path = b.Strings()
		case "path.utf-8":
			better = b.Strings()
		case "attr":
			f.pad = bytes.IndexByte(b.Bytes(), 'p') >= 0
		default:
			b.Raw()
		}
	}
	if len(better) > 0 {
		path = better
	}
	if b.Err() == nil && !f.pad {
		var err error
		if f.path, err = joinPath(l.name, path); err != nil {
			b.Fail("%w", err)
		}
	}
	return f
}

// treeFiles lays out the v2 side: the file tree, each file on a piece boundary,
// pads between them. BEP 52
func (l *layout) treeFiles(tree, layers []byte) ([]file, error) {
	w := &treeWalk{layout: l, Reader: bencoded.New(tree)}
	var err error
	if w.layers, err = layersByRoot(layers); err != nil {
		return nil, fmt.Errorf("piece layers: %w", err)
	}
	w.folder(l.name)
	if err := w.End(); err != nil {
		return nil, fmt.Errorf("file tree: %w", err)
	}
	if len(w.files) == 1 && w.files[0].path == l.name+"/"+l.name {
		w.files[0].path = l.name // a file of the torrent's own name lies at Root/name. BEP 52
	}
	// libtorrent asks for zeros behind the last byte when an empty file follows.
	w.pad(roundUp(w.length, l.pieceLength))
	return w.files, nil
}

// layersByRoot are the piece layers by the root that each belongs to.
func layersByRoot(raw []byte) (map[string][]byte, error) {
	if raw == nil {
		return nil, nil
	}
	layers := map[string][]byte{}
	b := bencoded.New(raw)
	for b.Begin('d'); b.More(); {
		root := string(b.Bytes())
		layers[root] = b.Bytes()
	}
	return layers, b.End()
}

// treeWalk goes through a file tree.
type treeWalk struct {
	*bencoded.Reader
	layout *layout
	layers map[string][]byte
	files  []file
	length int64 // of the byte space so far
}

// folder takes a node of the tree: what lies in it by name or, under "", what makes
// it a file. Names have to be sorted, so that there is one order of the files.
func (w *treeWalk) folder(path string) {
	last := ""
	n := 0
	for w.Begin('d'); w.More(); n++ {
		name := string(w.Bytes())
		err := validName(name)
		switch {
		case n == 0 && name == "" && path != w.layout.name:
			w.file(path)
			if w.More() {
				w.Fail("%q is a file and a folder", path)
			}
			return
		case err != nil:
			w.Fail("%w", err)
		case n > 0 && name <= last:
			w.Fail("%q does not follow %q", name, last)
		default:
			w.folder(path + "/" + name)
		}
		last = name
	}
	if n == 0 {
		w.Fail("%q is an empty folder", path)
	}
}

// file takes the properties of a file.
func (w *treeWalk) file(path string) {
	f := file{path: path, offset: w.length}
	var root []byte
	for w.Begin('d'); w.More(); {
		switch string(w.Bytes()) {
		case "length":
			f.length = w.Int()
		case "pieces root":
			root = w.Bytes()
		default:
			w.Raw()
		}
	}
	switch {
	case w.Err() != nil:
		return
	case f.length < 0 || f.length > maxPayload-w.length:
		w.Fail("file length %d is out of range", f.length)
		return
	case f.length > 0 && len(root) != len(f.root) || f.length == 0 && len(root) > 0:
		w.Fail("%q: pieces root of %d bytes", path, len(root))
		return
	case len(w.files) > maxFiles:
		w.Fail("more than %d files", maxFiles)
		return
	}
	copy(f.root[:], root)
	if f.length > 0 {
		w.pad(roundUp(w.length, w.layout.pieceLength))
		f.offset = w.length
	}
	var err error
	if f.layer, err = w.layout.pieceLayer(&f, w.layers); err != nil {
		w.Fail("%w", err)
	}
	w.files = append(w.files, f)
	w.length += f.length
}

// pad fills the byte space up to an offset.
func (w *treeWalk) pad(to int64) {
	if n := to - w.length; n > 0 {
		w.files = append(w.files, file{offset: w.length, length: n, pad: true})
		w.length = to
	}
}

// pieceLayer finds the piece hashes of a file longer than a piece and proves
// them by the root.
func (l *layout) pieceLayer(f *file, layers map[string][]byte) ([]byte, error) {
	if f.length <= l.pieceLength {
		return nil, nil
	}
	layer := layers[string(f.root[:])]
	pieces := (f.length + l.pieceLength - 1) / l.pieceLength
	if int64(len(layer)) != pieces*32 {
		return nil, fmt.Errorf("%q: piece layer of %d bytes for %d pieces", f.path, len(layer), pieces)
	}
	if newHashTree(splitHashes(layer), l.layerLevel).root() != f.root {
		return nil, fmt.Errorf("%q: piece layer does not hash to the pieces root", f.path)
	}
	return layer, nil
}

// joinHybrid checks that both sides of a hybrid torrent describe the same
// payload, and copies the v2 hashes onto the v1 files. BEP 52 "Upgrade path"
func joinHybrid(v1, v2 []file) error {
	next := 0
	for i := range v1 {
		f := &v1[i]
		if f.pad {
			continue
		}
		for next < len(v2) && v2[next].pad {
			next++
		}
		if next == len(v2) {
			return errors.New("the v1 file list is longer than the v2 file tree")
		}
		g := &v2[next]
		if f.path != g.path || f.length != g.length || f.length > 0 && f.offset != g.offset {
			return fmt.Errorf("v1 and v2 disagree about %q", f.path)
		}
		f.root, f.layer = g.root, g.layer
		next++
	}
	for ; next < len(v2); next++ {
		if !v2[next].pad {
			return errors.New("the v2 file tree is longer than the v1 file list")
		}
	}
	return nil
}

func uniquePaths(files []file) error {
	seen := make(map[string]bool, len(files))
	for _, f := range files {
		if f.pad {
			continue
		}
		if seen[f.path] {
			return fmt.Errorf("%q occurs twice", f.path)
		}
		seen[f.path] = true
	}
	return nil
}

package torrentfile

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// writer appends bencoded values (BEP 3). The caller keeps dictionary keys sorted.
type writer struct{ buf []byte }

func (w *writer) string(s string) {
	w.buf = strconv.AppendInt(w.buf, int64(len(s)), 10)
	w.buf = append(w.buf, ':')
	w.buf = append(w.buf, s...)
}

func (w *writer) int(n int64) {
	w.buf = append(w.buf, 'i')
	w.buf = strconv.AppendInt(w.buf, n, 10)
	w.buf = append(w.buf, 'e')
}

func (w *writer) strings(list []string) {
	w.open('l')
	for _, s := range list {
		w.string(s)
	}
	w.end()
}

// open begins a list 'l' or a dictionary 'd'.
func (w *writer) open(kind byte) { w.buf = append(w.buf, kind) }

func (w *writer) end() { w.buf = append(w.buf, 'e') }

// encodeOuter makes a .torrent of bencoded values.
func encodeOuter(values map[string][]byte) []byte {
	size := 2
	for key, value := range values {
		size += len(key) + len(value) + 8
	}
	w := writer{buf: make([]byte, 0, size)}
	w.open('d')
	for _, key := range slices.Sorted(maps.Keys(values)) {
		w.string(key)
		w.buf = append(w.buf, values[key]...)
	}
	w.end()
	return w.buf
}

// encode makes the info dictionary of a hybrid multi-file torrent. Keys inside it
// that BEP 3 and BEP 52 do not know are kept by clients and travel with magnet
// links, which is why the licence stands here.
func (in *info) encode() []byte {
	size := len(in.pieces) + 1024
	for _, e := range in.layout.entries {
		size += 2*len(e.path) + 128
	}
	w := writer{buf: make([]byte, 0, size)}
	w.open('d')
	w.string("file tree")
	w.tree(in)
	w.string("files")
	w.files(in.layout.entries)
	if in.license != "" {
		w.string("license")
		w.string(in.license)
	}
	w.string("meta version")
	w.int(2)
	w.string("name")
	w.string(in.name)
	w.string("piece length")
	w.int(in.layout.pieceLength)
	w.string("pieces")
	w.string(in.pieces)
	w.end()
	return w.buf
}

// files is the v1 file list, with pads.
func (w *writer) files(entries []entry) {
	w.open('l')
	for _, e := range entries {
		w.open('d')
		if e.pad {
			w.string("attr")
			w.string("p") // BEP 47
		}
		w.string("length")
		w.int(e.length)
		w.string("path")
		w.strings(strings.Split(e.path, "/"))
		w.end()
	}
	w.end()
}

// tree is the v2 file tree. Entries are ordered by path component, so each folder
// is opened and closed once, and its keys come sorted.
func (w *writer) tree(in *info) {
	var open []string // folders around the place that is written
	w.open('d')
	for i, e := range in.layout.entries {
		if e.pad {
			continue
		}
		path := strings.Split(e.path, "/")
		folders, name := path[:len(path)-1], path[len(path)-1]
		shared := 0
		for shared < min(len(open), len(folders)) && open[shared] == folders[shared] {
			shared++
		}
		for range open[shared:] {
			w.end()
		}
		for _, folder := range folders[shared:] {
			w.string(folder)
			w.open('d')
		}
		open = folders
		w.leaf(name, e.length, in.roots[i])
	}
	for range open {
		w.end()
	}
	w.end()
}

// leaf is one file of the tree. An empty file has no pieces root.
func (w *writer) leaf(name string, length int64, root string) {
	w.string(name)
	w.open('d')
	w.string("")
	w.open('d')
	w.string("length")
	w.int(length)
	if root != "" {
		w.string("pieces root")
		w.string(root)
	}
	w.end()
	w.end()
}

// encodeLayers is the "piece layers" dictionary.
func encodeLayers(layers map[string]string) []byte {
	var w writer
	w.open('d')
	for _, root := range slices.Sorted(maps.Keys(layers)) {
		w.string(root)
		w.string(layers[root])
	}
	w.end()
	return w.buf
}

package torrentfile

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// writer appends bencoded values (BEP 3). The caller keeps dictionary keys sorted.
type writer struct {
	buf []byte
	dry bool // counts what it would write, so that a large value is written into memory of just its size
	n   int  // bytes
}

func (w *writer) raw(s string) {
	w.n += len(s)
	if !w.dry {
		w.buf = append(w.buf, s...)
	}
}

func (w *writer) string(s string) {
	w.number(int64(len(s)), ':')
	w.raw(s)
}

func (w *writer) bytes(b []byte) {
	w.number(int64(len(b)), ':')
	w.n += len(b)
	if !w.dry {
		w.buf = append(w.buf, b...)
	}
}

func (w *writer) int(n int64) {
	w.open('i')
	w.number(n, 'e')
}

func (w *writer) number(n int64, end byte) {
	var digits [24]byte
	text := append(strconv.AppendInt(digits[:0], n, 10), end)
	w.n += len(text)
	if !w.dry {
		w.buf = append(w.buf, text...)
	}
}

func (w *writer) strings(list []string) {
	w.open('l')
	for _, s := range list {
		w.string(s)
	}
	w.end()
}

// path is a list of the components of a path.
func (w *writer) path(path string) {
	w.open('l')
	for part := range strings.SplitSeq(path, "/") {
		w.string(part)
	}
	w.end()
}

// open begins a list 'l' or a dictionary 'd'.
func (w *writer) open(kind byte) {
	w.n++
	if !w.dry {
		w.buf = append(w.buf, kind)
	}
}

func (w *writer) end() { w.open('e') }

// written is what write writes.
func written(write func(w *writer)) []byte {
	count := writer{dry: true}
	write(&count)
	w := writer{buf: make([]byte, 0, count.n)}
	write(&w)
	return w.buf
}

// encode makes the info dictionary. Keys inside it that BEP 3 and BEP 52 do not know
// are kept by clients and travel with magnet links, which is why the licence stands
// here.
func (in *info) encode() []byte { return written(in.write) }

func (in *info) write(w *writer) {
	lone := &in.layout.entries[0]
	w.open('d')
	if in.single && in.v1 && lone.executable {
		w.string("attr")
		w.string("x")
	}
	if in.v2 {
		w.string("file tree")
		w.tree(in)
	}
	switch {
	case !in.v1:
	case in.single:
		w.string("length")
		w.int(lone.length)
	default:
		w.string("files")
		w.files(&in.layout)
	}
	w.optional("license", in.license)
	if in.v2 {
		w.string("meta version")
		w.int(2)
	}
	w.string("name")
	w.string(in.name)
	w.string("piece length")
	w.int(in.layout.pieceLength)
	if in.v1 {
		w.string("pieces")
		w.bytes(in.pieces)
	}
	w.optional("source", in.source)
	w.end()
}

func (w *writer) optional(key, value string) {
	if value != "" {
		w.string(key)
		w.string(value)
	}
}

// attr is what BEP 47 says of a file.
func (w *writer) attr(e *entry) {
	switch {
	case e.link != "":
		w.optional("attr", "l")
	case e.executable:
		w.optional("attr", "x")
	}
}

func (w *writer) link(e *entry) {
	if e.link != "" {
		w.string("symlink path")
		w.path(e.link)
	}
}

// files is the v1 file list, with pads.
func (w *writer) files(lay *layout) {
	w.open('l')
	for i := range lay.entries {
		e := &lay.entries[i]
		w.open('d')
		w.attr(e)
		w.string("length")
		w.int(e.length)
		w.string("path")
		w.path(e.path)
		w.link(e)
		w.end()
		if pad := lay.padAfter(i); pad > 0 {
			w.pad(pad)
		}
	}
	w.end()
}

// pad is a run of zeros (BEP 47).
func (w *writer) pad(length int64) {
	w.open('d')
	w.string("attr")
	w.string("p")
	w.string("length")
	w.int(length)
	w.string("path")
	w.path(padFolder + "/" + strconv.FormatInt(length, 10))
	w.end()
}

// tree is the v2 file tree. Entries are ordered by path component, so each folder
// is opened and closed once, and its keys come sorted.
func (w *writer) tree(in *info) {
	open := "" // folder around the place that is written, with a slash behind each name
	w.open('d')
	for i := range in.layout.entries {
		e := &in.layout.entries[i]
		name := strings.LastIndexByte(e.path, '/') + 1
		for !strings.HasPrefix(e.path, open) {
			open = open[:strings.LastIndexByte(open[:len(open)-1], '/')+1]
			w.end()
		}
		for len(open) < name {
			folder, _, _ := strings.Cut(e.path[len(open):], "/")
			w.string(folder)
			w.open('d')
			open = e.path[:len(open)+len(folder)+1]
		}
		w.string(e.path[name:])
		w.leaf(e, in.roots[i])
	}
	for range strings.Count(open, "/") {
		w.end()
	}
	w.end()
}

// leaf is one file of the tree. An empty file has no pieces root; a link has neither
// root nor length, as libtorrent has it.
func (w *writer) leaf(e *entry, root digest) {
	w.open('d')
	w.string("")
	w.open('d')
	w.attr(e)
	if e.link == "" {
		w.string("length")
		w.int(e.length)
	}
	if e.length > 0 {
		w.string("pieces root")
		w.bytes(root[:])
	}
	w.link(e)
	w.end()
	w.end()
}

// encodeLayers is the "piece layers" dictionary.
func (in *info) encodeLayers() []byte {
	roots := slices.SortedFunc(maps.Keys(in.layers), func(a, b digest) int { return bytes.Compare(a[:], b[:]) })
	return written(func(w *writer) {
		w.open('d')
		for _, root := range roots {
			w.bytes(root[:])
			w.bytes(in.layers[root])
		}
		w.end()
	})
}

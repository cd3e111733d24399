package torrentfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// CheckOptions say how much of a payload is looked at.
type CheckOptions struct {
	// Files are the paths of the files to check; nil means all of them. With v2 no byte
	// of another file is read.
	Files []string
	// Sum, if not nil, is told the SHA-256 of every checked file that has the length it
	// should have, from any goroutine. It wants a torrent with a v2 part.
	Sum func(path string, sha256 [32]byte)
	// Progress is told the bytes read so far. May be nil.
	Progress func(done int64)
}

// Report says what of a payload is there and right.
type Report struct {
	Files []FileReport // those that were checked, in torrent order
	Extra []string     // paths of files that are not part of the torrent, if all was checked
}

// FileReport is about one file.
type FileReport struct {
	Path  string
	Fault string  // what is wrong with the file, "" if nothing is
	Bad   []Range // bytes that are missing or not what the torrent says
	Have  int64   // bytes that are right
}

// Range is a run of bytes of a file.
type Range struct{ Off, Len int64 }

// OK says whether the payload is just what the torrent describes.
func (r *Report) OK() bool {
	return len(r.Extra) == 0 && !slices.ContainsFunc(r.Files, func(f FileReport) bool { return f.Fault != "" })
}

// Check compares a payload with its torrent, on all cores: the set of files, their
// lengths, and every byte against the v2 hashes, the v1 hashes or, in a hybrid, both.
// Root is the payload folder or, for a single-file torrent, the file. What is half
// there is checked as far as it goes; the error is about the checking itself.
func (t *Torrent) Check(ctx context.Context, root string, o CheckOptions) (*Report, error) {
	if t.info.v2 && t.info.layers == nil {
		return nil, errors.New("the torrent came without its piece layers, so nothing can be checked")
	}
	c := checker{info: &t.info, lay: &t.info.layout, root: root, wanted: o.Files}
	if err := c.find(ctx); err != nil {
		return nil, err
	}
	h := hashing{ctx: ctx, lay: c.lay, want: kinds{v1: t.info.v1, v2: t.info.v2}, open: c.open, progress: o.Progress,
		skip: func(piece int) bool { return c.pieces[piece] != wanted }, foundV1: c.foundV1, foundV2: c.foundV2, whole: c.whole}
	if o.Sum != nil {
		if !t.info.v2 {
			return nil, errors.New("the hash of a whole file cannot be had with pieces that go on from one file into the next")
		}
		h.foundSum = func(entry int, sum [sha256Size]byte) { o.Sum(c.lay.entries[entry].path, sum) }
	}
	if err := h.run(); err != nil {
		return nil, err
	}
	return c.report(), nil
}

// checker compares a payload with a torrent.
type checker struct {
	info   *info
	lay    *layout
	root   string
	wanted []string // paths, nil: all

	found   *listing
	on      []int // of each entry, its place in found; -1 if there is no such file
	extra   []string
	checked []bool // of each entry

	pieces           []pieceState // before anything is hashed
	wrongV1, wrongV2 []bool       // of each piece, each set by one goroutine
}

type pieceState byte

const (
	wanted   pieceState = iota // to be hashed
	unwanted                   // nobody asked
	absent                     // not all of it is on disk
)

// find looks up the files of the torrent on disk, and what of each piece is there.
func (c *checker) find(ctx context.Context) (err error) {
	links := FollowLinks
	if slices.ContainsFunc(c.lay.entries, func(e entry) bool { return e.link != "" }) {
		links = KeepLinks
	}
	if c.found, err = list(ctx, c.root, links); err != nil {
		return err
	}
	if c.info.single != c.found.lone {
		return c.wrongKind()
	}
	c.on = make([]int, len(c.lay.entries))
	disk := make(map[string]int, len(c.found.entries))
	for i, f := range c.found.entries {
		disk[f.path] = i
	}
	for i, e := range c.lay.entries {
		at, ok := disk[e.path]
		switch {
		case c.info.single:
			at = 0 // under any name
		case !ok:
			at = -1
		}
		c.on[i] = at
		delete(disk, e.path)
	}
	for path := range disk {
		if !c.info.single && !inPadFolder(path) {
			c.extra = append(c.extra, path)
		}
	}
	slices.SortFunc(c.extra, comparePaths)
	return c.choose()
}

func (c *checker) wrongKind() error {
	if c.info.single {
		return &MismatchError{Path: c.info.name, Why: "is a folder on disk"}
	}
	return &MismatchError{Path: c.info.name, Why: "is a file on disk"}
}

// choose marks the pieces that are not to be hashed.
func (c *checker) choose() error {
	c.checked = make([]bool, len(c.lay.entries))
	asked := map[string]bool{}
	for _, path := range c.wanted {
		asked[path] = true
	}
	for i, e := range c.lay.entries {
		c.checked[i] = c.wanted == nil || asked[e.path]
		delete(asked, e.path)
	}
	for _, path := range slices.Sorted(maps.Keys(asked)) {
		return fmt.Errorf("%s: is not part of the torrent", path)
	}
	n := c.lay.numPieces()
	c.pieces, c.wrongV1, c.wrongV2 = make([]pieceState, n), make([]bool, n), make([]bool, n)
	for i := range c.pieces {
		c.pieces[i] = unwanted
	}
	for i, e := range c.lay.entries {
		if c.checked[i] {
			c.mark(e.offset, e.end(), wanted)
		}
	}
	for i, e := range c.lay.entries {
		if have := c.length(i); have < e.length {
			c.mark(e.offset+have, e.end(), absent)
		}
	}
	return nil
}

// length is how many bytes of an entry are on disk.
func (c *checker) length(i int) int64 {
	if c.on[i] < 0 {
		return 0
	}
	return c.found.entries[c.on[i]].length
}

// whole says whether all of an entry is hashed.
func (c *checker) whole(i int) bool {
	return c.checked[i] && c.on[i] >= 0 && c.length(i) == c.lay.entries[i].length
}

// mark gives the pieces that hold bytes of a range a state, but not those that
// nobody asked for.
func (c *checker) mark(from, to int64, state pieceState) {
	if from >= to {
		return
	}
	for piece := from / c.lay.pieceLength; piece*c.lay.pieceLength < to; piece++ {
		if state == wanted || c.pieces[piece] != unwanted {
			c.pieces[piece] = state
		}
	}
}

// open opens a file of which bytes are wanted, because it was asked for or, in v1, shares
// a piece with one that was. Empty ones are opened too, if they are there and were asked
// for.
func (c *checker) open(entry int) (Content, error) {
	on, empty := c.on[entry], c.lay.entries[entry].length == 0
	if on < 0 || empty && !c.checked[entry] || c.found.entries[on].link != "" {
		return noContent{}, nil
	}
	return c.found.open(on)
}

// noContent is a file that nothing is read of.
type noContent struct{}

func (noContent) ReadAt([]byte, int64) (int, error)      { return 0, io.EOF }
func (noContent) Region(int64) (fd uintptr, at, n int64) { return 0, 0, 0 }
func (noContent) Keep([]byte, int64) error               { return nil }
func (noContent) Close() error                           { return nil }

func (c *checker) foundV1(piece int, sum [sha1Size]byte) {
	c.wrongV1[piece] = string(sum[:]) != string(c.info.pieces[piece*sha1Size:][:sha1Size])
}

func (c *checker) foundV2(piece int, sum digest) { c.wrongV2[piece] = sum != c.expected(piece) }

// expected is the v2 hash of a piece: from the piece layer or, for a file not
// longer than a piece, the file's root.
func (c *checker) expected(piece int) digest {
	i := c.lay.at(int64(piece) * c.lay.pieceLength)
	e, root := c.lay.entries[i], c.info.roots[i]
	if e.length <= c.lay.pieceLength {
		return root
	}
	n := piece - int(e.offset/c.lay.pieceLength)
	return digest(c.info.layers[root][n*sha256Size:])
}

// report tells what was found, file by file.
func (c *checker) report() *Report {
	r := &Report{}
	if c.wanted == nil {
		r.Extra = c.extra
	}
	for i := range c.lay.entries {
		if c.checked[i] {
			r.Files = append(r.Files, c.file(i))
		}
	}
	return r
}

// file tells about one file. The first thing that is wrong with it is its fault.
func (c *checker) file(i int) FileReport {
	e := &c.lay.entries[i]
	f := FileReport{Path: e.path, Fault: c.kindFault(i)}
	fault := ""
	for off := int64(0); off < e.length; {
		piece := (e.offset + off) / c.lay.pieceLength
		end := min((piece+1)*c.lay.pieceLength-e.offset, e.length)
		if c.pieces[piece] == wanted && !c.wrongV1[piece] && !c.wrongV2[piece] {
			f.Have += end - off
		} else {
			f.bad(off, end)
		}
		switch {
		case fault != "":
		case c.wrongV2[piece], c.wrongV1[piece] && !c.info.v2:
			fault = fmt.Sprintf("bytes %d to %d are not what the torrent says", off, end-1)
		case c.wrongV1[piece]: // the torrent contradicts itself
			fault = fmt.Sprintf("piece %d, from byte %d on, does not match its v1 hash", piece, off)
		}
		off = end
	}
	if f.Fault == "" {
		f.Fault = fault
	}
	if f.Fault == "" && len(f.Bad) > 0 { // v1: a neighbour's bytes are in the same piece
		f.Fault = fmt.Sprintf("bytes from %d on share a piece with a file that is not whole", f.Bad[0].Off)
	}
	return f
}

// bad adds a range, and joins it with the one before.
func (f *FileReport) bad(from, to int64) {
	if n := len(f.Bad); n > 0 && f.Bad[n-1].Off+f.Bad[n-1].Len == from {
		f.Bad[n-1].Len += to - from
		return
	}
	f.Bad = append(f.Bad, Range{from, to - from})
}

// kindFault says that an entry is missing, or not of its kind or length.
func (c *checker) kindFault(i int) string {
	e := &c.lay.entries[i]
	if c.on[i] < 0 {
		return "is missing"
	}
	on := &c.found.entries[c.on[i]]
	switch {
	case on.link != e.link && e.link != "":
		return fmt.Sprintf("is not a symbolic link to %q", e.link)
	case on.link != e.link:
		return "is a symbolic link on disk"
	case on.length > e.length:
		return fmt.Sprintf("is longer than it should be: %d bytes instead of %d", on.length, e.length)
	case on.length < e.length:
		return fmt.Sprintf("is shorter than it should be: %d bytes instead of %d", on.length, e.length)
	}
	return ""
}

package torrentfile

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// MismatchError says that a payload is not what the torrent describes.
type MismatchError struct {
	Path string // of the file, as in Torrent.Files
	Why  string
}

func (e *MismatchError) Error() string { return e.Path + ": " + e.Why }

// Verify compares the payload with the torrent: the set of files, their lengths,
// and every byte against the v2 hashes, the v1 hashes or, in a hybrid, both. Root
// is the payload folder or, for a single-file torrent, the file. The first
// difference in torrent order is returned as a *MismatchError; progress, which
// may be nil, is told the payload bytes checked so far.
func Verify(ctx context.Context, t *Torrent, root string, progress func(int64)) error {
	lay := t.info.layout
	lay.entries = append([]entry(nil), lay.entries...)
	if t.info.single {
		if err := matchSingle(&lay, root); err != nil {
			return err
		}
		root = filepath.Dir(root)
	} else if err := matchFiles(ctx, &lay, root); err != nil {
		return err
	}
	c := checker{info: &t.info, lay: &lay}
	return hashPieces(ctx, root, &lay, kinds{v1: t.info.v1, v2: t.info.v2}, progress, c.check)
}

// matchSingle checks the file of a single-file torrent, and lets the layout find
// it under the name it has on disk.
func matchSingle(lay *layout, path string) error {
	e := &lay.entries[0]
	st, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() {
		return &MismatchError{Path: e.path, Why: "is " + kindOf(st.Mode()) + " on disk"}
	}
	if st.Size() != e.length {
		return wrongLength(*e, st.Size())
	}
	e.path, e.mtime = filepath.Base(path), st.ModTime().UnixNano()
	return nil
}

// matchFiles compares the files on disk with those of the torrent, and notes
// their modification times in the layout.
func matchFiles(ctx context.Context, lay *layout, root string) error {
	found, err := walk(ctx, root)
	if err != nil {
		return err
	}
	disk := make(map[string]entry, len(found))
	for _, f := range found {
		disk[f.path] = f
	}
	for i := range lay.entries {
		e := &lay.entries[i]
		if e.pad {
			continue
		}
		f, ok := disk[e.path]
		if !ok {
			return &MismatchError{Path: e.path, Why: "is missing"}
		}
		if f.length != e.length {
			return wrongLength(*e, f.length)
		}
		e.mtime = f.mtime
		delete(disk, e.path)
	}
	for _, f := range found {
		if _, left := disk[f.path]; left && !inPadFolder(f.path) {
			return &MismatchError{Path: f.path, Why: "is not part of the torrent"}
		}
	}
	return nil
}

func wrongLength(e entry, got int64) error {
	how := "longer"
	if got < e.length {
		how = "shorter"
	}
	return &MismatchError{Path: e.path, Why: fmt.Sprintf("is %s than it should be: %d bytes instead of %d", how, got, e.length)}
}

// checker compares piece sums with a torrent.
type checker struct {
	info *info
	lay  *layout
}

func (c *checker) check(piece int, sum pieceSum) error {
	e := c.lay.entries[c.lay.at(int64(piece)*c.lay.pieceLength)]
	from := int64(piece)*c.lay.pieceLength - e.offset
	if c.info.v2 && string(sum.v2[:]) != c.expected(piece) {
		to := min(from+c.lay.pieceLength, e.length)
		return &MismatchError{Path: e.path, Why: fmt.Sprintf("bytes %d to %d are not what the torrent says", from, to-1)}
	}
	if c.info.v1 && string(sum.v1[:]) != c.info.pieces[piece*sha1Size:(piece+1)*sha1Size] {
		return &MismatchError{Path: e.path, Why: fmt.Sprintf("piece %d, from byte %d on, does not match its v1 hash", piece, from)}
	}
	return nil
}

// expected is the v2 hash of a piece: from the piece layer or, for a file not
// longer than a piece, the file's root.
func (c *checker) expected(piece int) string {
	i := c.lay.at(int64(piece) * c.lay.pieceLength)
	e, root := c.lay.entries[i], c.info.roots[i]
	if e.length <= c.lay.pieceLength {
		return root
	}
	n := piece - int(e.offset/c.lay.pieceLength)
	return c.info.layers[root][n*sha256Size : (n+1)*sha256Size]
}

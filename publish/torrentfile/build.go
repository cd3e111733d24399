package torrentfile

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Options say what a new torrent carries besides the payload.
type Options struct {
	Name        string // info.name, one path component
	PieceLength int64  // bytes, a power of two from 16 KiB to 16 MiB; 0: chosen to suit the payload
	License     string // info.license, canonical URL; "" leaves the key out

	// The following lie outside the info dictionary. Zero values leave their keys out.
	Trackers     [][]string // by tier (BEP 12)
	WebSeeds     []string   // URLs of the directory that holds the payload folder (BEP 19)
	Comment      string
	CreatedBy    string
	CreationDate time.Time

	// Progress is told the bytes hashed so far, in rising order, never twice at
	// once; the last call says the payload's length. May be nil.
	Progress func(done int64)
}

// Build makes a hybrid torrent of every regular file below the directory root.
// It reads each byte once, on all cores. An error names the file it is about:
// symbolic links, devices and sockets are refused, and so is a file that changes
// while it is read.
func Build(ctx context.Context, root string, o Options) (*Torrent, error) {
	if err := checkName(o.Name); err != nil {
		return nil, fmt.Errorf("torrent name %q: %w", o.Name, err)
	}
	found, err := walk(ctx, root)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: holds no files", root)
	}
	if err := portable(found); err != nil {
		return nil, fmt.Errorf("%s: %w", root, err)
	}
	pieceLength, err := pieceLengthFor(o.PieceLength, found)
	if err != nil {
		return nil, err
	}
	lay := padded(pieceLength, found)
	if lay.total == 0 {
		return nil, fmt.Errorf("%s: holds empty files only", root)
	}
	sums := newSums(&lay)
	if err := hashPieces(ctx, root, &lay, kinds{v1: true, v2: true}, o.Progress, sums.add); err != nil {
		return nil, err
	}
	t := &Torrent{outer: map[string][]byte{}, info: info{
		name: o.Name, license: o.License, v1: true, v2: true, layout: lay, pieces: string(sums.v1),
	}}
	t.info.roots, t.info.layers = sums.trees(&lay)
	t.InfoBytes = t.info.encode()
	t.outer["piece layers"] = encodeLayers(t.info.layers)
	if o.CreatedBy != "" {
		t.set("created by", func(w *writer) { w.string(o.CreatedBy) })
	}
	if !o.CreationDate.IsZero() {
		t.set("creation date", func(w *writer) { w.int(o.CreationDate.Unix()) })
	}
	t.Announce(o.Trackers, o.WebSeeds, o.Comment)
	return t, nil
}

// portable refuses names that would be renamed, or would overwrite each other, on
// the way to other people's disks.
func portable(files []entry) error {
	folded := make([]string, len(files))
	for i, f := range files {
		if inPadFolder(f.path) {
			return fmt.Errorf("%s: the name %q is taken by the padding of torrents (BEP 47)", f.path, padFolder)
		}
		folded[i] = strings.ToLower(f.path)
	}
	if err := checkUnique(folded); err != nil {
		return fmt.Errorf("%w when upper and lower case are taken for the same, as many computers do", err)
	}
	return nil
}

// sums holds the hash of every piece. Workers fill it at the same time, each
// piece once.
type sums struct {
	v1 []byte
	v2 []digest
}

func newSums(lay *layout) *sums {
	n := lay.numPieces()
	return &sums{v1: make([]byte, n*sha1Size), v2: make([]digest, n)}
}

func (s *sums) add(piece int, p pieceSum) error {
	copy(s.v1[piece*sha1Size:], p.v1[:])
	s.v2[piece] = p.v2
	return nil
}

// trees gives the pieces root of every entry, and the piece layer of every file
// longer than a piece, by root (BEP 52).
func (s *sums) trees(lay *layout) (roots []string, layers map[string]string) {
	roots = make([]string, len(lay.entries))
	layers = map[string]string{}
	pad := padDigest(lay.pieceLength)
	for i, e := range lay.entries {
		if e.pad || e.length == 0 {
			continue
		}
		first, n := lay.piecesOf(e)
		hashes := s.v2[first : first+n]
		root := merkleRoot(append([]digest(nil), hashes...), pad)
		roots[i] = string(root[:])
		if n > 1 {
			layers[roots[i]] = joinDigests(hashes)
		}
	}
	return roots, layers
}

package origin

import (
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/bits"
	"strings"

	"github.com/anacrolix/torrent/bencode"
	"github.com/anacrolix/torrent/metainfo"
)

// Bounds on what a foreign .torrent may ask of the engine.
const (
	maxMetainfo    = 64 << 20
	maxPieceLength = 1 << 30
	maxPayload     = 1 << 50
	maxFiles       = 1 << 18
	maxPathDepth   = 60 // bencode refuses more than 64 levels
)

// readMetainfo reads a .torrent of any version. What it returns is consistent:
// every offset, hash and path in it can be used without another look.
func readMetainfo(data []byte) (*layout, error) {
	if len(data) > maxMetainfo {
		return nil, fmt.Errorf("metainfo is larger than %d MiB", maxMetainfo>>20)
	}
	var mi metainfo.MetaInfo
	if err := bencode.Unmarshal(data, &mi); err != nil {
		return nil, fmt.Errorf("metainfo: %w", err)
	}
	if len(mi.InfoBytes) == 0 {
		return nil, errors.New("metainfo has no info dictionary")
	}
	var info metainfo.Info
	if err := bencode.Unmarshal(mi.InfoBytes, &info); err != nil {
		return nil, fmt.Errorf("info dictionary: %w", err)
	}
	l := &layout{
		name:        info.BestName(),
		pieceLength: info.PieceLength,
		info:        mi.InfoBytes,
		hasV1:       info.HasV1(),
		hasV2:       info.HasV2(),
		private:     info.Private != nil && *info.Private,
		trackers:    mi.UpvertedAnnounceList(),
	}
	if err := validName(l.name); err != nil {
		return nil, err
	}
	if l.pieceLength < 1 || l.pieceLength > maxPieceLength {
		return nil, fmt.Errorf("piece length %d is out of range", l.pieceLength)
	}
	if err := l.fill(&info, mi.PieceLayers); err != nil {
		return nil, err
	}
	if l.length == 0 {
		return nil, errors.New("payload is empty")
	}
	return l, nil
}

// fill lays out the files and checks the hashes of both versions against them.
func (l *layout) fill(info *metainfo.Info, layers map[string]string) error {
	var tree []file
	if l.hasV2 {
		if l.pieceLength < blockSize || l.pieceLength&(l.pieceLength-1) != 0 {
			return fmt.Errorf("v2 piece length %d is not a power of two of at least 16 KiB", l.pieceLength)
		}
		l.v2 = sha256.Sum256(l.info)
		l.layerLevel = bits.TrailingZeros64(uint64(l.pieceLength / blockSize))
		var err error
		if tree, err = l.treeFiles(info, layers); err != nil {
			return err
		}
		l.files = tree
	}
	if l.hasV1 {
		l.v1 = sha1.Sum(l.info)
		l.pieces = info.Pieces
		files, err := l.listFiles(info)
		if err != nil {
			return err
		}
		if l.hasV2 {
			if err := joinHybrid(files, tree); err != nil {
				return err
			}
		}
		l.files = files
	}
	for _, f := range l.files {
		l.length = f.offset + f.length
		if !f.pad {
			l.payload += f.length
		}
	}
	if l.hasV1 && len(l.pieces) != l.numPieces()*sha1.Size {
		return fmt.Errorf("%d bytes of v1 piece hashes for %d pieces", len(l.pieces), l.numPieces())
	}
	return uniquePaths(l.files)
}

// listFiles lays out the v1 side: info.files, or the single file. BEP 3, BEP 47
func (l *layout) listFiles(info *metainfo.Info) ([]file, error) {
	if len(info.Files) == 0 {
		if info.Length < 0 || info.Length > maxPayload {
			return nil, fmt.Errorf("length %d is out of range", info.Length)
		}
		return []file{{path: l.name, length: info.Length}}, nil
	}
	if len(info.Files) > maxFiles {
		return nil, fmt.Errorf("more than %d files", maxFiles)
	}
	var files []file
	var offset int64
	for i := range info.Files {
		fi := &info.Files[i]
		f := file{offset: offset, length: fi.Length, pad: strings.Contains(fi.Attr, "p")}
		if f.length < 0 || f.length > maxPayload-offset {
			return nil, fmt.Errorf("file length %d is out of range", f.length)
		}
		if !f.pad {
			p, err := joinPath(l.name, fi.BestPath())
			if err != nil {
				return nil, err
			}
			f.path = p
		}
		offset += f.length
		files = append(files, f)
	}
	return files, nil
}

// treeFiles lays out the v2 side: the file tree, each file on a piece boundary,
// pads between them. BEP 52
func (l *layout) treeFiles(info *metainfo.Info, layers map[string]string) ([]file, error) {
	if err := info.FileTree.Validate(); err != nil {
		return nil, err
	}
	var files []file
	var end int64 // of the payload so far
	single := len(info.FileTree.Dir) == 1 && isLeafNamed(info.FileTree, l.name)
	for fi := range info.UpvertedFilesIter() {
		if len(files) > maxFiles {
			return nil, fmt.Errorf("more than %d files", maxFiles)
		}
		if fi.Length > maxPayload-end {
			return nil, fmt.Errorf("file length %d is out of range", fi.Length)
		}
		path, err := joinPath(l.name, fi.Path)
		if single {
			path, err = l.name, validName(l.name)
		}
		if err != nil {
			return nil, err
		}
		f := file{path: path, length: fi.Length, root: fi.PiecesRoot.UnwrapOrZeroValue()}
		if f.offset = end; f.length > 0 {
			f.offset = roundUp(end, l.pieceLength)
		}
		if f.layer, err = l.pieceLayer(&f, layers); err != nil {
			return nil, err
		}
		if f.offset > end {
			files = append(files, file{offset: end, length: f.offset - end, pad: true})
		}
		files = append(files, f)
		end = f.offset + f.length
	}
	// libtorrent asks for zeros behind the last byte when an empty file follows.
	if tail := roundUp(end, l.pieceLength) - end; tail > 0 {
		files = append(files, file{offset: end, length: tail, pad: true})
	}
	return files, nil
}

// isLeafNamed says whether the tree is one file of the torrent's own name,
// which lies at Root/name and not at Root/name/name. BEP 52
func isLeafNamed(tree metainfo.FileTree, name string) bool {
	leaf, ok := tree.Dir[name]
	return ok && len(leaf.Dir) == 0
}

// pieceLayer finds the piece hashes of a file longer than a piece and proves
// them by the root.
func (l *layout) pieceLayer(f *file, layers map[string]string) ([]byte, error) {
	if f.length <= l.pieceLength {
		return nil, nil
	}
	layer := []byte(layers[string(f.root[:])])
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

func roundUp(n, unit int64) int64 { return (n + unit - 1) / unit * unit }

func joinPath(name string, parts []string) (string, error) {
	if len(parts) == 0 || len(parts) > maxPathDepth {
		return "", fmt.Errorf("file path of %d parts", len(parts))
	}
	for _, p := range parts {
		if err := validName(p); err != nil {
			return "", err
		}
	}
	return name + "/" + strings.Join(parts, "/"), nil
}

// validName refuses what is not one plain path component on every system.
func validName(s string) error {
	if s == "" || s == "." || s == ".." || len(s) > 255 || strings.ContainsAny(s, "/\\\x00") {
		return fmt.Errorf("%q is not a usable file name", s)
	}
	return nil
}

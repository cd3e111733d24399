package origin

import (
	"crypto/sha1"
	"crypto/sha256"
	"sort"
)

// blockSize is the leaf of a v2 hash tree and the usual request. BEP 3, BEP 52
const blockSize = 16 << 10

// file is one stretch of the torrent's byte space.
type file struct {
	path   string // below Root, with info.name, "/"-separated; "" for a pad
	offset int64  // in the byte space
	length int64
	pad    bool     // zeros that exist on no disk. BEP 47
	root   [32]byte // v2 root of the hash tree, zero without v2 or when empty
	layer  []byte   // v2 piece layer, 32 bytes a piece; nil unless longer than a piece
}

// layout is a torrent as the engine needs it: one byte space, cut into pieces,
// over files and pads. In a hybrid or v2 torrent each file starts on a piece.
type layout struct {
	name        string
	pieceLength int64
	length      int64 // of the byte space, pads included
	payload     int64 // bytes on disk
	files       []file
	info        []byte // the info dictionary as it came
	pieces      []byte // v1: 20 bytes a piece; nil without v1
	v1          [20]byte
	v2          [32]byte
	hasV1       bool
	hasV2       bool
	private     bool       // no DHT. BEP 27
	trackers    [][]string // announce URLs by tier, as they came
	layerLevel  int        // of piece hashes above 16 KiB blocks in a v2 hash tree
}

// infohash is the name of the torrent in the Seeder interface.
func (l *layout) infohash() string {
	if l.hasV1 {
		return idOf(l.v1[:])
	}
	return idOf(l.v2[:])
}

// swarms lists the 20-byte infohashes that peers and trackers use. BEP 52
func (l *layout) swarms() [][20]byte {
	var s [][20]byte
	if l.hasV1 {
		s = append(s, l.v1)
	}
	if l.hasV2 {
		s = append(s, [20]byte(l.v2[:20]))
	}
	return s
}

func (l *layout) numPieces() int {
	return int((l.length + l.pieceLength - 1) / l.pieceLength)
}

// pieceSize is the length of piece i in the byte space: pads count, since v1
// peers ask for them.
func (l *layout) pieceSize(i int) int64 {
	return min(l.pieceLength, l.length-int64(i)*l.pieceLength)
}

// segment is a part of one file.
type segment struct {
	file int
	off  int64 // in the file
	n    int64
}

// segments cuts [off, off+n) of the byte space into parts of files, in order.
// Empty files do not appear.
func (l *layout) segments(off, n int64) []segment { return l.appendSegments(nil, off, n) }

func (l *layout) appendSegments(segs []segment, off, n int64) []segment {
	i := sort.Search(len(l.files), func(i int) bool {
		f := &l.files[i]
		return f.offset+f.length > off
	})
	for ; n > 0 && i < len(l.files); i++ {
		f := &l.files[i]
		if f.length == 0 {
			continue
		}
		in := off - f.offset
		part := min(n, f.length-in)
		segs = append(segs, segment{i, in, part})
		off += part
		n -= part
	}
	return segs
}

// v2Hash returns what piece i, which begins in file f, hashes to, and the size
// its hash tree is padded to: all of a piece in a file longer than one, or
// else the tree of the file alone (0). BEP 52
func (l *layout) v2Hash(i int, f *file) (want [32]byte, padTo int64) {
	if f.layer == nil {
		return f.root, 0
	}
	k := (int64(i)*l.pieceLength - f.offset) / l.pieceLength
	return [32]byte(f.layer[k*32:]), l.pieceLength
}

func (l *layout) v1Hash(i int) [sha1.Size]byte {
	return [sha1.Size]byte(l.pieces[i*sha1.Size:])
}

// byRoot finds a non-empty file by its v2 root, or nil.
func (l *layout) byRoot(root [sha256.Size]byte) *file {
	for i := range l.files {
		f := &l.files[i]
		if !f.pad && f.length > 0 && f.root == root {
			return f
		}
	}
	return nil
}

package origin

import (
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"commonseed/internal/bencoded"
)

// Bounds on what a foreign .torrent may ask of the engine.
const (
	maxMetainfo    = 64 << 20
	maxPieceLength = 1 << 30
	maxPayload     = 1 << 50
	maxFiles       = 1 << 18
	maxPathDepth   = 60
)

// readMetainfo reads a .torrent of any version. What it returns is consistent:
// every offset, hash and path in it can be used without another look. It shares
// memory with data.
func readMetainfo(data []byte) (*layout, error) {
	if len(data) > maxMetainfo {
		return nil, fmt.Errorf("metainfo is larger than %d MiB", maxMetainfo>>20)
	}
	l := &layout{}
	var announce string
	var layers []byte
	b := bencoded.New(data)
	for b.Begin('d'); b.More(); {
		switch string(b.Bytes()) {
		case "info":
			l.info = b.Raw()
		case "announce":
			announce = string(b.Bytes())
		case "announce-list":
			l.trackers = announceList(b.Raw())
		case "piece layers":
			layers = b.Raw()
		default:
			b.Raw()
		}
	}
	if err := b.End(); err != nil {
		return nil, fmt.Errorf("metainfo: %w", err)
	}
	if len(l.info) == 0 {
		return nil, errors.New("metainfo has no info dictionary")
	}
	if len(l.trackers) == 0 && announce != "" {
		l.trackers = [][]string{{announce}}
	}
	info, err := readInfo(l.info)
	if err != nil {
		return nil, fmt.Errorf("info dictionary: %w", err)
	}
	return l, l.fill(info, layers)
}

// announceList is no list where it is none of lists of strings. BEP 12
func announceList(raw []byte) (tiers [][]string) {
	b := bencoded.New(raw)
	for b.Begin('l'); b.More(); {
		tiers = append(tiers, b.Strings())
	}
	if b.End() != nil || !slices.ContainsFunc(tiers, func(tier []string) bool { return len(tier) > 0 && tier[0] != "" }) {
		return nil
	}
	return tiers
}

// info is the info dictionary; what is nil or 0 is not there. BEP 3, BEP 52
type info struct {
	name        string
	pieceLength int64
	pieces      []byte
	length      int64
	files       []byte // still bencoded
	version     int64
	tree        []byte // still bencoded
	private     bool   // BEP 27
}

func readInfo(data []byte) (*info, error) {
	i := &info{}
	var better string
	b := bencoded.New(data)
	for b.Begin('d'); b.More(); {
		switch string(b.Bytes()) {
		case "name":
			i.name = string(b.Bytes())
		case "name.utf-8":
			better = string(b.Bytes())
		case "piece length":
			i.pieceLength = b.Int()
		case "pieces":
			i.pieces = b.Bytes()
		case "length":
			i.length = b.Int()
		case "files":
			i.files = b.Raw()
		case "meta version":
			i.version = b.Int()
		case "file tree":
			i.tree = b.Raw()
		case "private":
			i.private = b.Int() != 0
		default:
			b.Raw()
		}
	}
	i.name = orDefault(better, i.name)
	return i, b.End()
}

// fill lays out the files and checks the hashes of both versions against them.
func (l *layout) fill(info *info, layers []byte) error {
	l.name, l.pieceLength, l.private = info.name, info.pieceLength, info.private
	l.hasV2 = info.version == 2
	l.hasV1 = info.version == 0 || info.version == 1 || info.files != nil || info.length != 0 || len(info.pieces) > 0
	if err := validName(l.name); err != nil {
		return err
	}
	if l.pieceLength < 1 || l.pieceLength > maxPieceLength {
		return fmt.Errorf("piece length %d is out of range", l.pieceLength)
	}
	var tree []file
	if l.hasV2 {
		if l.pieceLength < blockSize || l.pieceLength&(l.pieceLength-1) != 0 {
			return fmt.Errorf("v2 piece length %d is not a power of two of at least 16 KiB", l.pieceLength)
		}
		l.v2 = sha256.Sum256(l.info)
		l.layerLevel = bits.TrailingZeros64(uint64(l.pieceLength / blockSize))
		var err error
		if tree, err = l.treeFiles(info.tree, layers); err != nil {
			return err
		}
		l.files = tree
	}
	if l.hasV1 {
		l.v1 = sha1.Sum(l.info)
		l.pieces = info.pieces
		files, err := l.listFiles(info)
		if err != nil {
			return err
		}
		if l.hasV2 {
			err = joinHybrid(files, tree)
		} else {
			err = uniquePaths(files)
		}
		if err != nil {
			return err
		}
		l.files = files
	}
	for _, f := range l.files {
		l.length = f.offset + f.length
		if !f.pad {
			l.payload += f.length
		}
	}
	if l.length == 0 {
		return errors.New("payload is empty")
	}
	if l.hasV1 && len(l.pieces) != l.numPieces()*sha1.Size {
		return fmt.Errorf("%d bytes of v1 piece hashes for %d pieces", len(l.pieces), l.numPieces())
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

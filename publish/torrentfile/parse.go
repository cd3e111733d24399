package torrentfile

import (
	"bytes"
	"errors"
	"fmt"
)

const (
	// MaxSize is the largest .torrent that Parse takes, in bytes: 100,000 files of
	// ours are about 20 MB.
	MaxSize         = 64 << 20
	maxForeignPiece = 128 << 20 // piece length in bytes: what libtorrent accepts too
)

// Parse reads a v1, v2 or hybrid .torrent. It trusts nothing: sizes, counts and
// nesting are bounded, names cannot lead out of the payload folder, v1 and v2
// must describe the same files at the same places, and piece layers must hash to
// their roots. Bencoding must be canonical, so Marshal gives back the same bytes.
// Names that are not UTF-8 are refused, and symbolic links (BEP 47) that lead to
// nothing in the payload.
func Parse(data []byte) (*Torrent, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("torrent: larger than %d MiB", MaxSize>>20)
	}
	t, err := parse(bytes.Clone(data))
	if err != nil {
		return nil, fmt.Errorf("torrent: %w", err)
	}
	return t, nil
}

// ParseMetadata reads what a client saves of a magnet link: an info dictionary
// (BEP 9), bare or inside a .torrent, without the piece layers that a v2 torrent
// needs to be verified. The Torrent is for looking at only.
func ParseMetadata(data []byte) (*Torrent, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("torrent: larger than %d MiB", MaxSize>>20)
	}
	data = bytes.Clone(data)
	t := &Torrent{outer: map[string][]byte{}}
	if err := t.split(data); err != nil {
		return nil, fmt.Errorf("torrent: %w", err)
	}
	if t.InfoBytes == nil {
		t.InfoBytes, t.outer = data, map[string][]byte{}
	}
	raw, err := readInfo(t.InfoBytes)
	if err == nil {
		raw.noLayers = true
		t.info, err = raw.resolve(nil)
	}
	if err != nil {
		return nil, fmt.Errorf("torrent: info: %w", err)
	}
	return t, nil
}

func parse(data []byte) (*Torrent, error) {
	t := &Torrent{outer: map[string][]byte{}}
	if err := t.split(data); err != nil {
		return nil, err
	}
	if t.InfoBytes == nil {
		return nil, errors.New("no info dictionary")
	}
	raw, err := readInfo(t.InfoBytes)
	if err != nil {
		return nil, fmt.Errorf("info: %w", err)
	}
	if t.info, err = raw.resolve(t.outer["piece layers"]); err != nil {
		return nil, fmt.Errorf("info: %w", err)
	}
	return t, nil
}

// split takes the outer dictionary apart.
func (t *Torrent) split(data []byte) error {
	r := &reader{data: data}
	err := r.dict(func(key string) error {
		raw, err := r.raw()
		if key == "info" {
			t.InfoBytes = raw
		} else {
			t.outer[key] = raw
		}
		return err
	})
	if err == nil && r.pos != len(data) {
		err = r.fail("something follows the torrent")
	}
	return err
}

// rawInfo is the info dictionary key by key, before anything is compared.
type rawInfo struct {
	name, nameUTF8 string
	license        string
	source         string
	attr           string // of a single file
	pieceLength    int64
	metaVersion    int64
	hasLength      bool
	length         int64
	v1Files        []v1File // from "files"; nil without that key
	hasPieces      bool
	pieces         []byte
	tree           []treeFile // from "file tree"; nil without that key
	noLayers       bool       // the piece layers are not at hand
}

func readInfo(data []byte) (*rawInfo, error) {
	in := &rawInfo{}
	r := &reader{data: data}
	err := r.dict(func(key string) error {
		if err := in.read(r, key); err != nil {
			return fmt.Errorf("%q: %w", key, err)
		}
		return nil
	})
	return in, err
}

func (in *rawInfo) read(r *reader, key string) (err error) {
	switch key {
	case "name":
		in.name, err = r.string()
	case "name.utf-8":
		in.nameUTF8, err = r.string()
	case "license":
		// A key of our own: elsewhere it may mean anything, so any type will do.
		var raw []byte
		raw, err = r.raw()
		in.license = stringOf(raw)
	case "source":
		var raw []byte
		raw, err = r.raw()
		in.source = stringOf(raw)
	case "attr":
		var raw []byte
		raw, err = r.raw()
		in.attr = stringOf(raw)
	case "piece length":
		in.pieceLength, err = r.int()
	case "meta version":
		in.metaVersion, err = r.int()
	case "length":
		in.hasLength = true
		in.length, err = r.int()
	case "pieces":
		in.hasPieces = true
		in.pieces, err = r.bytes()
	case "files":
		in.v1Files, err = readV1Files(r)
	case "file tree":
		in.tree, err = readTree(r)
	default:
		err = r.skip()
	}
	return err
}

// resolve checks the parts against each other and makes one description of them.
func (in *rawInfo) resolve(pieceLayers []byte) (info, error) {
	out := info{name: in.name, license: in.license, source: in.source, pieces: in.pieces}
	if in.nameUTF8 != "" {
		out.name = in.nameUTF8
	}
	if in.metaVersion > 2 {
		return out, fmt.Errorf("meta version %d is newer than this program", in.metaVersion)
	}
	out.v2 = in.metaVersion == 2
	out.v1 = !out.v2 || in.hasPieces || in.hasLength || in.v1Files != nil
	if err := checkName(out.name); err != nil {
		return out, fmt.Errorf("name %q: %w", out.name, err)
	}
	if in.pieceLength <= 0 || in.pieceLength > maxForeignPiece {
		return out, fmt.Errorf("piece length %d", in.pieceLength)
	}
	if out.v1 {
		if err := in.resolveV1(&out); err != nil {
			return out, err
		}
	}
	if out.v2 {
		if err := in.resolveV2(&out, pieceLayers); err != nil {
			return out, err
		}
	}
	return out, checkLinks(out.layout.entries)
}

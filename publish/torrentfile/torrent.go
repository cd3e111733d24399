package torrentfile

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"iter"
	"maps"
	"slices"
)

// Torrent is the content of a .torrent file: v1 (BEP 3), v2 (BEP 52) or both.
// Build, a Builder and Parse make one.
type Torrent struct {
	// InfoBytes is the bencoded info dictionary, byte for byte as built or as
	// found. Both infohashes are taken over it: it is to be read only.
	InfoBytes []byte

	outer map[string][]byte // every other key of the .torrent, still bencoded
	info  info
}

// info is what the info dictionary says, with the piece layers that prove it.
type info struct {
	name    string
	license string
	source  string
	single  bool              // one file without a folder around it
	v1, v2  bool              // both: hybrid
	layout  layout            // where the files lie among the pieces
	pieces  []byte            // v1: 20 bytes a piece
	roots   []digest          // v2: pieces root of each entry of layout, zeros for empty files and links
	layers  map[digest][]byte // v2: the piece layer of each file longer than a piece, by its root; nil without
}

// File is one file of the payload. Path is relative to the payload folder and
// "/"-separated; in a single-file torrent it is the torrent's name.
type File struct {
	Path       string
	Length     int64
	Executable bool   // BEP 47
	Link       string // if not "", a symbolic link to this path in the payload folder (BEP 47)
}

// Name is info.name, a single path component: the name of the payload folder or,
// in a single-file torrent, of the file.
func (t *Torrent) Name() string { return t.info.name }

// License is the text of info.license, for torrents of commonseed the canonical
// URL of the licence; "" if there is none. It is covered by the infohashes.
func (t *Torrent) License() string { return t.info.license }

// Source is info.source, a mark that some trackers ask for.
func (t *Torrent) Source() string { return t.info.source }

// PieceLength is in bytes.
func (t *Torrent) PieceLength() int64 { return t.info.layout.pieceLength }

// Length is the payload in bytes, pads not counted.
func (t *Torrent) Length() int64 { return t.info.layout.payload() }

// SingleFile says that the payload is one file without a folder around it.
func (t *Torrent) SingleFile() bool { return t.info.single }

// Files lists the payload in torrent order, without pads.
func (t *Torrent) Files() []File {
	files := make([]File, len(t.info.layout.entries))
	for i, e := range t.info.layout.entries {
		files[i] = File{Path: e.path, Length: e.length, Executable: e.executable, Link: e.link}
	}
	return files
}

// InfohashV1 is the SHA-1 of the info dictionary in lower-case hex, or "" if the
// torrent has no v1 part (BEP 3).
func (t *Torrent) InfohashV1() string {
	if !t.info.v1 {
		return ""
	}
	sum := sha1.Sum(t.InfoBytes)
	return hex.EncodeToString(sum[:])
}

// InfohashV2 is the SHA-256 of the info dictionary in lower-case hex, or "" if
// the torrent has no v2 part (BEP 52).
func (t *Torrent) InfohashV2() string {
	if !t.info.v2 {
		return ""
	}
	sum := sha256.Sum256(t.InfoBytes)
	return hex.EncodeToString(sum[:])
}

// Marshal is the .torrent file: sorted, deterministic, and for a parsed torrent
// the same bytes that were parsed.
func (t *Torrent) Marshal() []byte {
	data := make([]byte, 0, t.Size())
	for part := range t.parts() {
		data = append(data, part...)
	}
	return data
}

// Size is the length of the .torrent file in bytes.
func (t *Torrent) Size() (n int64) {
	for part := range t.parts() {
		n += int64(len(part))
	}
	return n
}

// WriteTo writes the .torrent file, without a copy of it in memory.
func (t *Torrent) WriteTo(w io.Writer) (n int64, err error) {
	for part := range t.parts() {
		m, err := w.Write(part)
		n += int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// parts are what the .torrent file consists of, end to end.
func (t *Torrent) parts() iter.Seq[[]byte] {
	all := maps.Clone(t.outer)
	all["info"] = t.InfoBytes
	return func(yield func([]byte) bool) {
		ok := yield([]byte("d"))
		for _, key := range slices.Sorted(maps.Keys(all)) {
			ok = ok && yield(written(func(w *writer) { w.string(key) })) && yield(all[key])
		}
		_ = ok && yield([]byte("e"))
	}
}

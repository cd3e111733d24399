package seedtest

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/anacrolix/torrent/bencode"

	"commonseed/seed"
)

// Version is the kind of a torrent. BEP 3, BEP 52
type Version int

const (
	V1 Version = iota
	V2
	Hybrid
)

func (v Version) String() string { return [...]string{"v1", "v2", "hybrid"}[v] }

// Payload is a folder with files, and the torrent of it.
type Payload struct {
	Slug, Title string
	Root, Name  string // the files lie in Root/Name
	Size        int64
	Metainfo    []byte
	Path        string // where Torrent puts the metainfo
	Infohash    string // as a Seeder names it
	V1, V2      string // hex, as far as the version has them
}

// Torrent is what a Seeder is asked to add. It writes the .torrent file.
func (p Payload) Torrent() seed.Torrent {
	if old, err := os.ReadFile(p.Path); err != nil || !bytes.Equal(old, p.Metainfo) {
		if err := os.WriteFile(p.Path, p.Metainfo, 0o644); err != nil {
			panic(err)
		}
	}
	return seed.Torrent{Slug: p.Slug, Title: p.Title, Path: p.Path, Root: p.Root}
}

// pieceLength of all payloads here.
const pieceLength = 32 << 10

// NewPayload writes a few files whose sizes fall on, beside and far from piece
// boundaries, and builds their torrent.
func NewPayload(t testing.TB, v Version, trackers ...string) Payload {
	t.Helper()
	return PayloadOf(t, v, map[string]int64{
		"LICENSE.txt": 1500, "art/cover.bin": 2 * pieceLength, "song.bin": 300_001, "tiny": 1,
	}, trackers...)
}

// PayloadOf writes files of the given sizes, below Root/Name with "/"-separated
// paths, and builds their torrent.
func PayloadOf(t testing.TB, v Version, sizes map[string]int64, trackers ...string) Payload {
	t.Helper()
	p := Payload{Slug: "test-" + v.String(), Title: "Test " + v.String(), Root: t.TempDir(), Name: "Payload " + v.String(),
		Path: filepath.Join(t.TempDir(), "test.torrent")}
	for path, size := range sizes {
		p.Size += size
		full := filepath.Join(p.Root, p.Name, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, randomBytes(path, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := builder{version: v, tree: map[string]any{}, layers: map[string]string{}}
	for _, path := range treeOrder(sizes) {
		data, err := os.ReadFile(filepath.Join(p.Root, p.Name, filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		b.add(strings.Split(path, "/"), data)
	}
	p.Metainfo, p.V1, p.V2 = b.metainfo(t, p.Name, trackers)
	p.Infohash = p.V1
	if v == V2 {
		p.Infohash = p.V2
	}
	return p
}

func randomBytes(seed string, n int64) []byte {
	r := rand.NewChaCha8(sha256.Sum256([]byte(seed)))
	b := make([]byte, n)
	r.Read(b)
	return b
}

// treeOrder sorts by path component, as a v2 file tree is. BEP 52
func treeOrder(sizes map[string]int64) (paths []string) {
	for p := range sizes {
		paths = append(paths, p)
	}
	sort.Slice(paths, func(i, j int) bool {
		return strings.ReplaceAll(paths[i], "/", "\x00") < strings.ReplaceAll(paths[j], "/", "\x00")
	})
	return paths
}

// builder is a small torrent maker of its own, so that a mistake of the real
// one does not hide a mistake of a Seeder.
type builder struct {
	version Version
	stream  []byte // the v1 byte space
	files   []any
	tree    map[string]any
	layers  map[string]string
}

func (b *builder) add(path []string, data []byte) {
	if b.version == Hybrid && len(data) > 0 {
		if pad := -len(b.stream) & (pieceLength - 1); pad > 0 {
			b.files = append(b.files, map[string]any{
				"attr": "p", "length": pad, "path": []string{".pad", fmt.Sprint(pad)}})
			b.stream = append(b.stream, make([]byte, pad)...)
		}
	}
	b.stream = append(b.stream, data...)
	b.files = append(b.files, map[string]any{"length": len(data), "path": path})
	props := map[string]any{"length": len(data)}
	if len(data) > 0 {
		props["pieces root"] = b.root(data)
	}
	dir := b.tree
	for _, part := range path {
		if dir[part] == nil {
			dir[part] = map[string]any{}
		}
		dir = dir[part].(map[string]any)
	}
	dir[""] = props
}

// root hashes a file and notes its piece layer.
func (b *builder) root(data []byte) string {
	var leaves []string
	for chunk := range bytesChunks(data, 16<<10) {
		h := sha256.Sum256(chunk)
		leaves = append(leaves, string(h[:]))
	}
	zero := string(make([]byte, 32))
	if len(data) <= pieceLength {
		return merkle(leaves, zero, 1)
	}
	perPiece := pieceLength / (16 << 10)
	var layer []string
	for len(leaves) > 0 {
		n := min(perPiece, len(leaves))
		layer = append(layer, merkle(leaves[:n], zero, perPiece))
		leaves = leaves[n:]
	}
	root := merkle(layer, merkle(nil, zero, perPiece), 1)
	b.layers[root] = strings.Join(layer, "")
	return root
}

// merkle is the root over leaves, filled up with pad to a power of two that is
// at least width.
func merkle(leaves []string, pad string, width int) string {
	for width < len(leaves) {
		width *= 2
	}
	row := append([]string(nil), leaves...)
	for len(row) < width {
		row = append(row, pad)
	}
	for len(row) > 1 {
		var up []string
		for i := 0; i < len(row); i += 2 {
			h := sha256.Sum256([]byte(row[i] + row[i+1]))
			up = append(up, string(h[:]))
		}
		row = up
	}
	return row[0]
}

func bytesChunks(b []byte, n int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			k := min(n, len(b))
			if !yield(b[:k]) {
				return
			}
			b = b[k:]
		}
	}
}

func (b *builder) metainfo(t testing.TB, name string, trackers []string) (data []byte, v1, v2 string) {
	t.Helper()
	info := map[string]any{"name": name, "piece length": pieceLength}
	if b.version != V2 {
		var pieces []byte
		for chunk := range bytesChunks(b.stream, pieceLength) {
			h := sha1.Sum(chunk)
			pieces = append(pieces, h[:]...)
		}
		info["pieces"], info["files"] = string(pieces), b.files
	}
	outer := map[string]any{}
	if b.version != V1 {
		info["meta version"], info["file tree"] = 2, b.tree
		outer["piece layers"] = b.layers
	}
	if len(trackers) > 0 {
		outer["announce"] = trackers[0]
		outer["announce-list"] = [][]string{trackers}
	}
	raw := bencode.MustMarshal(info)
	outer["info"] = bencode.Bytes(raw)
	if b.version != V2 {
		h := sha1.Sum(raw)
		v1 = hex.EncodeToString(h[:])
	}
	if b.version != V1 {
		h := sha256.Sum256(raw)
		v2 = hex.EncodeToString(h[:])
	}
	return bencode.MustMarshal(outer), v1, v2
}

// Corrupt flips one byte of a file at off, in place.
func Corrupt(t testing.TB, path string, off int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], off); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0xff
	if _, err := f.WriteAt(b[:], off); err != nil {
		t.Fatal(err)
	}
}

func appendTo(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// Snapshot lists everything below dir with kind, size, time and content.
func Snapshot(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		fmt.Fprintf(&b, "%s %v %v", rel, fi.Mode(), fi.ModTime().UnixNano())
		if fi.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %x", sha256.Sum256(data))
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Diff says how the files below want differ from those below got, "" if not at
// all. Surplus files below got do not count.
func Diff(t testing.TB, want, got string) string {
	t.Helper()
	var diff []string
	err := filepath.WalkDir(want, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(want, path)
		a, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(filepath.Join(got, rel))
		if err != nil {
			diff = append(diff, err.Error())
		} else if !bytes.Equal(a, b) {
			diff = append(diff, rel+" differs")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(diff, "\n")
}

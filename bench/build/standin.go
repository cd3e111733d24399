package main

import (
	"crypto/sha1"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"

	"github.com/anacrolix/torrent/bencode"
	"github.com/anacrolix/torrent/metainfo"
)

// standin hashes as mkbrr does, which is not on every machine: each worker takes a
// contiguous range of the pieces and hashes them one after the other by the standard
// library. It is no mkbrr: it looks for nothing but files, and prints nothing.
type standin struct {
	name   string
	mapped bool // maps files, as its newer versions do; the older ones read
}

var standins = []standin{{"read", false}, {"map", true}}

// title says what a stand-in does with files of these lengths.
func (s standin) title(lengths []int64) string {
	var total int64
	for _, n := range lengths {
		total += n
	}
	workers, read := s.effort(total / int64(len(lengths)))
	if s.mapped {
		return fmt.Sprintf("Go, %d workers, standard SHA-1, mapping %d MiB (stand-in)", workers, mapWindow>>20)
	}
	return fmt.Sprintf("Go, %d workers, standard SHA-1, reading %d KiB (stand-in)", workers, read>>10)
}

// effort is how many workers read how many bytes at a time.
func (s standin) effort(average int64) (workers, read int) {
	workers = runtime.GOMAXPROCS(0)
	switch {
	case average < 1<<20:
		return workers, 256 << 10
	case average < 1<<30:
		return workers, 4 << 20
	case s.mapped:
		return workers, 8 << 20
	}
	return 2 * workers, 8 << 20
}

// part is a file, and where it begins in the payload.
type part struct {
	path           string
	offset, length int64
}

// layout is files end to end.
type layout struct {
	parts       []part
	total       int64
	pieceLength int64
}

func (s standin) build(root, out string, pieceLength int64) error {
	lay := &layout{pieceLength: pieceLength}
	if err := lay.list(root); err != nil {
		return err
	}
	pieces, err := s.hash(lay)
	if err != nil {
		return err
	}
	info := metainfo.Info{Name: filepath.Base(root), PieceLength: pieceLength, Pieces: pieces}
	for _, f := range lay.parts {
		path, err := filepath.Rel(root, f.path)
		if err != nil {
			return err
		}
		info.Files = append(info.Files, metainfo.FileInfo{Length: f.length, Path: strings.Split(filepath.ToSlash(path), "/")})
	}
	mi := metainfo.MetaInfo{}
	if mi.InfoBytes, err = bencode.Marshal(&info); err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := mi.Write(f); err != nil {
		return err
	}
	return f.Close()
}

// list finds all files below a folder.
func (l *layout) list(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		l.parts = append(l.parts, part{path, l.total, info.Size()})
		l.total += info.Size()
		return nil
	})
}

// hash gives every worker its range of the pieces.
func (s standin) hash(lay *layout) ([]byte, error) {
	n := int((lay.total + lay.pieceLength - 1) / lay.pieceLength)
	hashes := make([]byte, n*sha1.Size)
	workers, read := s.effort(lay.total / int64(max(1, len(lay.parts))))
	share := (n + workers - 1) / workers
	failed := make([]error, workers)
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() { failed[i] = s.hashRange(lay, hashes, min(i*share, n), min((i+1)*share, n), read) })
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

func (s standin) hashRange(lay *layout, hashes []byte, first, last, read int) error {
	fd := feeder{mapped: s.mapped, read: read}
	defer fd.close()
	whole := sha1.New()
	for piece := first; piece < last; piece++ {
		whole.Reset()
		off := int64(piece) * lay.pieceLength
		end := min(off+lay.pieceLength, lay.total)
		i := sort.Search(len(lay.parts), func(i int) bool { return lay.parts[i].offset+lay.parts[i].length > off })
		for ; off < end; i++ {
			f := &lay.parts[i]
			n := min(end, f.offset+f.length) - off
			if err := fd.feed(whole, f, off-f.offset, n); err != nil {
				return err
			}
			off += n
		}
		whole.Sum(hashes[:piece*sha1.Size])
	}
	return nil
}

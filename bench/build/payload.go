package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"commonseed/publish/torrentfile"
)

// perFolder is how many of many files lie in one folder.
const perFolder = 1000

// payload is the folder that every builder makes a torrent of.
type payload struct {
	root    string
	size    int64
	lengths []int64 // of its files
}

// makePayload writes size bytes that do not compress, cut into files of nearly the
// same length, and reads them once so that they are in the page cache.
func makePayload(ctx context.Context, dir string, size int64, files int) (payload, error) {
	p := payload{root: filepath.Join(dir, "payload"), size: size}
	random := rand.NewChaCha8([32]byte{1})
	buf := make([]byte, 1<<20)
	for i := range files {
		if ctx.Err() != nil {
			return p, ctx.Err()
		}
		n := size / int64(files-i)
		size -= n
		p.lengths = append(p.lengths, n)
		if err := writeRandom(p.path(i, files), random, n, buf); err != nil {
			return p, err
		}
	}
	return p, readAll(p.root, buf)
}

func (p payload) path(i, files int) string {
	name := fmt.Sprintf("%06d", i)
	if files > perFolder {
		name = filepath.Join(fmt.Sprintf("%03d", i/perFolder), name)
	}
	return filepath.Join(p.root, name)
}

func writeRandom(path string, random io.Reader, n int64, buf []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := copyAll(f, io.LimitReader(random, n), buf); err != nil {
		return err
	}
	return f.Close()
}

func readAll(root string, buf []byte) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		return copyAll(io.Discard, f, buf)
	})
}

// copyAll hides what else its ends can do, so that the bytes pass through buf.
func copyAll(dst io.Writer, src io.Reader, buf []byte) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, buf)
	return err
}

// pieceLength is the one that our builder chooses; the others are told to use it too.
// Files of a v1 torrent need no pads, so many small ones get longer pieces.
func (p payload) pieceLength(mode torrentfile.Mode) int64 {
	if mode == torrentfile.V1 {
		return torrentfile.ChoosePieceLength([]int64{p.size})
	}
	return torrentfile.ChoosePieceLength(p.lengths)
}

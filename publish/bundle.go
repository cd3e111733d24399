package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"commonseed/feed"
	"commonseed/internal/atomicfile"
	"commonseed/internal/filestate"
	"commonseed/license/stamp"

	"golang.org/x/sync/errgroup"
)

// Bundle is the staged payload directory: stamped media, licence notice and
// metadata, below a directory that is renamed into place when all is done.
type Bundle struct {
	Dir    string // the staged release directory
	Record feed.Release
}

// payload is the folder that becomes the torrent's.
func (b *Bundle) payload(name string) string { return filepath.Join(b.Dir, filesDir, name) }

// stage writes the payload of a plan into dir, synced to disk, and answers with
// the record so far.
func (p *Plan) stage(ctx context.Context, dir string, progress func(n int64)) (*Bundle, error) {
	b := &Bundle{Dir: dir, Record: p.record()}
	root := b.payload(p.Name)
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, err
	}
	files, err := p.copyFiles(ctx, root, progress)
	if err != nil {
		return nil, err
	}
	b.Record.Files = files
	if err := b.describe(p, root); err != nil {
		return nil, err
	}
	return b, syncTree(dir)
}

// copyFiles writes every planned file, stamped, on all cores.
func (p *Plan) copyFiles(ctx context.Context, root string, progress func(n int64)) ([]feed.File, error) {
	written := make([][]feed.File, len(p.Files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i := range p.Files {
		group.Go(func() error {
			f := &p.Files[i]
			var err error
			if written[i], err = p.copyFile(ctx, f, root, progress); err != nil {
				return &FileError{Path: f.Path, Err: err}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var files []feed.File
	for _, w := range written {
		files = append(files, w...)
	}
	return files, nil
}

// copyFile writes one file, stamped as planned, and its sidecar if it has one.
// A source that changed since it was planned is refused.
func (p *Plan) copyFile(ctx context.Context, f *PlannedFile, root string, progress func(n int64)) ([]feed.File, error) {
	src, err := os.Open(f.Abs)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	content := io.Reader(io.NewSectionReader(src, 0, f.state.Size))
	if f.Stamp != nil && f.Stamp.Sidecar == nil {
		content = f.Stamp.Patch.Reader(src)
	}
	target := filepath.Join(root, filepath.FromSlash(f.Path))
	size, sum, err := writeSynced(target, &meter{ctx, content, progress})
	if info, statErr := src.Stat(); statErr == nil && filestate.Of(info) != f.state {
		return nil, ErrChanged
	}
	if info, statErr := os.Stat(f.Abs); statErr != nil || filestate.Of(info) != f.state {
		return nil, ErrChanged
	}
	if err != nil {
		return nil, err
	}
	if size != f.Size() {
		return nil, ErrChanged
	}
	return p.fileRecords(f, target, size, sum)
}

// fileRecords describes a written file, after reading its stamp back.
func (p *Plan) fileRecords(f *PlannedFile, target string, size int64, sum string) ([]feed.File, error) {
	r := feed.File{Path: f.Path, Size: size, SHA256: sum, Type: f.Type}
	if f.Stamp == nil {
		return []feed.File{r}, nil
	}
	r.License, r.Stamp = f.Notice.License.URL, f.Stamp.Places
	if f.Notice.Title != p.Notice.Title {
		r.Title = f.Notice.Title
	}
	if f.Notice.Creator != p.Notice.Creator {
		r.Creator = f.Notice.Creator
	}
	if len(f.Stamp.Sidecar) > 0 {
		n, sum, err := writeSynced(target+".license", bytes.NewReader(f.Stamp.Sidecar))
		if err != nil {
			return nil, err
		}
		return []feed.File{r, {Path: f.Path + ".license", Size: n, SHA256: sum, Type: "text/plain"}}, nil
	}
	if f.Stamp.Sidecar == nil {
		return []feed.File{r}, checkStamped(target, f)
	}
	return []feed.File{r}, nil
}

// checkStamped reads the stamp back from the file as it is on disk.
func checkStamped(target string, f *PlannedFile) error {
	file, err := os.Open(target)
	if err != nil {
		return err
	}
	defer file.Close()
	_, found, err := stamp.Read(file, f.Size())
	if err != nil {
		return fmt.Errorf("reading the stamp back: %w", err)
	}
	for _, s := range found {
		if s.License.ID == f.Notice.License.ID {
			return nil
		}
	}
	return fmt.Errorf("reading the stamp back: no place names %s", f.Notice.License.Label)
}

// describe adds metadata.json and LICENSE.txt, which are made of the records of
// all other files.
func (b *Bundle) describe(p *Plan, root string) error {
	metadata, err := feed.CreativeWork(b.Record, "")
	if err != nil {
		return err
	}
	var notice bytes.Buffer
	if err := p.Channel.Pages.LicenseText(&notice, b.Record); err != nil {
		return err
	}
	for _, f := range []struct {
		name, kind string
		content    []byte
	}{{licenseFile, "text/plain", notice.Bytes()}, {metadataFile, "application/ld+json", metadata}} {
		size, sum, err := writeSynced(filepath.Join(root, f.name), bytes.NewReader(f.content))
		if err != nil {
			return err
		}
		b.Record.Files = append(b.Record.Files, feed.File{Path: f.name, Size: size, SHA256: sum, Type: f.kind})
	}
	return nil
}

// writeSynced writes a new file through to the disk and answers with its size
// and SHA-256.
func writeSynced(path string, content io.Reader) (size int64, sum string, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, "", err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, "", err
	}
	hash := sha256.New()
	size, err = io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(f, hash)}, struct{ io.Reader }{content}, make([]byte, 1<<20))
	if err == nil {
		err = f.Chmod(0o644) // whatever the umask: it is published
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return size, hex.EncodeToString(hash.Sum(nil)), err
}

// meter counts what is read through it and stops when the context is done.
type meter struct {
	ctx      context.Context
	r        io.Reader
	progress func(n int64)
}

func (m *meter) Read(b []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(b)
	m.progress(int64(n))
	return n, err
}

// syncTree makes the names in all directories below dir durable, and the
// directories readable by others, whatever the umask: they are published.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if err := os.Chmod(path, 0o755); err != nil {
			return err
		}
		return atomicfile.SyncDir(path)
	})
}

package publish

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"commonseed/feed"
	"commonseed/internal/atomicfile"
	"commonseed/license/stamp"
	"commonseed/publish/torrentfile"

	"golang.org/x/sync/errgroup"
)

// Bundle is the staged payload directory: stamped media, licence notice and
// metadata, below a directory that is renamed into place when all is done. The
// payload is hashed while it is written.
type Bundle struct {
	Dir     string // the staged release directory
	Record  feed.Release
	builder *torrentfile.Builder
}

// payload is the folder that becomes the torrent's.
func (b *Bundle) payload(name string) string { return filepath.Join(b.Dir, filesDir, name) }

// stage writes the payload of a plan into dir, synced to disk, and answers with
// the record so far and the torrent. Sources are linked instead of copied where that
// is wanted and they are not stamped.
func (p *Plan) stage(ctx context.Context, dir string, builder *torrentfile.Builder, link bool) (*Bundle, error) {
	b := &Bundle{Dir: dir, Record: p.record(), builder: builder}
	root := b.payload(p.Name)
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, err
	}
	if err := b.copyFiles(ctx, p, root, link); err != nil {
		return nil, err
	}
	if err := b.describe(ctx, p, root); err != nil {
		return nil, err
	}
	return b, syncTree(dir)
}

// copyFiles writes every planned file, stamped, and its sidecar if it has one.
func (b *Bundle) copyFiles(ctx context.Context, p *Plan, root string, link bool) error {
	var sources []torrentfile.Source
	for i := range p.Files {
		f := &p.Files[i]
		b.Record.Files = append(b.Record.Files, p.fileRecord(f))
		sources = append(sources, torrentfile.Source{Path: f.Path, Length: f.Size(), Executable: f.Executable,
			Open: func() (torrentfile.Content, error) { return f.open(inFolder(root, f.Path), link) }})
		if f.Stamp != nil && len(f.Stamp.Sidecar) > 0 {
			s, r := madeFile(root, f.sidecarPath(), "text/plain", f.Stamp.Sidecar)
			sources, b.Record.Files = append(sources, s), append(b.Record.Files, r)
		}
	}
	if err := b.add(ctx, sources); err != nil {
		return err
	}
	return p.checkStamps(ctx, root)
}

// add writes and hashes files, and notes the hash of each in the record: those of the
// last records.
func (b *Bundle) add(ctx context.Context, sources []torrentfile.Source) error {
	records := b.Record.Files[len(b.Record.Files)-len(sources):]
	for i := range sources {
		r := &records[i]
		sources[i].Sum = func(sum [32]byte) { r.SHA256 = hex.EncodeToString(sum[:]) }
	}
	return b.builder.Add(ctx, sources)
}

func inFolder(root, path string) string { return filepath.Join(root, filepath.FromSlash(path)) }

// fileRecord describes a file that is to be written, but for its hash.
func (p *Plan) fileRecord(f *PlannedFile) feed.File {
	r := feed.File{Path: f.Path, Size: f.Size(), Type: f.Type}
	if f.Stamp == nil {
		return r
	}
	r.License, r.Stamp = f.Notice.License.URL, f.Stamp.Places
	if f.Notice.Title != p.Notice.Title {
		r.Title = f.Notice.Title
	}
	if f.Notice.Creator != p.Notice.Creator {
		r.Creator = f.Notice.Creator
	}
	return r
}

// checkStamps reads every stamp back from the file as it was written.
func (p *Plan) checkStamps(ctx context.Context, root string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i := range p.Files {
		f := &p.Files[i]
		if f.unchanged() {
			continue
		}
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return f.fail(checkStamped(inFolder(root, f.Path), f))
		})
	}
	return group.Wait()
}

// checkStamped reads the stamp back from one file.
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
func (b *Bundle) describe(ctx context.Context, p *Plan, root string) error {
	metadata, err := feed.CreativeWork(b.Record, "")
	if err != nil {
		return err
	}
	var notice bytes.Buffer
	if err := p.Channel.Pages.LicenseText(&notice, b.Record); err != nil {
		return err
	}
	about, r := madeFile(root, licenseFile, "text/plain", notice.Bytes())
	data, s := madeFile(root, metadataFile, "application/ld+json", metadata)
	b.Record.Files = append(b.Record.Files, r, s)
	return b.add(ctx, []torrentfile.Source{about, data})
}

// madeFile is a file that is made here, and its record.
func madeFile(root, path, kind string, content []byte) (torrentfile.Source, feed.File) {
	size := int64(len(content))
	open := func() (torrentfile.Content, error) {
		target := inFolder(root, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return nil, err
		}
		if err := writeNew(target, content); err != nil {
			return nil, err
		}
		return made{bytes.NewReader(content)}, os.Chmod(target, 0o644) // whatever the umask: it is published
	}
	return torrentfile.Source{Path: path, Length: size, Open: open}, feed.File{Path: path, Size: size, Type: kind}
}

// made is the content of a file that is made here.
type made struct{ *bytes.Reader }

func (made) Region(int64) (fd uintptr, at, n int64) { return 0, 0, 0 }
func (made) Keep([]byte, int64) error               { return nil }
func (made) Close() error                           { return nil }

// syncTree makes all below dir durable, and the directories readable by others,
// whatever the umask: they are published. Most of the time goes to waiting for the
// disk, so many wait at once.
func syncTree(dir string) error {
	var group errgroup.Group
	group.SetLimit(16)
	var dirs []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			dirs = append(dirs, path)
			return os.Chmod(path, 0o755)
		}
		group.Go(func() error { return atomicfile.Sync(path) })
		return nil
	})
	if waited := group.Wait(); err == nil {
		err = waited
	}
	for _, path := range dirs {
		if err == nil {
			err = atomicfile.Sync(path)
		}
	}
	return err
}

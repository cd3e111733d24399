package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"commonseed/feed"
	"commonseed/license"
	"commonseed/license/stamp"
	"commonseed/publish/torrentfile"
)

// VerifyDownload looks at what somebody has downloaded, without the channel that
// it came from: a .torrent beside its payload, a payload folder, any other folder,
// or a file. Only, if not nil, are the files of a torrent to look at. It reads only. The
// error is about the looking itself.
func VerifyDownload(ctx context.Context, path string, only []string, progress func(done, total int64)) (*Report, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	d := &download{Report: Report{Title: filepath.Base(path), Dir: path}, root: path, only: only}
	if info.Mode().IsRegular() && strings.EqualFold(filepath.Ext(path), ".torrent") {
		if err := d.checkTorrent(ctx, path, progress); err != nil {
			return nil, err
		}
		if info, err = os.Stat(d.root); err != nil {
			return &d.Report, nil // the check of the payload has told
		}
	}
	if info.IsDir() {
		d.checkNotices()
	}
	d.check("every media file says its licence", d.checkFiles(ctx))
	return &d.Report, ctx.Err()
}

// download is what was downloaded, and what it is said to be under.
type download struct {
	Report
	root     string
	only     []string        // paths of files, nil for all
	want     license.License // zero if nobody says
	metadata []byte          // metadata.json, which lists files under other licences
}

// checkTorrent verifies the payload, which lies beside the .torrent.
func (d *download) checkTorrent(ctx context.Context, path string, progress func(done, total int64)) error {
	data, err := ReadBounded(path, torrentfile.MaxSize)
	if err != nil {
		return err
	}
	t, err := torrentfile.Parse(data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	d.Title, d.root = t.Name(), filepath.Join(filepath.Dir(path), t.Name())
	if t.License() != "" {
		d.want, err = license.Parse(t.License())
		d.check("the torrent names a known licence", err, d.want.Label)
	}
	err = checkPayload(ctx, t, d.root, torrentfile.CheckOptions{Files: d.only, Progress: func(n int64) { progress(n, t.Length()) }})
	d.check("the payload is what the torrent describes", err, fmt.Sprintf("%d bytes", t.Length()))
	return ctx.Err()
}

// checkNotices reads LICENSE.txt and metadata.json, if there are any.
func (d *download) checkNotices() {
	var err error
	d.metadata, err = ReadBounded(filepath.Join(d.root, metadataFile), feed.MaxDocument)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var work struct {
		License string `json:"license"`
	}
	var said license.License
	if err == nil {
		err = json.Unmarshal(d.metadata, &work)
	}
	if err == nil {
		said, err = license.Parse(work.License)
	}
	switch {
	case err != nil:
	case d.want.IsZero():
		d.want = said
	case said.ID != d.want.ID:
		err = fmt.Errorf("%s says %s, the torrent %s", metadataFile, said.Label, d.want.Label)
	}
	d.check("metadata.json says it too", err, said.Label)
	notice, err := ReadBounded(filepath.Join(d.root, licenseFile), maxText)
	if err == nil && !bytes.Contains(notice, []byte(d.want.URL)) {
		err = fmt.Errorf("%s does not name %s", licenseFile, d.want.URL)
	}
	d.check("LICENSE.txt says it too", err)
}

// checkFiles reads the licence from every file, or from its sidecar. Those of the
// release itself, and sidecars, have none of their own.
func (d *download) checkFiles(ctx context.Context) error {
	var errs []error
	err := filepath.WalkDir(d.root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		rel, err := filepath.Rel(d.root, path)
		if err != nil || !e.Type().IsRegular() || len(d.metadata) > 0 && (rel == metadataFile || rel == licenseFile) {
			return err
		}
		if base, ok := strings.CutSuffix(path, ".license"); ok {
			if _, err := os.Lstat(base); err == nil {
				return nil
			}
		}
		if d.only != nil && !slices.Contains(d.only, filepath.ToSlash(rel)) {
			return nil
		}
		if err := d.checkFile(path); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", rel, err))
		}
		return nil
	})
	return errors.Join(append(errs, err)...)
}

// checkFile wants one licence from a file: that of the work, or another one that
// metadata.json names.
func (d *download) checkFile(path string) error {
	found, err := ReadStatements(path)
	if err != nil {
		return err
	}
	var says license.License
	for _, s := range found {
		if !s.License.IsZero() {
			says = s.License
			break
		}
	}
	if says.IsZero() {
		return errors.New("no place names a licence")
	}
	if c := stamp.Conflict(found, says); c != nil {
		return fmt.Errorf("says %s, and in %s %q", says.Label, c.Found.Place, clip(c.Found.Text))
	}
	if !d.want.IsZero() && says.ID != d.want.ID && !bytes.Contains(d.metadata, []byte(says.URL)) {
		return fmt.Errorf("says %s, the work %s", says.Label, d.want.Label)
	}
	return nil
}

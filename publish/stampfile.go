package publish

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"commonseed/license"
)

// StampedFile is a stamped copy of one file, published nowhere.
type StampedFile struct {
	Path    string   `json:"path"`
	License string   `json:"license"`
	Format  string   `json:"format"`
	Places  []string `json:"stamp"`
	SHA256  string   `json:"sha256"`
}

// StampFile writes a stamped copy of a work of one file into the directory out.
// It replaces nothing: where a file of that name stands, the error wraps
// fs.ErrExist. The copy is complete when its name appears.
func StampFile(ctx context.Context, w Work, out string) (*StampedFile, error) {
	g := gather(w.Paths, w.Allow)
	if w.Title == "" {
		w.Title = defaultTitle(w.Paths[0])
	}
	problems := append(g.problems, checkWork(w)...)
	if len(problems) > 0 {
		return nil, problems.err()
	}
	if len(g.files) != 1 {
		return nil, &FileError{Path: w.Paths[0], Err: errors.New("is not one file")}
	}
	f := PlannedFile{source: g.files[0], Notice: license.Notice{License: w.License, Title: w.Title, Creator: w.Creator,
		Year: yearOf(w.Date), SourceURL: w.SourceURL, AttributionURL: w.AttributionURL}}
	if err := f.prepare(w.Allow, ""); err != nil {
		return nil, &FileError{f.Path, w.LicenseFrom, err}
	}
	return f.writeCopy(ctx, out)
}

// writeCopy writes the stamped copy and, for a format that cannot hold a stamp,
// the sidecar beside it.
func (f *PlannedFile) writeCopy(ctx context.Context, out string) (*StampedFile, error) {
	out, err := filepath.Abs(out)
	if err != nil {
		return nil, err
	}
	target := filepath.Join(out, filepath.Base(f.Path))
	for _, name := range []string{target, target + ".license"} {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return nil, &FileError{Path: name, Err: fs.ErrExist}
		}
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	staging, err := os.MkdirTemp(out, ".commonseed-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(staging)
	p := &Plan{Notice: f.Notice}
	records, err := p.copyFile(ctx, f, staging, func(int64) {})
	if err != nil {
		return nil, &FileError{Path: f.Path, Err: err}
	}
	for _, r := range records {
		if err := os.Rename(filepath.Join(staging, r.Path), filepath.Join(out, r.Path)); err != nil {
			return nil, err
		}
	}
	return &StampedFile{target, f.Notice.License.URL, f.Stamp.Format, f.Stamp.Places, records[0].SHA256}, nil
}

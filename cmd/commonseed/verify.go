package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"commonseed/publish"
)

type verifyCmd struct {
	Things []string `arg:"" name:"thing" help:"Channels and releases; or what was downloaded: a .torrent beside its files, a folder, a file."`
	File   []string `placeholder:"PATH" help:"Of a .torrent, check this file only, as it is called inside the torrent; may be given again."`
}

// disagreeError says that verification found something wrong.
type disagreeError struct{ failed, all int }

func (e *disagreeError) Error() string {
	return fmt.Sprintf("%d of %d releases do not agree with themselves", e.failed, e.all)
}

func (c *verifyCmd) Run(e *env) error {
	var dirs []string
	downloads := map[string]bool{}
	for _, thing := range c.Things {
		found, err := releaseDirs(thing)
		if none := new(noReleaseError); errors.As(err, &none) {
			found, err = []string{thing}, nil
			downloads[thing] = true
		}
		if err != nil {
			return err
		}
		if len(c.File) > 0 && !strings.EqualFold(filepath.Ext(thing), ".torrent") {
			return &usageError{fmt.Errorf("--file is for a .torrent, which %s is not", thing)}
		}
		dirs = append(dirs, found...)
	}
	failed := 0
	for _, dir := range dirs {
		verify := publish.Verify
		if downloads[dir] {
			verify = func(ctx context.Context, path string, progress func(done, total int64)) (*publish.Report, error) {
				return publish.VerifyDownload(ctx, path, c.File, progress)
			}
		}
		report, err := verify(e.ctx, dir, func(done, total int64) { e.progress("verifying", done, total) })
		e.endProgress()
		if e.ctx.Err() != nil {
			return e.ctx.Err()
		}
		if err != nil { // a record that cannot be read
			e.fail(err)
			failed++
			continue
		}
		e.verified(report)
		if !report.OK() {
			failed++
		}
	}
	if failed > 0 {
		return &disagreeError{failed, len(dirs)}
	}
	return nil
}

// releaseDirs finds the releases that a path means: that of the folder or file
// it names, or those of the channel it is, or lies in.
func releaseDirs(thing string) ([]string, error) {
	abs, err := filepath.Abs(thing)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(abs); err != nil {
		return nil, err
	}
	for dir := abs; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if fileExists(filepath.Join(dir, "release.json")) {
			return []string{dir}, nil
		}
		if publish.IsChannel(dir) {
			return recordDirs(filepath.Join(dir, "public"), thing)
		}
	}
	return recordDirs(abs, thing) // a copy of public/
}

// recordDirs lists the folders in public that hold a record.
func recordDirs(public, thing string) ([]string, error) {
	entries, err := os.ReadDir(public)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return nil, err
	}
	var dirs []string
	for _, e := range entries {
		if dir := filepath.Join(public, e.Name()); fileExists(filepath.Join(dir, "release.json")) {
			dirs = append(dirs, dir)
		}
	}
	if len(dirs) == 0 {
		return nil, &noReleaseError{thing}
	}
	return dirs, nil
}

// noReleaseError is a path that holds no release.
type noReleaseError struct{ path string }

func (e *noReleaseError) Error() string { return e.path + " holds no release" }

// verified tells what was checked of one release.
func (e *env) verified(r *publish.Report) {
	if e.json {
		e.object(struct {
			MessageType string `json:"message_type"`
			OK          bool   `json:"ok"`
			*publish.Report
		}{"verified", r.OK(), r})
		return
	}
	e.result("%s", printable(r.Title))
	for _, c := range r.Checks {
		mark := e.paint("32", "ok  ")
		if c.Failed {
			mark = e.paint("31", "FAIL")
		}
		e.result("  %s  %s", mark, c.Name)
		for _, d := range c.Details {
			if c.Failed || e.verbose {
				e.result("        %s", printable(d))
			}
		}
	}
}

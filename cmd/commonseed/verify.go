package main

import (
	"fmt"
	"os"
	"path/filepath"

	"commonseed/publish"
)

type verifyCmd struct {
	Things []string `arg:"" name:"thing" help:"Channels, release folders, or files in them."`
}

// disagreeError says that verification found something wrong.
type disagreeError struct{ failed, all int }

func (e *disagreeError) Error() string {
	return fmt.Sprintf("%d of %d releases do not agree with themselves", e.failed, e.all)
}

func (c *verifyCmd) Run(e *env) error {
	var dirs []string
	for _, thing := range c.Things {
		found, err := releaseDirs(thing)
		if err != nil {
			return err
		}
		dirs = append(dirs, found...)
	}
	failed := 0
	for _, dir := range dirs {
		report, err := publish.Verify(e.ctx, dir, func(done, total int64) { e.progress("verifying", done, total) })
		e.endProgress()
		if err != nil {
			return err
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

// releaseDirs finds the releases that a path means: a channel's, a release's
// own folder, or that of any file in it.
func releaseDirs(thing string) ([]string, error) {
	abs, err := filepath.Abs(thing)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(abs); err != nil {
		return nil, err
	}
	for dir := abs; ; dir = filepath.Dir(dir) {
		if fileExists(filepath.Join(dir, "release.json")) {
			return []string{dir}, nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	ch, err := publish.OpenChannel(abs, nil)
	if err != nil {
		return nil, err
	}
	rels, err := ch.Releases()
	if err != nil {
		return nil, err
	}
	if len(rels) == 0 {
		return nil, &noReleaseError{thing}
	}
	var dirs []string
	for _, r := range rels {
		dirs = append(dirs, r.Dir)
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
	e.result("%s", r.Title)
	for _, c := range r.Checks {
		mark := e.paint("32", "ok  ")
		if c.Failed {
			mark = e.paint("31", "FAIL")
		}
		e.result("  %s  %s", mark, c.Name)
		for _, d := range c.Details {
			if c.Failed || e.verbose {
				e.result("        %s", d)
			}
		}
	}
}

package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"

	"commonseed/license/stamp"
	"commonseed/publish"
)

type stampCmd struct {
	Paths []string `arg:"" name:"path" help:"Files and folders to stamp."`
	workFlags
	Out     string `xor:"where" required:"" placeholder:"DIR" help:"Where the stamped copies go; the files themselves are only read."`
	InPlace bool   `xor:"where" required:"" help:"Replace the files themselves, each in one step."`
	DryRun  bool   `short:"n" help:"Say what would be stamped where; write nothing."`
}

// errNoPlace is a stamp without a place to go; the grammar asks for one.
var errNoPlace = errors.New("--out wants the name of a directory")

func (c *stampCmd) Run(e *env) error {
	if c.Out == "" && !c.InPlace {
		return errNoPlace
	}
	works, err := c.works(e)
	if err != nil {
		return err
	}
	// A thousand small files leave much garbage and hold little: collecting it less
	// often saves a quarter of the time.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	files, err := publish.StampWorks(e.ctx, works, publish.StampOptions{
		Out: c.Out, DryRun: c.DryRun,
		Progress: func(done, total int64) { e.progress("stamp", done, total) },
		Done:     func(s publish.StampedFile) { e.stamped(s, c.DryRun) },
	})
	e.endProgress()
	var problems publish.Problems
	if !errors.As(err, &problems) {
		return err
	}
	if len(problems) < files {
		e.fail(problems)
		return &incompleteError{"stamped", len(problems), files}
	}
	if len(problems) == 1 {
		return problems[0]
	}
	return problems
}

// works are the files and folders, each described by the flags and by what
// commonseed.toml says beside it.
func (c *stampCmd) works(e *env) ([]publish.Work, error) {
	var works []publish.Work
	configs := map[string][]*publish.Config{} // by folder: a thousand files often lie in one
	for _, path := range c.Paths {
		if path == "" { // which would mean the current folder
			return nil, &usageError{errors.New("a path is empty")}
		}
		dir := filepath.Dir(path)
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			dir = path
		}
		if _, known := configs[dir]; !known {
			found, err := publish.FindConfigs(e.cli.Config, []string{path}, ".")
			if err != nil {
				return nil, err
			}
			configs[dir] = found
		}
		described, err := publish.Works([]string{path}, c.description(), configs[dir])
		if err != nil {
			return nil, err
		}
		works = append(works, described...)
	}
	return works, nil
}

// stamped tells about one stamped file.
func (e *env) stamped(s publish.StampedFile, dry bool) {
	e.remains(s.Path, &stamp.Stamped{Remains: s.Remains})
	if e.json {
		e.object(struct {
			MessageType string `json:"message_type"`
			DryRun      bool   `json:"dry_run,omitempty"`
			publish.StampedFile
		}{"stamped", dry, s})
		return
	}
	e.result("%s%s", s.Path, map[string]string{publish.StateUnchanged: "  (unchanged)", publish.StateSidecar: ".license"}[s.State])
	for _, p := range s.Places {
		e.detail("  %s", p)
	}
}

// remains warns of what a file that was relicensed still says elsewhere.
func (e *env) remains(path string, s *stamp.Stamped) {
	if s == nil {
		return
	}
	for _, r := range s.Remains {
		e.warn("%s: %s still says %q", path, r.Place, printable(r.Text))
	}
}

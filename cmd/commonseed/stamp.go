package main

import (
	"os"
	"path/filepath"

	"commonseed/publish"
)

type stampCmd struct {
	Files []string `arg:"" name:"file" help:"Files to stamp; they are only read."`
	workFlags
	Out string `required:"" placeholder:"DIR" help:"Where the stamped copies go; it is made if it is missing."`
}

func (c *stampCmd) Run(e *env) error {
	var problems publish.Problems
	for _, file := range c.Files {
		configs, err := publish.FindConfigs(e.cli.Config, []string{file}, ".")
		if err != nil {
			return err
		}
		written, err := c.stamp(e, file, configs)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		e.stamped(written)
	}
	switch {
	case len(problems) == 0:
		return nil
	case len(problems) < len(c.Files):
		e.fail(problems)
		return &incompleteError{"stamped", len(problems), len(c.Files)}
	}
	return problems
}

func (c *stampCmd) stamp(e *env, file string, configs []*publish.Config) (*publish.StampedFile, error) {
	works, err := publish.Works([]string{file}, c.description(), configs)
	if err != nil {
		return nil, err
	}
	return publish.StampFile(e.ctx, works[0], c.Out)
}

// stamped tells about one stamped copy.
func (e *env) stamped(s *publish.StampedFile) {
	if e.json {
		e.object(struct {
			MessageType string `json:"message_type"`
			*publish.StampedFile
		}{"stamped", s})
		return
	}
	e.result("%s", s.Path)
	for _, p := range s.Places {
		e.detail("  %s", p)
	}
}

func fileExists(path string) bool {
	_, err := os.Lstat(filepath.Clean(path))
	return err == nil
}

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"commonseed/publish"
)

type initCmd struct {
	Dir     string `arg:"" optional:"" default:"." help:"The channel's directory."`
	Creator string `short:"c" placeholder:"NAME" help:"Whose channel it is."`
	Title   string `short:"t" help:"The channel's title."`
}

func (c *initCmd) Run(e *env) error {
	ch, err := publish.OpenChannel(c.Dir, &publish.Config{Channel: publish.ChannelConfig{Title: c.Title}})
	if err != nil {
		return err
	}
	text, err := publish.ConfigText(ch.Config, c.Creator)
	if err != nil {
		return err
	}
	file := filepath.Join(ch.Dir, publish.ConfigName)
	if fileExists(file) {
		return &existsError{file}
	}
	if err := ch.Create(text); err != nil {
		return err
	}
	if e.json {
		e.object(map[string]string{"message_type": "channel", "channel": ch.Dir, "config": file})
		return nil
	}
	e.result("made %s", file)
	e.message("next: commonseed publish PATH... --channel %s", c.Dir)
	return nil
}

// existsError is a file that a command would have to overwrite.
type existsError struct{ path string }

func (e *existsError) Error() string { return fmt.Sprintf("%s exists already", e.path) }
func (e *existsError) Unwrap() error { return fs.ErrExist }

func fileExists(path string) bool {
	_, err := os.Lstat(filepath.Clean(path))
	return err == nil
}

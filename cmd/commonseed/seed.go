package main

import (
	"io/fs"
	"path/filepath"

	"commonseed/publish"
)

type seedCmd struct {
	Channels []string `arg:"" optional:"" name:"channel" help:"Channels to seed (default: this folder if it is one, else ./commonseed-channel)."`
	serveFlags
}

func (c *seedCmd) Run(e *env) error {
	if len(c.Channels) == 0 {
		c.Channels = []string{channelDir("")}
	}
	var channels []*publish.Channel
	for _, dir := range c.Channels {
		ch, err := e.existingChannel(dir)
		if err != nil {
			return err
		}
		channels = append(channels, ch)
	}
	s := &server{env: e, flags: c.serveFlags}
	if err := s.listen(channels[0]); err != nil {
		return err
	}
	defer s.close()
	return s.seed(channels)
}

// existingChannel opens a channel that must be there.
func (e *env) existingChannel(dir string) (*publish.Channel, error) {
	var config *publish.Config
	if e.cli.Config != "" {
		var err error
		if config, err = publish.ReadConfig(e.cli.Config); err != nil {
			return nil, err
		}
	}
	ch, err := publish.OpenChannel(dir, config)
	if err != nil {
		return nil, err
	}
	if !ch.Exists() {
		return nil, &noChannelError{dir}
	}
	return ch, nil
}

// noChannelError is a directory that is no channel.
type noChannelError struct{ dir string }

func (e *noChannelError) Error() string {
	abs, err := filepath.Abs(e.dir)
	if err != nil {
		abs = e.dir
	}
	return abs + " is no channel"
}
func (e *noChannelError) Unwrap() error { return fs.ErrNotExist }

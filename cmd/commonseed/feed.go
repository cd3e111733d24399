package main

import "commonseed/publish"

type feedCmd struct {
	Channel string `arg:"" optional:"" help:"The channel (default: this folder if it is one, else ./commonseed-channel)."`
	BaseURL string `name:"base-url" placeholder:"URL" help:"Where public/ is served to the world."`
}

func (c *feedCmd) Run(e *env) error {
	ch, err := e.existingChannel(channelDir(c.Channel))
	if err != nil {
		return err
	}
	if err := checkBase(c.BaseURL); err != nil {
		return err
	}
	if c.BaseURL != "" {
		ch.Config.Channel.BaseURL = c.BaseURL
	}
	unlock, err := ch.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	rels, err := ch.Releases()
	if _, ok := err.(publish.Problems); err != nil && !ok {
		return err
	}
	err = ch.Rebuild(ch.Addresses(e.lastBase(ch, rels), nil, nil), e.now())
	broken, ok := err.(publish.Problems)
	if err != nil && !ok {
		return err
	}
	e.broken(broken)
	if e.json {
		e.object(struct {
			MessageType string    `json:"message_type"`
			Channel     string    `json:"channel"`
			Releases    int       `json:"releases"`
			Feeds       feedFiles `json:"feeds"`
		}{"feeds", ch.Dir, len(rels), feedsOf(ch)})
		return nil
	}
	e.result("rebuilt feeds and pages of %s in %s", count(len(rels), "release"), ch.Public())
	return nil
}

// lastBase is the address that the channel was last served at; a rebuild does
// not move it.
func (e *env) lastBase(ch *publish.Channel, rels []publish.Release) string {
	if len(rels) > 0 && rels[len(rels)-1].BaseURL != "" {
		return rels[len(rels)-1].BaseURL
	}
	s := &server{env: e}
	return s.base(ch.Config)
}

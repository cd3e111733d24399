package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"commonseed/feed"
	"commonseed/publish"
)

// defaultChannel is made where the working directory is no channel.
const defaultChannel = "commonseed-channel"

type publishCmd struct {
	Paths []string `arg:"" optional:"" name:"path" help:"Media files or folders; without any, what commonseed.toml lists."`
	workFlags
	serveFlags
	Channel string   `placeholder:"DIR" help:"The channel to publish into (default: this folder if it is one, else ./commonseed-channel)."`
	Tracker []string `placeholder:"URL" help:"Announce to this tracker too; may be given again."`
	WebSeed []string `placeholder:"URL" help:"A folder URL that serves the payload folder too; may be given again."`
	BaseURL string   `name:"base-url" placeholder:"URL" help:"Where public/ is served to the world."`
	Link    bool     `help:"Link files that are not stamped into the release instead of copying them, where the disk can."`
	Epoch   *uint32  `name:"source-date-epoch" env:"SOURCE_DATE_EPOCH" hidden:"" help:"The time to write into the release, in seconds since 1970."`
	NoSeed  bool     `help:"Do not seed after publishing."`
	DryRun  bool     `short:"n" help:"Print the plan and write nothing."`
}

func (c *publishCmd) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	ch, plans, err := c.plan(e)
	if err != nil {
		return err
	}
	if c.DryRun {
		for _, p := range plans {
			e.plan(p)
		}
		return nil
	}
	s := &server{env: e, flags: c.serveFlags, baseURL: c.BaseURL}
	if !c.NoSeed {
		if err := s.listen(ch); err != nil {
			return err
		}
		defer s.close()
	}
	release, err := c.claim(e, ch, plans[0])
	if err != nil {
		return err
	}
	defer release()
	base, err := c.base(s, ch)
	if err != nil {
		return err
	}
	published, err := c.publishAll(e, ch, plans, base)
	var unfinished *publish.UnfinishedError
	if err != nil && (len(published) == 0 || errors.As(err, &unfinished)) {
		return err
	}
	release()
	if err != nil {
		e.fail(err)
		err = &incompleteError{"published", len(plans) - len(published), len(plans)}
	}
	if c.NoSeed {
		return err
	}
	return errors.Join(err, s.seed([]*publish.Channel{ch}))
}

// check looks at the addresses given as flags.
func (c *publishCmd) check() error {
	for _, t := range c.Tracker {
		if err := publish.CheckTracker(t); err != nil {
			return &publish.ValueError{Where: "--tracker", Key: "tracker", Value: t, Err: err}
		}
	}
	for _, w := range c.WebSeed {
		if err := publish.CheckURL(w); err != nil {
			return &publish.ValueError{Where: "--web-seed", Key: "web_seed", Value: w, Err: err}
		}
	}
	return checkBase(c.BaseURL)
}

// checkBase looks at the address given with --base-url, if any.
func checkBase(base string) error {
	if base == "" {
		return nil
	}
	if err := publish.CheckBase(base); err != nil {
		return &publish.ValueError{Where: "--base-url", Key: "base_url", Value: base, Err: err}
	}
	return nil
}

// plan decides everything about all works before anything is written.
func (c *publishCmd) plan(e *env) (*publish.Channel, []*publish.Plan, error) {
	dir := channelDir(c.Channel)
	configs, err := publish.FindConfigs(e.cli.Config, c.Paths, dir)
	if err != nil {
		return nil, nil, err
	}
	ch, err := e.openChannel(dir, configs)
	if err != nil {
		return nil, nil, err
	}
	if c.BaseURL != "" {
		ch.Config.Channel.BaseURL = c.BaseURL
	}
	works, err := publish.Works(c.Paths, c.description(), configs)
	if err != nil {
		return nil, nil, err
	}
	var plans []*publish.Plan
	for _, w := range works {
		p, err := publish.MakePlan(e.ctx, ch, w)
		if err != nil {
			return nil, nil, err
		}
		for _, other := range plans {
			if other.Slug == p.Slug {
				return nil, nil, &publish.ValueError{Where: p.Work.Title, Key: "slug", Value: p.Slug,
					Err: errors.New("is that of another work in the list")}
			}
		}
		for _, f := range p.Files {
			e.remains(f.Path, f.Stamp)
		}
		plans = append(plans, p)
	}
	return ch, plans, nil
}

// openChannel opens a channel. A new one takes its [channel] and [seed] tables
// from the first configuration that has any.
func (e *env) openChannel(dir string, configs []*publish.Config) (*publish.Channel, error) {
	own := filepath.Join(dir, publish.ConfigName)
	if _, err := os.Stat(own); errors.Is(err, fs.ErrNotExist) || e.cli.Config != "" {
		for _, c := range configs {
			if c.DescribesChannel() {
				return publish.OpenChannel(dir, c)
			}
		}
	}
	for _, c := range configs {
		if c.DescribesChannel() && !samePath(c.File, own) {
			e.warn("%s: [channel] and [seed] are read from %s", c.File, own)
		}
	}
	return publish.OpenChannel(dir, nil)
}

func samePath(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// channelDir is the channel meant: the one named, the working directory if it
// is one, or the default.
func channelDir(given string) string {
	if given != "" {
		return given
	}
	if c, err := publish.ReadConfig(publish.ConfigName); publish.IsChannel(".") || err == nil && c.DescribesChannel() {
		return "."
	}
	return defaultChannel
}

// base is the address that goes into feeds and torrents: that of this process,
// or, if it is not to seed, the one that the channel was last seeded at.
func (c *publishCmd) base(s *server, ch *publish.Channel) (string, error) {
	if !c.NoSeed || c.HTTP != "" {
		return s.base(ch.Config), nil
	}
	rels, err := ch.Releases()
	if _, broken := err.(publish.Problems); broken {
		err = nil // told of when the channel is rebuilt
	}
	return s.lastBase(ch, rels), err
}

// claim makes the channel if need be and locks it, also against a second
// seeder. The answer may be called twice.
func (c *publishCmd) claim(e *env, ch *publish.Channel, p *publish.Plan) (release func(), err error) {
	if !ch.Exists() {
		text, err := publish.ConfigText(ch.Config, p.Work.Creator)
		if err != nil {
			return nil, err
		}
		if err := ch.Create(text); err != nil {
			return nil, err
		}
		e.message("made a channel in %s", ch.Dir)
	}
	unlock, err := ch.Lock()
	if err != nil {
		return nil, err
	}
	if !c.NoSeed {
		unlockSeeding, err := ch.LockSeeding()
		if err != nil {
			unlock()
			return nil, err
		}
		unlockSeeding()
	}
	return unlock, nil
}

// publishAll runs the plans one after the other. One that fails does not keep
// the others from being published.
func (c *publishCmd) publishAll(e *env, ch *publish.Channel, plans []*publish.Plan, base string) ([]*publish.Release, error) {
	var done []*publish.Release
	var problems publish.Problems
	for _, p := range plans {
		r, err := publish.Run(e.ctx, p, publish.Options{
			Addresses: ch.Addresses(base, c.Tracker, c.WebSeed), Version: createdBy(), Now: c.clock(e), Link: c.Link, Progress: e.progress})
		e.endProgress()
		if e.ctx.Err() != nil {
			return nil, e.ctx.Err()
		}
		var unfinished *publish.UnfinishedError
		if errors.As(err, &unfinished) {
			err = e.unfinished(unfinished)
		}
		if err != nil {
			problems = append(problems, err)
		}
		if r != nil {
			done = append(done, r)
			e.release(ch, r)
		}
	}
	if len(problems) == 1 {
		return done, problems[0]
	}
	if len(problems) > 0 {
		return done, problems
	}
	return done, nil
}

// clock is the time that is written into a release: where SOURCE_DATE_EPOCH is set, that,
// so that the same release can be made again (reproducible-builds.org).
func (c *publishCmd) clock(e *env) func() time.Time {
	if c.Epoch == nil {
		return e.now
	}
	return func() time.Time { return time.Unix(int64(*c.Epoch), 0) }
}

// unfinished looks at what failed after a release was published. Other releases
// that are broken do not concern it: they are warned of.
func (e *env) unfinished(err *publish.UnfinishedError) error {
	broken, ok := err.Err.(publish.Problems)
	if !ok {
		return err
	}
	e.broken(broken)
	return nil
}

// broken warns of releases that were left out.
func (e *env) broken(problems publish.Problems) {
	for _, p := range problems {
		e.warn("%v", p)
	}
}

// releaseLine is the contract with scripts: one line for each release.
type releaseLine struct {
	MessageType string        `json:"message_type"`
	Channel     string        `json:"channel"`
	Slug        string        `json:"slug"`
	Title       string        `json:"title"`
	License     string        `json:"license"`
	InfohashV1  string        `json:"infohash_v1"`
	InfohashV2  string        `json:"infohash_v2"`
	Magnet      string        `json:"magnet"`
	Torrent     string        `json:"torrent"`
	Payload     string        `json:"payload"`
	Page        string        `json:"page"`
	Files       []releaseFile `json:"files"`
	Feeds       feedFiles     `json:"feeds"`
}

type releaseFile struct {
	Path   string   `json:"path"`
	Size   int64    `json:"size"`
	SHA256 string   `json:"sha256"`
	Stamp  []string `json:"stamp"`
}

type feedFiles struct {
	Torrents string `json:"torrents"`
	Podcast  string `json:"podcast"`
	JSON     string `json:"json"`
}

func feedsOf(ch *publish.Channel) feedFiles {
	in := func(name string) string { return filepath.Join(ch.Public(), name) }
	return feedFiles{in("torrents.xml"), in("podcast.xml"), in("feed.json")}
}

// release tells about a finished release.
func (e *env) release(ch *publish.Channel, r *publish.Release) {
	if e.json {
		e.object(releaseLine{"release", ch.Dir, r.Slug, r.Title, r.License, r.Torrent.InfohashV1, r.Torrent.InfohashV2,
			r.Torrent.Magnet, r.TorrentPath(), r.Payload(), filepath.Join(r.Dir, "index.html"), filesOf(r.Files), feedsOf(ch)})
		return
	}
	n, err := r.Notice(r.PageURL(r.BaseURL))
	if err != nil {
		e.warn("%v", err)
		return
	}
	e.result("published  %s", n.Attribution())
	e.result("page       %s", r.PageURL(r.BaseURL))
	e.result("torrent    %s", r.TorrentPath())
	e.result("magnet     %s", r.Torrent.Magnet)
	e.result("feeds      %storrents.xml  %spodcast.xml", r.BaseURL, r.BaseURL)
	for _, f := range r.Files {
		e.detail("  %s  %s  %s", f.Path, bytesText(f.Size), strings.Join(f.Stamp, ", "))
	}
}

func filesOf(files []feed.File) []releaseFile {
	out := make([]releaseFile, 0, len(files))
	for _, f := range files {
		stamps := f.Stamp
		if stamps == nil {
			stamps = []string{}
		}
		out = append(out, releaseFile{f.Path, f.Size, f.SHA256, stamps})
	}
	return out
}

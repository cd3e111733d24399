package main

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"commonseed/publish"
	"commonseed/seed"
)

// rereading is how often the channels are looked at for what other processes
// published or withdrew.
const rereading = 3 * time.Second

// served is a channel, and what of it is seeded.
type served struct {
	*publish.Channel
	base     string             // its address, ends in "/"
	known    map[string]holding // by release directory
	problems publish.Problems   // of the last look
	seen     mark               // of the last look
}

// holding is a release that the engine has.
type holding struct {
	publish.Release
	infohash string // as the engine calls it
}

// mark changes with every publish, withdrawal and rebuild.
type mark struct{ public, feed time.Time }

// mark reads the times of public/ and of the first feed. It is false while
// public/ cannot be read: a disk that is away withdraws nothing.
func (c *served) mark() (mark, bool) {
	dir, err := os.Stat(c.Public())
	if err != nil {
		return mark{}, false
	}
	m := mark{public: dir.ModTime()}
	if feed, err := os.Stat(feedsOf(c.Channel).Torrents); err == nil {
		m.feed = feed.ModTime()
	}
	return m, true
}

// addAll seeds all releases. Broken ones are warned of, unless nothing is left.
func (s *server) addAll(ctx context.Context) error {
	var all publish.Problems
	for _, c := range s.channels {
		rels, err := c.Releases()
		problems, err := broken(err)
		if err != nil {
			return err
		}
		for _, r := range rels {
			_, err := s.add(ctx, c, r)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				problems = append(problems, err)
			}
		}
		c.problems = distinct(append(c.problems, problems...))
		all = append(all, c.problems...)
	}
	if s.releases() == 0 && len(all) > 0 {
		return all
	}
	for _, p := range all {
		s.warn("%v", p)
	}
	return nil
}

// releases is how many are seeded.
func (s *server) releases() (n int) {
	for _, c := range s.channels {
		n += len(c.known)
	}
	return n
}

// reread brings what is seeded in line with the channels on disk.
func (s *server) reread(ctx context.Context) {
	for _, c := range s.channels {
		m, ok := c.mark()
		if !ok || m == c.seen && len(c.problems) == 0 {
			continue
		}
		problems, err := s.follow(ctx, c)
		var locked *publish.LockedError
		if ctx.Err() != nil || errors.As(err, &locked) {
			continue // looked at again when the other process is done
		}
		if err != nil {
			problems = append(problems, err)
		}
		s.complain(c, distinct(problems))
		// A second change within one tick of the file system's clock leaves no
		// trace: only a time that is past is believed.
		if s.now().Sub(m.public) > rereading {
			c.seen = m
		}
	}
}

// follow seeds what is new in a channel and drops what is gone, and tells of
// both. A broken release is a problem that does not stop the others.
func (s *server) follow(ctx context.Context, c *served) (publish.Problems, error) {
	rels, problems, err := s.read(c)
	if err != nil {
		return nil, err
	}
	for dir, h := range c.known {
		if gone(h, rels) {
			s.drop(ctx, c, dir)
			s.tell("removed", "no longer seeding "+h.Title, h)
		}
	}
	for _, r := range rels {
		if _, ok := c.known[r.Dir]; ok {
			continue
		}
		h, err := s.add(ctx, c, r)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		s.tell("added", "now seeding "+h.Title, h)
	}
	return problems, nil
}

// read lists a channel's releases. The first ones of an empty channel may have
// been published for an address that was only guessed: they get that of this
// process.
func (s *server) read(c *served) ([]publish.Release, publish.Problems, error) {
	rels, err := c.Releases()
	problems, err := broken(err)
	own := c.Addresses(c.base, nil, nil).Base
	elsewhere := func(r publish.Release) bool { return r.BaseURL != own }
	if err != nil || len(c.known) > 0 || !slices.ContainsFunc(rels, elsewhere) {
		return rels, problems, err
	}
	if problems, err = s.readdress(c); err != nil {
		return nil, nil, err
	}
	rels, err = c.Releases()
	more, err := broken(err)
	return rels, append(problems, more...), err
}

// gone says that a release is no longer there as it was: withdrawn, made anew,
// or announced to other trackers. One whose record cannot be read is kept.
func gone(h holding, rels []publish.Release) bool {
	for _, r := range rels {
		if r.Dir == h.Dir {
			return r.Torrent.InfohashV1 != h.Torrent.InfohashV1 || r.Torrent.InfohashV2 != h.Torrent.InfohashV2 ||
				!slices.Equal(r.Torrent.Trackers, h.Torrent.Trackers)
		}
	}
	_, err := publish.ReadRelease(h.Dir)
	return errors.Is(err, fs.ErrNotExist)
}

// add hands a release to the engine and lets the tracker answer for it.
func (s *server) add(ctx context.Context, c *served, r publish.Release) (holding, error) {
	infohash, err := s.engine.Add(ctx, seed.Torrent{Slug: r.Slug, Title: r.Title, Path: r.TorrentPath(), Root: filepath.Dir(r.Payload())})
	if err != nil {
		return holding{}, &publish.BrokenError{Slug: r.Slug, Err: err}
	}
	s.track.Allow(hashes(r)...)
	s.health.set(r.Dir, infohash)
	h := holding{r, infohash}
	c.known[r.Dir] = h
	return h, nil
}

// drop takes a release back. Where another channel holds the same one, the
// engine goes on with that.
func (s *server) drop(ctx context.Context, c *served, dir string) {
	h := c.known[dir]
	delete(c.known, dir)
	s.health.forget(dir)
	for _, st := range s.engine.Status() {
		if st.Infohash == h.infohash {
			s.sent += st.Uploaded
		}
	}
	if err := s.engine.Remove(ctx, h.infohash); err != nil {
		s.detail("removing %s: %v", h.Slug, err)
	}
	s.track.Forget(hashes(h.Release)...)
	for _, other := range s.channels {
		for _, same := range other.known {
			if same.infohash != h.infohash {
				continue
			}
			if _, err := s.add(ctx, other, same.Release); err != nil {
				s.warn("%v", err)
			}
			return
		}
	}
}

// hashes are the names under which peers announce a release: v1, and v2 cut to
// the same length (BEP 52).
func hashes(r publish.Release) (out [][20]byte) {
	for _, h := range []string{r.Torrent.InfohashV1, r.Torrent.InfohashV2} {
		var key [20]byte
		if b, err := hex.DecodeString(h); err == nil && len(b) >= len(key) {
			copy(key[:], b)
			out = append(out, key)
		}
	}
	return out
}

// tell says what happened to a release while it was seeded.
func (s *server) tell(messageType, text string, h holding) {
	if !s.json {
		s.message("%s", text)
		return
	}
	s.object(struct {
		MessageType string `json:"message_type"`
		Slug        string `json:"slug"`
		Infohash    string `json:"infohash"`
	}{messageType, h.Slug, h.infohash})
}

// complain warns of the problems that were not there at the last look.
func (s *server) complain(c *served, problems publish.Problems) {
	for _, p := range problems {
		if !slices.ContainsFunc(c.problems, alike(p)) {
			s.warn("%v", p)
		}
	}
	c.problems = problems
}

// distinct keeps one problem for each release: a broken torrent is found more
// than once.
func distinct(problems publish.Problems) (out publish.Problems) {
	for _, p := range problems {
		if !slices.ContainsFunc(out, alike(p)) {
			out = append(out, p)
		}
	}
	return out
}

// alike knows problems of the same release, and those of the same words.
func alike(p error) func(error) bool {
	var a *publish.BrokenError
	one := errors.As(p, &a)
	return func(other error) bool {
		var b *publish.BrokenError
		return one && errors.As(other, &b) && a.Slug == b.Slug || p.Error() == other.Error()
	}
}

// broken parts the problems of single releases from what concerns all.
func broken(err error) (publish.Problems, error) {
	var problems publish.Problems
	if errors.As(err, &problems) {
		return problems, nil
	}
	return nil, err
}

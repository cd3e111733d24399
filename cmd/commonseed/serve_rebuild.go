package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"

	"commonseed/internal/atomicfile"
	"commonseed/internal/filestate"
	"commonseed/publish"
)

// Rendering the pages of 10,000 releases takes longer than all else that a start
// has to do. So it is noted down what feeds and pages were made of, and they are
// rebuilt only if that has changed; those of many releases after the start.

// rebuiltFirst is how many releases a start may rebuild before it is done.
const rebuiltFirst = 200

// refresh rebuilds feeds and pages if need be, and tells what went wrong. A channel
// that another process writes to is left for later.
func (s *server) refresh(c *served) {
	if c.count() > rebuiltFirst {
		// Pages are made of much that is needed for a moment. Beside 100,000 releases it
		// would pile up to as much again as those take.
		defer debug.SetGCPercent(debug.SetGCPercent(60))
	}
	err := s.rebuild(c)
	var locked *publish.LockedError
	if c.stale = errors.As(err, &locked); c.stale {
		return
	}
	if err != nil {
		s.event(slog.LevelWarn, err.Error())
	}
	if c.count() > rebuiltFirst {
		debug.FreeOSMemory() // what it took was much, and is not needed for long
	}
}

// rebuild puts the present addresses into torrents, feeds and pages, unless they
// are up to date. Errors: *publish.LockedError, and those of writing.
func (s *server) rebuild(c *served) error {
	unlock, err := c.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	note := filepath.Join(c.State(), "built")
	if made, err := os.ReadFile(note); err == nil && len(made) > 0 && string(made) == c.ingredients() {
		return nil
	}
	problems, err := broken(c.Rebuild(c.addresses(), s.now()))
	if err != nil {
		return err
	}
	s.unbuilt(c, problems)
	if len(problems) > 0 {
		return nil
	}
	return atomicfile.WriteFile(note, []byte(c.ingredients()), 0o600)
}

// ingredients stand for all that feeds and pages are made of: this program, the
// configuration, the channel's own templates, the addresses, and the releases by
// the times at which they were published or withdrawn. "" is not known.
func (c *served) ingredients() string {
	files := map[string]filestate.State{}
	note := func(file string) {
		if info, err := os.Stat(file); err == nil {
			files[file] = filestate.Of(info)
		}
	}
	program, _ := os.Executable()
	note(program)
	templates, _ := os.ReadDir(filepath.Join(c.Dir, "templates")) // OpenChannel has read it
	for _, e := range templates {
		note(filepath.Join(c.Dir, "templates", e.Name()))
	}
	m, _ := c.mark()
	data, err := json.Marshal([]any{files, c.Config, c.addresses(), m.public.UnixNano(), m.feed.UnixNano()})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// unbuilt notes the releases whose torrent or page could not be brought up to
// date, and warns of those that are not known to be broken.
func (s *server) unbuilt(c *served, problems publish.Problems) {
	c.mu.Lock()
	c.unbuilt = problems
	news := c.unbuiltAlone()
	c.mu.Unlock()
	for _, p := range news {
		if s.up.Load() {
			s.event(slog.LevelWarn, p.Error())
		}
	}
}

// unbuiltAlone leaves out what is known to be broken: one problem for each release
// is enough. c.mu is held.
func (c *served) unbuiltAlone() (alone publish.Problems) {
	for _, p := range c.unbuilt {
		var b *publish.BrokenError
		if !errors.As(p, &b) || c.broken[b.Slug] == nil {
			alone = append(alone, p)
		}
	}
	return alone
}

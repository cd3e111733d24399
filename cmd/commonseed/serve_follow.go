package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"

	"commonseed/publish"
	"commonseed/seed"

	"golang.org/x/sync/errgroup"
)

// rereading is how often the channels are looked at for what other processes
// published or withdrew.
const rereading = 3 * time.Second

// retried is how many broken releases are looked at again each time.
const retried = 50

// addAll seeds all releases. Broken ones are warned of, unless nothing is left.
func (s *server) addAll(ctx context.Context) error {
	var all publish.Problems
	for _, c := range s.channels {
		if err := s.follow(ctx, c); err != nil {
			return err
		}
		if c.count() <= rebuiltFirst {
			s.refresh(c)
		}
		all = append(all, c.problems()...)
	}
	if s.releases() == 0 && len(all) > 0 {
		return all
	}
	for _, p := range all {
		s.event(slog.LevelWarn, p.Error())
	}
	if s.releases() > rebuiltFirst {
		debug.FreeOSMemory() // what it took to read them all is not needed again
	}
	return ctx.Err()
}

// reread brings what is seeded, feeds and pages in line with what other processes
// did to the channels.
func (s *server) reread(ctx context.Context) {
	for _, c := range s.channels {
		if c.stale {
			s.refresh(c)
		}
		m, ok := c.mark()
		switch {
		case !ok:
			continue
		case m == c.seen:
			s.retry(ctx, c)
			continue
		}
		err := s.follow(ctx, c)
		var locked *publish.LockedError
		if ctx.Err() != nil || errors.As(err, &locked) {
			continue // looked at again when the other process is done
		}
		s.lament(c, err)
		// A second change within one tick of the file system's clock leaves no
		// trace: only a time that is past is believed.
		if s.now().Sub(m.public) > rereading {
			c.seen = m
		}
	}
}

// follow seeds what is new in a channel and drops what is gone, and tells of
// both. A broken release is a problem that does not stop the others.
//
// The first ones of a channel may have been published for an address that was
// only guessed, or served at another one until now: they get that of this process.
func (s *server) follow(ctx context.Context, c *served) error {
	known, others, err := c.folders()
	if err != nil {
		return err
	}
	// What moved is let go before it is found again.
	s.visitAll(ctx, c, known, false)
	elsewhere := s.visitAll(ctx, c, others, len(known) == 0)
	if len(elsewhere) == 0 {
		return ctx.Err()
	}
	if err := s.rebuild(c); err != nil {
		return err
	}
	s.visitAll(ctx, c, elsewhere, false)
	return ctx.Err()
}

// folders lists where releases are known to be, and where others may be.
func (c *served) folders() (known, others []string, err error) {
	entries, err := os.ReadDir(c.Public())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range entries {
		if _, ok := c.known[e.Name()]; !ok && e.IsDir() {
			others = append(others, e.Name())
		}
	}
	return slices.Sorted(maps.Keys(c.known)), others, nil
}

// retry looks at some of the broken releases again, whatever they are broken by.
func (s *server) retry(ctx context.Context, c *served) {
	c.mu.Lock()
	folders := slices.Collect(maps.Keys(c.broken)) // in no order: each has its turn
	c.mu.Unlock()
	s.visitAll(ctx, c, folders[:min(len(folders), retried)], false)
}

// visitAll visits folders, many at once: most of the time goes to waiting for the
// disk. It answers with those that were left alone because they have to be moved.
func (s *server) visitAll(ctx context.Context, c *served, folders []string, move bool) (elsewhere []string) {
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(4 * runtime.GOMAXPROCS(0))
	for _, folder := range folders {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			away, err := s.visit(ctx, c, folder, move)
			if away {
				mu.Lock()
				elsewhere = append(elsewhere, folder)
				mu.Unlock()
			} else if ctx.Err() == nil {
				s.complain(c, folder, err)
			}
			return nil
		})
	}
	_ = group.Wait() // each error was told of
	return elsewhere
}

// visit brings what is seeded in line with one folder. It is true if the release
// is announced elsewhere and was to be moved: nothing was done with it then.
func (s *server) visit(ctx context.Context, c *served, folder string, move bool) (elsewhere bool, err error) {
	h, known := c.holding(folder)
	dir := filepath.Join(c.Public(), folder)
	info, err := os.Stat(filepath.Join(dir, "release.json"))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		if _, there := c.mark(); known && there {
			s.drop(ctx, c, folder)
		}
		return false, nil
	case err != nil:
		return false, &publish.BrokenError{Slug: folder, Err: err}
	case known && h.record == recordOf(info):
		return false, nil
	}
	r, err := publish.ReadRelease(dir)
	if err != nil {
		return false, &publish.BrokenError{Slug: folder, Err: err}
	}
	if move && !r.At(c.addresses()) {
		return true, nil
	}
	next := newHolding(r, recordOf(info))
	if known && h.swarms != next.swarms { // made anew
		s.drop(ctx, c, folder)
		known = false
	}
	if err := s.add(ctx, c, folder, next, r); err != nil {
		return false, err
	}
	if !known {
		h, _ = c.holding(folder)
		s.tell("added", "now seeding "+h.title, h)
	}
	return false, nil
}

// add hands a release to the engine, which takes over what has changed of one that
// it has, and lets the tracker answer for it.
func (s *server) add(ctx context.Context, c *served, folder string, h holding, r *publish.Release) error {
	var err error
	h.infohash, err = s.engine.Add(ctx, seed.Torrent{Slug: r.Slug, Title: r.Title, Path: r.TorrentPath(), Root: filepath.Dir(r.Payload())})
	if err != nil {
		return &publish.BrokenError{Slug: folder, Err: err}
	}
	s.track.Allow(h.swarms[:]...)
	c.keep(folder, h)
	return nil
}

// drop takes a release back, unless another folder holds the same one.
func (s *server) drop(ctx context.Context, c *served, folder string) {
	h := c.forget(folder)
	if s.goOn(ctx, h.infohash) {
		return
	}
	if err := s.engine.Remove(ctx, h.infohash); err != nil {
		s.event(slog.LevelDebug, fmt.Sprintf("removing %s: %v", h.slug, err))
	}
	s.track.Forget(h.swarms[:]...)
	s.tell("removed", "no longer seeding "+h.title, h)
}

// goOn has the engine go on with a release from another folder that holds it.
func (s *server) goOn(ctx context.Context, infohash string) bool {
	for _, c := range s.channels {
		for folder, h, ok := c.holder(infohash); ok; folder, h, ok = c.holder(infohash) {
			r, err := publish.ReadRelease(filepath.Join(c.Public(), folder))
			if err == nil {
				err = s.add(ctx, c, folder, h, r)
			}
			s.complain(c, folder, err)
			if err == nil {
				return true
			}
			c.forget(folder) // looked at again as one that is broken
		}
	}
	return false
}

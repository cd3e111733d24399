package publish

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"commonseed/feed"

	"golang.org/x/sync/errgroup"
)

// roll lists the releases of a channel, of which there may be too many to hold: the
// records are read anew for each thing that is done to all of them.
type roll struct {
	public  string
	folders []string
	heads   []feed.Head // of the same, as read last
}

// roll lists all folders that may hold a release.
func (c *Channel) roll() (*roll, error) {
	entries, err := os.ReadDir(c.Public())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l := &roll{public: c.Public()}
	for _, e := range entries {
		if e.IsDir() {
			l.folders = append(l.folders, e.Name())
		}
	}
	l.heads = make([]feed.Head, len(l.folders))
	return l, nil
}

// each does f to all releases, many at once: most of the time goes to waiting for the
// disk. Those that f failed for are left out from then on.
func (l *roll) each(f func(*Release) error) (broken Problems) {
	errs := make([]error, len(l.folders))
	var group errgroup.Group
	group.SetLimit(16)
	for i, folder := range l.folders {
		group.Go(func() error {
			r, err := readHealthy(filepath.Join(l.public, folder))
			if err == nil {
				err = f(r)
			}
			if err == nil {
				l.heads[i] = r.Head()
			}
			errs[i] = err
			return nil
		})
	}
	_ = group.Wait() // each error is kept beside its release
	good := 0
	for i, err := range errs {
		switch {
		case err == nil:
			l.folders[good], l.heads[good] = l.folders[i], l.heads[i]
			good++
		case !errors.Is(err, errNoRelease):
			broken = append(broken, &BrokenError{l.folders[i], err})
		}
	}
	l.folders, l.heads = l.folders[:good], l.heads[:good]
	return broken
}

// list is what feeds and the channel's page are made of.
func (l *roll) list() feed.List {
	return feed.List{Heads: l.heads, Read: func(i int) (feed.Release, error) {
		r, err := ReadRelease(filepath.Join(l.public, l.folders[i]))
		if err != nil {
			return feed.Release{}, err
		}
		return r.Release, nil
	}}
}

// headsOf are the heads of releases that are in memory.
func headsOf(rels []Release) []feed.Head {
	heads := make([]feed.Head, len(rels))
	for i := range rels {
		heads[i] = rels[i].Head()
	}
	return heads
}

package main

import (
	"encoding/hex"
	"errors"
	"hash/maphash"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"commonseed/internal/filestate"
	"commonseed/publish"
)

// served is a channel, and what of it is seeded. The goroutine that follows the
// channels alone changes it.
type served struct {
	*publish.Channel        // replaced by a reload, under mu
	base             string // its address, ends in "/"

	seen  mark // of the last look
	stale bool // feeds and pages may have to be rebuilt

	mu      sync.Mutex          // guards what others read too
	trouble error               // of the last look, with the channel as a whole
	known   map[string]*holding // by the name of the release's folder
	broken  map[string]error    // by the same
	unbuilt publish.Problems    // of the last rebuild
}

// holding is a release that the engine has, and as much of it as is needed to
// see that it changed: there may be 100,000.
type holding struct {
	infohash string // as the engine calls it
	slug     string
	title    string
	swarms   [2][20]byte // as peers announce it
	record   uint64      // of release.json when it was read, by recordOf
}

func newHolding(r *publish.Release, record uint64) holding {
	return holding{slug: r.Slug, title: r.Title, swarms: [2][20]byte(hashes(*r)), record: record} // every record has both
}

var recordSeed = maphash.MakeSeed()

// recordOf tells one content of a release.json from another.
func recordOf(info fs.FileInfo) uint64 { return maphash.Comparable(recordSeed, filestate.Of(info)) }

func newServed(c *publish.Channel, base string) *served {
	return &served{Channel: c, base: base, stale: true, known: map[string]*holding{}, broken: map[string]error{}}
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

// infohash is what the engine calls the release in a folder, "" if it has none.
func (c *served) infohash(folder string) string {
	h, _ := c.holding(folder)
	return h.infohash
}

func (c *served) holding(folder string) (h holding, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.known[folder]; at != nil {
		return *at, true
	}
	return holding{}, false
}

// forget answers with what was known of a folder.
func (c *served) forget(folder string) holding {
	h, _ := c.holding(folder)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, folder)
	return h
}

func (c *served) keep(folder string, h holding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[folder] = &h
}

// holder finds a release by its infohash.
func (c *served) holder(infohash string) (folder string, h holding, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for folder, h := range c.known {
		if h.infohash == infohash {
			return folder, *h, true
		}
	}
	return "", holding{}, false
}

func (c *served) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.known)
}

// problems lists all that is wrong with a channel, in the order of its folders.
func (c *served) problems() (all publish.Problems) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trouble != nil {
		all = append(all, c.trouble)
	}
	for _, folder := range slices.Sorted(maps.Keys(c.broken)) {
		all = append(all, c.broken[folder])
	}
	return append(all, c.unbuiltAlone()...)
}

// troubles is how many problems there are.
func (c *served) troubles() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trouble != nil {
		n++
	}
	return n + len(c.broken) + len(c.unbuiltAlone())
}

// addresses are where the channel's releases are found while it is served here.
func (c *served) addresses() publish.Addresses { return c.Addresses(c.base, nil, nil) }

// releases is how many are seeded.
func (s *server) releases() (n int) {
	for _, c := range s.channels {
		n += c.count()
	}
	return n
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
	if !s.up.Load() {
		return
	}
	if s.json {
		s.say(func() {
			s.object(struct {
				MessageType string `json:"message_type"`
				Slug        string `json:"slug"`
				Infohash    string `json:"infohash"`
			}{messageType, h.slug, h.infohash})
		})
	}
	s.event(slog.LevelInfo, text, "slug", h.slug, "infohash", h.infohash)
}

// complain notes what is wrong with a release, nil for nothing, and warns of what
// was not wrong before.
func (s *server) complain(c *served, folder string, err error) {
	c.mu.Lock()
	before := c.broken[folder]
	if err == nil {
		delete(c.broken, folder)
	} else {
		c.broken[folder] = err
	}
	c.mu.Unlock()
	if err != nil && s.up.Load() && (before == nil || before.Error() != err.Error()) {
		s.event(slog.LevelWarn, err.Error(), "slug", folder)
	}
}

// lament tells of trouble with a channel as a whole, once.
func (s *server) lament(c *served, err error) {
	c.mu.Lock()
	before := c.trouble
	c.trouble = err
	c.mu.Unlock()
	if err != nil && (before == nil || before.Error() != err.Error()) {
		s.event(slog.LevelWarn, err.Error())
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

package publish

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"commonseed/feed"
	"commonseed/internal/atomicfile"
	"commonseed/publish/torrentfile"
	"commonseed/templates"

	"github.com/gofrs/flock"
)

// Channel is one publisher's stream of releases: a directory with
// commonseed.toml, public/ (served as is) and .commonseed/ (never served).
type Channel struct {
	Dir    string // absolute
	Config *Config
	Pages  *templates.Set
}

// Release is a finished release: its record, and the directory under public/
// that holds its page, torrent, record and payload.
type Release struct {
	feed.Release
	Dir string
}

// Payload is the folder that peers and web seeds read.
func (r *Release) Payload() string { return filepath.Join(r.Dir, filesDir, r.Torrent.Name) }

// TorrentPath is the .torrent on disk.
func (r *Release) TorrentPath() string { return filepath.Join(r.Dir, r.Torrent.File) }

const (
	recordFile   = "release.json"
	licenseFile  = "LICENSE.txt"
	metadataFile = "metadata.json"
	filesDir     = "files"
	stateName    = ".commonseed"
	publicName   = "public"
)

// OpenChannel reads a channel's configuration and templates; it writes nothing,
// and the directory need not exist yet. A given config stands for the channel's
// own commonseed.toml; nil reads that.
func OpenChannel(dir string, config *Config) (*Channel, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if st, err := os.Stat(abs); err == nil && !st.IsDir() {
		return nil, &FileError{Path: dir, Err: ErrNotFolder}
	}
	if config == nil {
		config, err = ReadConfig(filepath.Join(dir, ConfigName))
		if errors.Is(err, fs.ErrNotExist) {
			config, err = &Config{}, nil
		}
		if err != nil {
			return nil, err
		}
	}
	if err := checkChannelConfig(config); err != nil {
		return nil, err
	}
	pages, err := templates.Load(filepath.Join(abs, "templates"))
	if err != nil {
		return nil, err
	}
	return &Channel{Dir: abs, Config: config, Pages: pages}, nil
}

// checkChannelConfig checks the addresses of a channel, so that none fails
// after something was written.
func checkChannelConfig(c *Config) error {
	urls := map[string][]string{"channel.base_url": {c.Channel.BaseURL}, "seed.trackers": c.Seed.Trackers, "seed.web_seeds": c.Seed.WebSeeds, "seed.nodes": c.Seed.Nodes}
	for key, values := range urls {
		for _, v := range values {
			if v == "" {
				continue
			}
			check := CheckURL
			switch key {
			case "seed.trackers":
				check = CheckTracker
			case "seed.nodes":
				check = torrentfile.CheckNode
			case "channel.base_url":
				check = CheckBase
			}
			if err := check(v); err != nil {
				return &ValueError{Where: c.where(key), Key: key, Value: v, Err: err}
			}
		}
	}
	if err := c.checkLimits(); err != nil {
		return err
	}
	_, err := readLinks(c.Channel.Links, c.where("channel.links"))
	return err
}

// CheckBase accepts an address that paths can be appended to.
func CheckBase(s string) error {
	if strings.ContainsAny(s, "?#") {
		return errors.New("holds a query or fragment, so no path can follow it")
	}
	return CheckURL(s)
}

// CheckTracker accepts the tracker addresses that every client can use.
func CheckTracker(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.String() != s {
		return errors.New("is not a tracker's address")
	}
	switch u.Scheme {
	case "http", "https", "udp":
		return nil
	}
	return errors.New("is not an http, https or udp address")
}

// Public is the directory that is served.
func (c *Channel) Public() string { return filepath.Join(c.Dir, publicName) }

// State is the directory of keys and seeding state; it is never served.
func (c *Channel) State() string { return filepath.Join(c.Dir, stateName) }

// Exists says whether dir has been made a channel.
func (c *Channel) Exists() bool { return IsChannel(c.Dir) }

// IsChannel says whether a directory has been made a channel.
func IsChannel(dir string) bool {
	st, err := os.Stat(filepath.Join(dir, stateName))
	return err == nil && st.IsDir()
}

// Create makes what is missing of the channel's directories, and a commented
// commonseed.toml in a new channel.
func (c *Channel) Create(toml []byte) error {
	if err := os.MkdirAll(c.Public(), 0o755); err != nil {
		return err
	}
	if err := os.MkdirAll(c.State(), 0o700); err != nil {
		return err
	}
	if err := os.Chmod(c.Public(), 0o755); err != nil { // whatever the umask: it is public
		return err
	}
	file := filepath.Join(c.Dir, ConfigName)
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return atomicfile.WriteFile(file, toml, 0o644)
}

// Lock keeps other processes from writing to the channel.
func (c *Channel) Lock() (unlock func(), err error) {
	return c.lock("publish.lock", "is publishing into this channel")
}

// LockSeeding keeps a second process from seeding the channel.
func (c *Channel) LockSeeding() (unlock func(), err error) {
	return c.lock("seeding.lock", "is seeding this channel")
}

func (c *Channel) lock(name, what string) (func(), error) {
	l := flock.New(filepath.Join(c.State(), name))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", c.Dir, err)
	}
	if !ok {
		return nil, &LockedError{c.Dir, what}
	}
	return func() { _ = l.Unlock() }, nil
}

// Releases reads the records on disk, oldest first. Broken releases are left out;
// the error is then Problems that tell of each.
func (c *Channel) Releases() ([]Release, error) {
	entries, err := os.ReadDir(c.Public())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rels []Release
	var broken Problems
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		r, err := readHealthy(filepath.Join(c.Public(), e.Name()))
		if errors.Is(err, errNoRelease) {
			continue
		}
		if err != nil {
			broken = append(broken, &BrokenError{e.Name(), err})
			continue
		}
		rels = append(rels, *r)
	}
	sort.SliceStable(rels, func(i, j int) bool { return rels[i].Published.Before(rels[j].Published) })
	if len(broken) > 0 {
		return rels, broken
	}
	return rels, nil
}

// errNoRelease is a folder without a record.
var errNoRelease = errors.New("holds no release")

// readHealthy reads a record whose torrent is there.
func readHealthy(dir string) (*Release, error) {
	r, err := ReadRelease(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoRelease
	}
	if err == nil {
		_, err = os.Stat(r.TorrentPath())
	}
	return r, err
}

// healthy are the releases that can be read, whatever is broken beside them.
func (c *Channel) healthy() ([]Release, error) {
	rels, err := c.Releases()
	if _, ok := err.(Problems); ok {
		err = nil
	}
	return rels, err
}

// ReadRelease reads the record in a release's directory.
func ReadRelease(dir string) (*Release, error) {
	data, err := ReadBounded(filepath.Join(dir, recordFile), feed.MaxRelease)
	if err != nil {
		return nil, err
	}
	r, err := feed.ReadRelease(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, recordFile), err)
	}
	return &Release{Release: r, Dir: dir}, nil
}

// Face is what the channel says of itself at this address.
func (c *Channel) Face(base string, rels []feed.Head) feed.Channel {
	cc := c.Config.Channel
	links, _ := readLinks(cc.Links, "") // checked by OpenChannel
	f := feed.Channel{Title: cc.Title, Description: cc.Description, Creator: cc.Creator, Email: cc.Email,
		Language: cc.Language, BaseURL: base, Image: cc.Image, Links: links, Category: cc.Category, Explicit: cc.Explicit}
	if f.Creator == "" {
		f.Creator = c.Config.Creator
	}
	if f.Creator == "" {
		f.Creator = common(rels, func(r feed.Head) string { return r.Creator })
	}
	if f.Title == "" {
		f.Title = f.Creator
	}
	if f.Title == "" {
		f.Title = titleOf(filepath.Base(c.Dir), true)
	}
	if f.Language == "" {
		f.Language = common(rels, func(r feed.Head) string { return r.Language })
	}
	if f.Image == "" {
		f.Image = newestCover(rels)
	}
	f.License = common(rels, func(r feed.Head) string { return r.License })
	return f
}

// common is the value that all releases share, "" if they differ.
func common(rels []feed.Head, get func(feed.Head) string) string {
	var value string
	for i, r := range rels {
		if v := get(r); i == 0 {
			value = v
		} else if v != value {
			return ""
		}
	}
	return value
}

func newestCover(rels []feed.Head) (cover string) {
	var newest time.Time
	for _, r := range rels {
		if r.Cover != "" && !r.Published.Before(newest) {
			cover, newest = r.Cover, r.Published
		}
	}
	return cover
}

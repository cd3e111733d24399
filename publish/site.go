package publish

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"commonseed/feed"
	"commonseed/internal/atomicfile"
	"commonseed/publish/torrentfile"
)

// Rebuild makes feeds and pages anew from the records on disk, and puts the
// channel's present addresses into torrents whose addresses differ. Files whose
// content stays are not touched. Broken releases are left out; the error is then
// Problems that tell of each. The channel must be locked.
func (c *Channel) Rebuild(a Addresses, now time.Time) error {
	all, err := c.roll()
	if err != nil {
		return err
	}
	broken := all.each(func(r *Release) error { return r.readdress(a) })
	face := c.Face(a.Base, all.heads)
	broken = append(broken, all.each(func(r *Release) error { return r.writePage(c, face) })...)
	if err := c.writeChannel(face, all.list(), now); err != nil {
		return err
	}
	if len(broken) > 0 {
		return broken
	}
	return nil
}

// writeChannel writes the channel's page and feeds.
func (c *Channel) writeChannel(face feed.Channel, rels feed.List, now time.Time) error {
	_, err := atomicfile.StreamIfChanged(filepath.Join(c.Public(), "index.html"), 0o644, func(w io.Writer) error {
		return c.Pages.ChannelPage(w, face, rels)
	})
	if err != nil {
		return err
	}
	return feed.Write(c.Public(), face, rels, now)
}

// At says whether the release is announced at these addresses, so that a Rebuild
// would leave its torrent as it is.
func (r *Release) At(a Addresses) bool {
	return r.BaseURL == a.Base && slices.Equal(a.trackersOf(r), r.Torrent.Trackers) &&
		slices.Equal(a.webSeedsOf(r), r.Torrent.WebSeeds) && slices.Equal(a.Nodes, r.Torrent.Nodes)
}

// readdress changes trackers, web seeds, nodes and comment of the torrent, and with
// them the record, where they differ from a's. The infohashes stay.
func (r *Release) readdress(a Addresses) error {
	if r.At(a) {
		return nil
	}
	data, err := os.ReadFile(r.TorrentPath())
	if err != nil {
		return err
	}
	t, err := torrentfile.Parse(data)
	if err != nil {
		return err
	}
	r.readdressTorrent(t, a)
	if err := r.writeTorrent(t); err != nil {
		return err
	}
	return r.writeRecord()
}

// readdressTorrent puts addresses into a torrent and its record.
func (r *Release) readdressTorrent(t *torrentfile.Torrent, a Addresses) {
	d := &r.Torrent
	d.Trackers, d.WebSeeds, d.Nodes, r.BaseURL = a.trackersOf(r), a.webSeedsOf(r), a.Nodes, a.Base
	t.Announce(torrentfile.Announcement{Trackers: a.tiers(d.Trackers), WebSeeds: d.WebSeeds, Nodes: d.Nodes, Comment: r.PageURL(a.Base)})
	r.describeTorrent(t)
}

func (r *Release) writeTorrent(t *torrentfile.Torrent) error {
	return atomicfile.WriteFile(r.TorrentPath(), t.Marshal(), 0o644)
}

func (r *Release) writeRecord() error {
	data, err := r.Marshal()
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(r.Dir, recordFile), data, 0o644)
}

// write puts record and page into a staged release.
func (r *Release) write(c *Channel, base string) error {
	if err := r.writeRecord(); err != nil {
		return err
	}
	rels, err := c.healthy()
	if err != nil {
		return err
	}
	return r.writePage(c, c.Face(base, headsOf(append(rels, *r))))
}

// pages are buffers that have grown to the size of a page.
var pages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (r *Release) writePage(c *Channel, face feed.Channel) error {
	page := pages.Get().(*bytes.Buffer)
	defer pages.Put(page)
	page.Reset()
	if err := c.Pages.ReleasePage(page, face, r.Release); err != nil {
		return err
	}
	_, err := atomicfile.WriteIfChanged(filepath.Join(r.Dir, "index.html"), page.Bytes(), 0o644)
	return err
}

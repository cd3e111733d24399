package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"commonseed/internal/atomicfile"
	"commonseed/publish/torrentfile"

	"github.com/google/uuid"
)

// Options are what a publish needs of its surroundings.
type Options struct {
	Addresses Addresses
	Version   string           // for "created by"
	Now       func() time.Time // the clock
	// Progress is told of bytes done in a stage ("stamping", "hashing"), out of
	// total. It may be nil, and may be called from several goroutines.
	Progress func(stage string, done, total int64)
}

// releaseSpace is the UUID namespace of release ids.
var releaseSpace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:commonseed:release"))

// Run carries out a plan: bundle, torrent, release, then feeds and pages. All
// is staged beside public/ and renamed; until then nothing is published, and
// what an interrupted run left is cleared by the next. The channel must be
// locked. A release that stands there already with the same content is kept,
// and its feeds and pages are finished. An *UnfinishedError comes with the
// release: what failed, failed after it was published.
func Run(ctx context.Context, p *Plan, o Options) (*Release, error) {
	staging := filepath.Join(p.Channel.State(), "staging")
	if err := os.RemoveAll(staging); err != nil {
		return nil, err
	}
	defer os.RemoveAll(staging)
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	r, err := p.build(ctx, filepath.Join(staging, p.Slug), o)
	if err != nil {
		return nil, err
	}
	if p.existing != nil {
		if p.existing.Torrent.InfohashV2 != r.Torrent.InfohashV2 {
			return nil, &ExistsError{p.Slug, p.existing.Dir}
		}
		r = p.existing
	} else if err := p.enter(r); err != nil {
		return nil, err
	}
	if err := p.Channel.Rebuild(o.Addresses, o.Now()); err != nil {
		return r, &UnfinishedError{err}
	}
	return ReadRelease(r.Dir)
}

// build stages the whole release directory.
func (p *Plan) build(ctx context.Context, dir string, o Options) (*Release, error) {
	total := p.Length()
	var copied atomic.Int64
	b, err := p.stage(ctx, dir, func(n int64) { o.Progress("stamping", copied.Add(n), total) })
	if err != nil {
		return nil, err
	}
	r := &Release{Release: b.Record, Dir: dir}
	if err := r.hash(ctx, p, b, o, total); err != nil {
		return nil, err
	}
	if r.Published, err = p.Channel.nextDate(o.Now()); err != nil {
		return nil, err
	}
	if err := r.write(p.Channel, o.Addresses.Base); err != nil {
		return nil, err
	}
	return r, syncTree(dir)
}

// hash builds the torrent of the staged payload and records it.
func (r *Release) hash(ctx context.Context, p *Plan, b *Bundle, o Options, total int64) error {
	a := o.Addresses
	r.BaseURL = a.Base
	r.Torrent.Trackers, r.Torrent.WebSeeds = a.trackersOf(r), a.webSeedsOf(r)
	t, err := torrentfile.Build(ctx, b.payload(p.Name), torrentfile.Options{
		Name: p.Name, License: p.Work.License.URL, Allow: slices.Sorted(maps.Keys(p.Work.Allow)), CreatedBy: o.Version,
		Announcement: torrentfile.Announcement{Trackers: tiers(r.Torrent.Trackers), WebSeeds: r.Torrent.WebSeeds, Comment: r.PageURL(a.Base)},
		Progress:     func(done int64) { o.Progress("hashing", done, total) },
	})
	if err != nil {
		return err
	}
	r.ID = "urn:uuid:" + uuid.NewSHA1(releaseSpace, []byte(t.InfohashV2())).String()
	r.describeTorrent(t)
	return atomicfile.WriteFile(r.TorrentPath(), t.Marshal(), 0o644)
}

// describeTorrent copies a torrent's facts into the record.
func (r *Release) describeTorrent(t *torrentfile.Torrent) {
	d := &r.Torrent
	d.Name, d.Length, d.PieceLength = t.Name(), t.Length(), t.PieceLength()
	d.InfohashV1, d.InfohashV2, d.Magnet = t.InfohashV1(), t.InfohashV2(), t.Magnet()
	d.File = fmt.Sprintf("%s-%s.torrent", r.Slug, d.InfohashV1[:8])
	d.Size = t.Size()
}

// nextDate is now, or a second after the latest release: feed readers skip
// items whose date does not increase.
func (c *Channel) nextDate(now time.Time) (time.Time, error) {
	now = now.UTC().Truncate(time.Second)
	rels, err := c.healthy()
	if err != nil || len(rels) == 0 {
		return now, err
	}
	if last := rels[len(rels)-1].Published; !now.After(last) {
		return last.Add(time.Second), nil
	}
	return now, nil
}

// enter renames the staged directory into public/.
func (p *Plan) enter(r *Release) error {
	target := filepath.Join(p.Channel.Public(), p.Slug)
	if _, err := os.Lstat(target); !errors.Is(err, os.ErrNotExist) {
		return &ExistsError{p.Slug, target}
	}
	rels, err := p.Channel.healthy()
	if err != nil {
		return err
	}
	for _, other := range rels {
		if other.Torrent.InfohashV2 == r.Torrent.InfohashV2 {
			return &SameError{other.Slug, other.Dir}
		}
	}
	if err := os.Rename(r.Dir, target); err != nil {
		return err
	}
	r.Dir = target
	return atomicfile.SyncDir(p.Channel.Public())
}

package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"commonseed/feed"
	"commonseed/internal/atomicfile"
	"commonseed/publish/torrentfile"

	"github.com/google/uuid"
)

// Options are what a publish needs of its surroundings.
type Options struct {
	Addresses Addresses
	Version   string           // for "created by"
	Now       func() time.Time // the clock
	Link      bool             // files that are not stamped are linked into the release, where that is possible
	// Progress is told of bytes done in a stage ("packaging"), out of total. It may be
	// nil, and may be called from several goroutines.
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

// build stages the whole release directory. Each file is read once: it is stamped,
// written and hashed in one go.
func (p *Plan) build(ctx context.Context, dir string, o Options) (*Release, error) {
	published, err := p.Channel.nextDate(o.Now())
	if err != nil {
		return nil, err
	}
	builder, err := torrentfile.NewBuilder(torrentfile.Options{
		Name: p.Name, License: p.Work.License.URL, PieceLength: p.PieceLength, Allow: slices.Sorted(maps.Keys(p.Work.Allow)),
		CreatedBy: o.Version, CreationDate: published,
		Progress: func(done int64) { o.Progress("packaging", done, p.Length()) },
	})
	if err != nil {
		return nil, err
	}
	b, err := p.stage(ctx, dir, builder, o.Link)
	if err != nil {
		return nil, err
	}
	r := &Release{Release: b.Record, Dir: dir}
	r.Published = published
	if err := r.torrent(p.Channel, builder, o.Addresses); err != nil {
		return nil, err
	}
	if err := r.write(p.Channel, o.Addresses.Base); err != nil {
		return nil, err
	}
	return r, atomicfile.Sync(dir)
}

// torrent writes the torrent of the staged payload and records it.
func (r *Release) torrent(c *Channel, builder *torrentfile.Builder, a Addresses) error {
	t, err := builder.Torrent()
	if err != nil {
		return err
	}
	others, err := c.healthy()
	if err != nil {
		return err
	}
	if err := t.Relate(r.similar(others), []string{c.Face(a.Base, headsOf(others)).Title}); err != nil {
		return err
	}
	r.readdressTorrent(t, a)
	r.ID = "urn:uuid:" + uuid.NewSHA1(releaseSpace, []byte(t.InfohashV2())).String()
	return r.writeTorrent(t)
}

// similar lists the releases that share a file with this one: a client that has one of
// them need not fetch that again (BEP 38).
func (r *Release) similar(others []Release) (infohashes []string) {
	own := map[string]bool{}
	for _, f := range r.Files {
		own[f.SHA256] = f.Size > 0
	}
	for _, other := range others {
		if slices.ContainsFunc(other.Files, func(f feed.File) bool { return own[f.SHA256] }) {
			infohashes = append(infohashes, other.Torrent.InfohashV1)
		}
	}
	return infohashes
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
	return atomicfile.Sync(p.Channel.Public())
}

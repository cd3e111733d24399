// Command scale measures what very many releases cost that nobody asks for: commonseed,
// libtorrent and the Client of anacrolix/torrent seed the same channel of small releases,
// one after the other within one run.
//
//	go run ./bench/scale [-releases 10000] [-seeders ...] [-interval 2m] [-settle 2m] [-cache DIR]
//
// Every seeder is started twice. The first start is for what has to be done once: ours checks
// all payloads and remembers that, the others are told that all is right. The second is
// measured: from the start of the process until it says that it seeds and answers to strangers for
// releases picked at random; its anonymous memory then, and after the window; the processor
// time in the window. The window begins an interval of the tracker later and lasts as long as
// one, so that everything is announced again in it; the tracker belongs to the bench and
// counts. With -cache the channel is kept, for it takes minutes to make.
//
//	main.go     flags, and what is measured of a seeder
//	fill.go     a channel of many releases
//	tracker.go  the tracker
//	table.go    the table, and the marks
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"commonseed/bench/internal/measure"
	"commonseed/bench/internal/rivals"
	"commonseed/publish"
)

func main() { measure.Main("scale", run) }

func run(ctx context.Context) error {
	releases := flag.Int("releases", 10000, "releases in the channel")
	names := flag.String("seeders", rivals.All, "who is compared")
	interval := flag.Duration("interval", 2*time.Minute, "between two announces of a torrent, as the tracker asks for it")
	settle := flag.Duration("settle", 0, "from the start until the window (default: the interval)")
	window := flag.Duration("window", 0, "how long idling is measured (default: the interval)")
	cache := flag.String("cache", "", "keep the channel in this directory, and take it again if it is there")
	flag.Parse()
	for _, d := range []*time.Duration{settle, window} {
		if *d == 0 {
			*d = *interval
		}
	}
	if flag.NArg() > 0 || *releases < 1 || *interval < 30*time.Second || *window < time.Second {
		return errors.New("wants one release at least, and an interval of 30 seconds")
	}
	dir, err := os.MkdirTemp("", "commonseed-bench-scale-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if *cache == "" {
		*cache = dir
	}
	seeders, err := rivals.Build(ctx, dir, *names)
	if err != nil {
		return err
	}
	b := bench{releases: *releases, interval: *interval, settle: *settle, window: *window}
	if err := b.prepare(ctx, *cache); err != nil {
		return err
	}
	defer b.tracker.server.Close()
	return b.run(ctx, seeders)
}

// bench is what is measured with.
type bench struct {
	releases                 int
	interval, settle, window time.Duration
	channel                  string
	infohashes               []string // v1
	tracker                  *tracker
}

func (b *bench) prepare(ctx context.Context, cache string) error {
	cache, err := filepath.Abs(cache)
	if err != nil {
		return err
	}
	began := time.Now()
	if b.channel, err = channel(ctx, cache, b.releases); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "the channel is there after %v\n", time.Since(began).Round(time.Second))
	ch, err := publish.OpenChannel(b.channel, nil)
	if err != nil {
		return err
	}
	releases, err := ch.Releases()
	if err != nil {
		return err
	}
	for _, r := range releases {
		b.infohashes = append(b.infohashes, r.Torrent.InfohashV1)
	}
	b.tracker, err = startTracker(b.interval)
	return err
}

// run measures one seeder after the other.
func (b *bench) run(ctx context.Context, seeders []rivals.Seeder) error {
	b.printHead()
	results := map[string]result{}
	for _, s := range seeders {
		r, err := b.measure(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		b.print(s, r)
		results[s.Name] = r
	}
	if ours, ok := results[rivals.Commonseed]; ok {
		b.marks(ours)
	}
	return nil
}

// result is what a seeder cost.
type result struct {
	first, warm    time.Duration // until all was seeded
	starting       time.Duration // processor time of the warm start
	atStart, after int64         // anonymous memory, bytes
	idle           time.Duration // processor time in the window
	window         time.Duration
	announces      load
	announced      int // infohashes, from the start on
}

// patience is how long a seeder may take to check everything.
const patience = 30 * time.Minute

func (b *bench) measure(ctx context.Context, s rivals.Seeder) (r result, err error) {
	fmt.Fprintf(os.Stderr, "%s: first start\n", s.Name)
	first, err := b.start(ctx, s, b.infohashes)
	if err != nil {
		return r, err
	}
	r.first = time.Since(first.Began)
	if err := errors.Join(calm(ctx, first), first.Stop()); err != nil {
		return r, err
	}
	b.tracker.forget()
	fmt.Fprintf(os.Stderr, "%s: warm start\n", s.Name)
	second, err := b.start(ctx, s, b.some())
	if err != nil {
		return r, err
	}
	r.warm = time.Since(second.Began)
	err = b.idle(ctx, second, &r)
	if err == nil {
		err = second.Up(ctx, b.infohashes)
	}
	return r, errors.Join(err, second.Stop())
}

// start starts a seeder and waits until it answers for these releases.
func (b *bench) start(ctx context.Context, s rivals.Seeder, infohashes []string) (*rivals.Process, error) {
	p, err := s.Start(ctx, b.channel)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := p.Up(ctx, infohashes); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// calm waits until a seeder is done with what it does after it is up: it takes less than a
// quarter of a core for a while.
func calm(ctx context.Context, p *rivals.Process) error {
	const while = 5 * time.Second
	for {
		before, err := p.CPU()
		if err != nil {
			return err
		}
		if err := wait(ctx, while); err != nil {
			return err
		}
		after, err := p.CPU()
		if err != nil || after-before < while/4 {
			return err
		}
	}
}

// some picks releases at random, no more than a stranger would ask for in passing.
func (b *bench) some() (infohashes []string) {
	for _, i := range rand.Perm(len(b.infohashes))[:min(len(b.infohashes), 50)] {
		infohashes = append(infohashes, b.infohashes[i])
	}
	return infohashes
}

// idle looks at a seeder that nobody asks for anything.
func (b *bench) idle(ctx context.Context, p *rivals.Process, r *result) (err error) {
	if r.starting, err = p.CPU(); err != nil {
		return err
	}
	if r.atStart, err = p.Anonymous(); err != nil {
		return err
	}
	if err := wait(ctx, b.settle); err != nil {
		return err
	}
	before, err := p.CPU()
	if err != nil {
		return err
	}
	from := time.Now()
	fmt.Fprintf(os.Stderr, "window of %v\n", b.window)
	if err := wait(ctx, b.window); err != nil {
		return err
	}
	to := time.Now()
	after, err := p.CPU()
	if err != nil {
		return err
	}
	r.idle, r.window = after-before, to.Sub(from)
	r.announces, r.announced = b.tracker.within(from, to), b.tracker.announced()
	r.after, err = p.Anonymous()
	return err
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

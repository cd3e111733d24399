package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"commonseed/bench/internal/rivals"
	"commonseed/license"
	"commonseed/publish"

	"golang.org/x/sync/errgroup"
)

// atOnce is how many works are published at once: most of the time goes into waiting for
// the disk.
const atOnce = 16

// channel is a channel of n small releases below dir; one that is there is taken again.
func channel(ctx context.Context, dir string, n int) (string, error) {
	done := filepath.Join(dir, fmt.Sprintf("channel-%d", n))
	if _, err := os.Stat(done); err == nil {
		return done, nil
	}
	making := done + ".part"
	if err := os.RemoveAll(making); err != nil {
		return "", err
	}
	if err := fill(ctx, making, n); err != nil {
		return "", err
	}
	return done, os.Rename(making, done)
}

// fill publishes n works, each into a channel of its own, where nothing else is rebuilt,
// and moves the releases together.
func fill(ctx context.Context, dir string, n int) error {
	if err := rivals.MakeChannel(dir, trackerURL); err != nil {
		return err
	}
	ch, err := publish.OpenChannel(dir, nil)
	if err != nil {
		return err
	}
	if err := ch.Create(nil); err != nil {
		return err
	}
	l, err := license.Parse("cc-by-sa-4.0")
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			own := filepath.Join(dir, fmt.Sprintf("work-%d", i))
			defer os.RemoveAll(own)
			r, err := publishOne(ctx, *ch, own, i, l)
			if err != nil {
				return err
			}
			return os.Rename(r.Dir, filepath.Join(ch.Public(), r.Slug))
		})
	}
	return group.Wait()
}

// publishOne publishes work i, a text of 4 KiB, into a channel like ch in dir.
func publishOne(ctx context.Context, ch publish.Channel, dir string, i int, l license.License) (*publish.Release, error) {
	ch.Dir = dir
	if err := ch.Create(nil); err != nil {
		return nil, err
	}
	text := filepath.Join(dir, "text.txt")
	if err := os.WriteFile(text, fmt.Appendf(nil, "%-4096d", i), 0o644); err != nil {
		return nil, err
	}
	p, err := publish.MakePlan(ctx, &ch, publish.Work{Paths: []string{text}, License: l,
		Title: fmt.Sprintf("Release %06d", i), Creator: "Ana Ruiz", Tags: []string{"bench"},
		Description: "One of many releases, with a description of ordinary length in it."})
	if err != nil {
		return nil, err
	}
	published := time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC)
	return publish.Run(ctx, p, publish.Options{Addresses: ch.Addresses(rivals.Base, nil, nil), Now: func() time.Time { return published }})
}

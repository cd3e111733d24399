package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"commonseed/publish/torrentfile"
)

// process is what the benchmark starts itself for.
type process struct {
	root, mode, out string
	standin         string // "": our builder
	pieceLength     int64
}

func (p process) run(ctx context.Context) error {
	mode, err := modeOf(p.mode)
	if err != nil {
		return err
	}
	if p.out == "" {
		p.out = filepath.Join(filepath.Dir(p.root), "out.torrent")
	}
	if p.standin == "" {
		return buildOurs(ctx, p.root, p.out, mode)
	}
	for _, way := range standins {
		if way.name == p.standin && mode == torrentfile.V1 && p.pieceLength > 0 {
			return way.build(p.root, p.out, p.pieceLength)
		}
	}
	return errors.New("no such stand-in, or not one of v1 with a piece length")
}

func buildOurs(ctx context.Context, root, out string, mode torrentfile.Mode) error {
	t, err := torrentfile.Build(ctx, root, torrentfile.Options{Name: filepath.Base(root), Mode: mode})
	if err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := t.WriteTo(f); err != nil {
		return err
	}
	return f.Close()
}

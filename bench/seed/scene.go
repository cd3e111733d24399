package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"commonseed/bench/internal/rivals"
	"commonseed/publish"
	"commonseed/publish/torrentfile"
)

// scene is a channel, and to how many it is seeded.
type scene struct {
	leechers   int
	files      int
	size       int64 // of each file
	channel    string
	torrents   []string // paths
	infohashes []string // v1
}

func (s *scene) String() string {
	return fmt.Sprintf("%d × %.4g MiB to leechers: %d", s.files, float64(s.size)/(1<<20), s.leechers)
}

// makeScene publishes files that do not compress, each as a work of its own.
func (b *bench) makeScene(ctx context.Context, leechers int, size int64, files int) (*scene, error) {
	if size < 1<<20 {
		return nil, fmt.Errorf("files of %d bytes for %d leechers: too short", size, leechers)
	}
	size -= size % torrentfile.ChoosePieceLength([]int64{size}) // see leech.py
	s := &scene{leechers: leechers, files: files, size: size, channel: filepath.Join(b.dir, fmt.Sprintf("to-%d", leechers))}
	if err := rivals.MakeChannel(s.channel); err != nil {
		return nil, err
	}
	random := rand.NewChaCha8([32]byte{byte(leechers)})
	for i := range files {
		file := filepath.Join(b.dir, fmt.Sprintf("to-%d-file-%d.bin", leechers, i))
		if err := write(file, io.LimitReader(random, size)); err != nil {
			return nil, err
		}
		// Linked, the payload is in the page cache once.
		publishing := exec.CommandContext(ctx, rivals.Program(b.dir), "publish", file, "--channel", s.channel, "--no-seed", "--link",
			"--license", "cc-by-4.0", "--creator", "Ana Ruiz")
		if out, err := publishing.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("commonseed publish: %w\n%s", err, out)
		}
	}
	ch, err := publish.OpenChannel(s.channel, nil)
	if err != nil {
		return nil, err
	}
	releases, err := ch.Releases()
	for _, r := range releases {
		s.torrents = append(s.torrents, r.TorrentPath())
		s.infohashes = append(s.infohashes, r.Torrent.InfohashV1)
	}
	return s, err
}

func write(path string, from io.Reader) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(f, from); err != nil {
		return err
	}
	return f.Close()
}

// result is what one run of a seeder cost.
type result struct {
	cpu, took time.Duration
	bytes     int64 // payload that came to the leechers
	anonymous int64 // bytes, the most
}

// patience is how long a run may take.
const patience = 15 * time.Minute

// measure seeds a scene once.
func (b *bench) measure(ctx context.Context, s *scene, seeder rivals.Seeder) (r result, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	process, err := seeder.Start(ctx, s.channel)
	if err != nil {
		return r, err
	}
	greet := process.Accompany
	if b.alone {
		greet = process.Up
	}
	if err = greet(ctx, s.infohashes); err == nil {
		r, err = b.leech(ctx, s, process)
	}
	if stopped := process.Stop(); err == nil {
		err = stopped
	}
	return r, err
}

// Command hostile measures what hostile peers take from honest ones: what share of a
// limited uplink the honest ones keep, and how much memory the seeder takes.
//
//	main.go     flags, the scene, the runs
//	peer.go     a peer that speaks just enough
//	attacks.go  what hostile peers do
//
// The seeder is the real program, on loopback, where there is no limit of connections
// from one address: the attackers have as many addresses as they like, so to speak.
package main

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"commonseed/bench/internal/measure"
	"commonseed/bench/internal/rivals"
	"commonseed/publish"
)

const (
	fileSize = 64 << 20
	limit    = 8 << 20 // bytes per second of the uplink
	honest   = 4       // peers
)

func main() {
	seconds := flag.Int("seconds", 15, "how long each measurement lasts")
	flag.Parse()
	measure.Main("hostile", func(ctx context.Context) error { return run(ctx, time.Duration(*seconds)*time.Second) })
}

func run(ctx context.Context, span time.Duration) error {
	dir, err := os.MkdirTemp("", "commonseed-bench-hostile-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	seeders, err := rivals.Build(ctx, dir, rivals.Commonseed)
	if err != nil {
		return err
	}
	channel, infohash, err := scene(ctx, dir)
	if err != nil {
		return err
	}
	fmt.Println(measure.Head("hostile"))
	fmt.Printf("%d honest peers share an uplink of %d MiB/s; %v each.\n\n", honest, limit>>20, span)
	fmt.Println("| attack | honest peers get MiB/s | of the uplink | least of them MiB/s | anonymous MiB, peak |")
	fmt.Println("| --- | --- | --- | --- | --- |")
	for _, a := range attacks {
		r, err := measureOne(ctx, seeders[0], channel, infohash, a, span)
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		fmt.Printf("| %s | %.2f | %.2f | %.2f | %.1f |\n", a.name, r.rate/(1<<20), r.rate/limit, r.least/(1<<20), float64(r.peak)/(1<<20))
	}
	return nil
}

// scene publishes one file into a channel with a limited uplink.
func scene(ctx context.Context, dir string) (channel string, infohash [20]byte, err error) {
	channel = filepath.Join(dir, "channel")
	if err := rivals.MakeChannel(channel); err != nil {
		return "", infohash, err
	}
	config, err := os.OpenFile(filepath.Join(channel, "commonseed.toml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return "", infohash, err
	}
	fmt.Fprintf(config, "upload_limit = %d\n", limit>>10)
	if err := config.Close(); err != nil {
		return "", infohash, err
	}
	file := filepath.Join(dir, "film.bin")
	f, err := os.Create(file)
	if err != nil {
		return "", infohash, err
	}
	defer f.Close()
	if _, err := io.Copy(f, io.LimitReader(rand.NewChaCha8([32]byte{}), fileSize)); err != nil {
		return "", infohash, err
	}
	out, err := exec.CommandContext(ctx, rivals.Program(dir), "publish", file, "--channel", channel, "--no-seed",
		"--license", "cc-by-4.0", "--creator", "Ana Ruiz", "--piece-length", "256KiB").CombinedOutput()
	if err != nil {
		return "", infohash, fmt.Errorf("publish: %w\n%s", err, out)
	}
	ch, err := publish.OpenChannel(channel, nil)
	if err != nil {
		return "", infohash, err
	}
	releases, err := ch.Releases()
	if err != nil {
		return "", infohash, err
	}
	raw, err := hex.DecodeString(releases[0].Torrent.InfohashV1)
	copy(infohash[:], raw)
	return channel, infohash, err
}

type result struct {
	rate, least float64 // bytes per second
	peak        int64
}

// measureOne starts a seeder and honest peers, lets the attack begin, and then measures.
func measureOne(ctx context.Context, s rivals.Seeder, channel string, infohash [20]byte, a attack, span time.Duration) (r result, err error) {
	seeder, err := s.Start(ctx, channel)
	if err != nil {
		return r, err
	}
	defer seeder.Stop()
	if err := seeder.Up(ctx, []string{hex.EncodeToString(infohash[:])}); err != nil {
		return r, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := endSuperSeeding(ctx, seeder.Addr, infohash); err != nil {
		return r, err
	}
	var got [honest]atomic.Int64
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { leech(ctx, seeder.Addr, infohash, &got[i]) })
	}
	time.Sleep(2 * time.Second) // they have their slots
	peak := seeder.Peak()
	all.Go(func() { a.run(ctx, seeder.Addr, infohash) })
	time.Sleep(5 * time.Second)
	var before [honest]int64
	for i := range got {
		before[i] = got[i].Load()
	}
	begun := time.Now()
	select {
	case <-ctx.Done():
	case <-time.After(span):
	}
	took := time.Since(begun).Seconds()
	for i := range got {
		rate := float64(got[i].Load()-before[i]) / took
		r.rate += rate
		if i == 0 || rate < r.least {
			r.least = rate
		}
	}
	r.peak = peak()
	cancel()
	all.Wait()
	return r, nil
}

// Command rebuild times how long the feeds and pages of a channel take to be made
// anew from its releases: from nothing, with nothing changed, and for a new
// address, which goes into every torrent, page and feed.
//
//	go run ./bench/rebuild [-releases 1000] [-runs 5]
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"slices"
	"time"

	"commonseed/license"
	"commonseed/publish"
)

func main() {
	releases := flag.Int("releases", 1000, "releases in the channel")
	runs := flag.Int("runs", 5, "timed runs of each kind")
	flag.Parse()
	dir, err := os.MkdirTemp("", "commonseed-rebuild-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ch, err := fill(dir, *releases)
	if err != nil {
		log.Fatal(err)
	}
	at := func(base string) publish.Addresses { return ch.Addresses(base, nil, nil) }
	const here, there = "http://127.0.0.1:7447/", "https://ana.example/channel/"
	fmt.Printf("| %d releases | median s | least | most |\n| --- | --- | --- | --- |\n", *releases)
	timed("from nothing", *runs, func() error { return erase(ch.Public()) }, func() error { return ch.Rebuild(at(here), time.Now()) })
	timed("nothing changed", *runs, nil, func() error { return ch.Rebuild(at(here), time.Now()) })
	timed("a new address", *runs, func() error { return ch.Rebuild(at(here), time.Now()) }, func() error { return ch.Rebuild(at(there), time.Now()) })
}

// timed prints median, least and most seconds of f; before runs untimed.
func timed(name string, runs int, before, f func() error) {
	var seconds []float64
	for range runs {
		if before != nil {
			if err := before(); err != nil {
				log.Fatal(err)
			}
		}
		start := time.Now()
		if err := f(); err != nil {
			log.Fatal(err)
		}
		seconds = append(seconds, time.Since(start).Seconds())
	}
	slices.Sort(seconds)
	fmt.Printf("| %s | %.2f | %.2f | %.2f |\n", name, seconds[len(seconds)/2], seconds[0], seconds[len(seconds)-1])
}

// fill publishes n small works, each into a channel of its own, where nothing
// else is rebuilt, and moves the releases together.
func fill(dir string, n int) (*publish.Channel, error) {
	ch, err := open(filepath.Join(dir, "channel"))
	if err != nil {
		return nil, err
	}
	for i := range n {
		r, err := publishOne(filepath.Join(dir, fmt.Sprint(i)), i)
		if err != nil {
			return nil, err
		}
		if err := os.Rename(r.Dir, filepath.Join(ch.Public(), r.Slug)); err != nil {
			return nil, err
		}
	}
	return ch, nil
}

func open(dir string) (*publish.Channel, error) {
	ch, err := publish.OpenChannel(dir, nil)
	if err != nil {
		return nil, err
	}
	return ch, ch.Create(nil)
}

// publishOne publishes work i of five small files.
func publishOne(dir string, i int) (*publish.Release, error) {
	ch, err := open(filepath.Join(dir, "channel"))
	if err != nil {
		return nil, err
	}
	l, err := license.Parse("cc-by-sa-4.0")
	if err != nil {
		return nil, err
	}
	media := filepath.Join(dir, "media")
	if err := os.Mkdir(media, 0o755); err != nil {
		return nil, err
	}
	for k := range 5 {
		text := fmt.Sprintf("Part %d of work %d.\n", k, i)
		if err := os.WriteFile(filepath.Join(media, fmt.Sprintf("part-%d.txt", k)), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	p, err := publish.MakePlan(context.Background(), ch, publish.Work{Paths: []string{media}, License: l,
		Title: fmt.Sprintf("Release %d", i), Creator: "Ana Ruiz", Tags: []string{"bench"},
		Description: "One of many releases, with a description of ordinary length in it."})
	if err != nil {
		return nil, err
	}
	published := time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC)
	return publish.Run(context.Background(), p, publish.Options{Addresses: ch.Addresses("http://127.0.0.1:7447/", nil, nil),
		Now: func() time.Time { return published }})
}

// erase removes every feed and page.
func erase(public string) error {
	return filepath.WalkDir(public, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(filepath.Dir(path)) == "files" {
			return err
		}
		switch filepath.Ext(path) {
		case ".html", ".xml", ".opml":
			return os.Remove(path)
		}
		if filepath.Dir(path) == public {
			return os.Remove(path)
		}
		return nil
	})
}

// Command feeds times feed.Write over a channel of 1,000 releases, in a
// directory of its own: all documents new, one release more, and unchanged.
// A release has an album's worth of files. It prints the median of several runs.
package main

import (
	"crypto/sha1"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"commonseed/feed"
)

const byURL = "https://creativecommons.org/licenses/by/4.0/"

func main() {
	releases := flag.Int("releases", 1000, "releases in the channel")
	runs := flag.Int("runs", 7, "runs of each case")
	flag.Parse()
	if err := run(*releases, *runs); err != nil {
		fmt.Fprintln(os.Stderr, "feeds:", err)
		os.Exit(1)
	}
}

func run(n, runs int) error {
	ch := feed.Channel{
		Title: "Bench", Description: "A channel to time the feeds with.", Creator: "Ana Ruiz", Language: "en",
		BaseURL: "https://ana.example/", License: byURL,
	}
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	rels := make([]feed.Release, n+1)
	for i := range rels {
		rels[i] = release(i, now)
	}
	var full, more, same []time.Duration
	for range runs {
		dir, err := os.MkdirTemp("", "feeds-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		for _, c := range []struct {
			times *[]time.Duration
			rels  []feed.Release
		}{{&full, rels[:n]}, {&more, rels}, {&same, rels}} {
			start := time.Now()
			if err := feed.Write(dir, ch, feed.ListOf(c.rels), now); err != nil {
				return err
			}
			*c.times = append(*c.times, time.Since(start))
		}
	}
	fmt.Printf("%d releases, median of %d runs\n", n, runs)
	fmt.Printf("all documents new  %7.1f ms\n", median(full))
	fmt.Printf("one release more   %7.1f ms\n", median(more))
	fmt.Printf("unchanged          %7.1f ms\n", median(same))
	return nil
}

func median(times []time.Duration) float64 {
	slices.Sort(times)
	return float64(times[len(times)/2].Microseconds()) / 1000
}

// release is number i, with twelve tracks and a cover.
func release(i int, start time.Time) feed.Release {
	slug := fmt.Sprintf("album-%d", i)
	v1 := fmt.Sprintf("%x", sha1.Sum([]byte(slug)))
	v2 := fmt.Sprintf("%x", sha256.Sum256([]byte(slug)))
	r := feed.Release{
		Format: feed.Format, Slug: slug, ID: fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", i),
		Title: fmt.Sprintf("Album %d", i), Creator: "Ana Ruiz", Date: "2026", License: byURL,
		Description: "Twelve pieces for harbour and wind.\n\nRecorded in one night.",
		Tags:        []string{"ambient", "sea"}, Cover: "cover.jpg", Published: start.Add(time.Duration(i) * time.Hour),
		Torrent: feed.Torrent{
			File: slug + "-" + v1[:8] + ".torrent", Size: 20_000, Name: fmt.Sprintf("Album %d", i), PieceLength: 64 << 10,
			InfohashV1: v1, InfohashV2: v2, Magnet: "magnet:?xt=urn:btih:" + v1 + "&xt=urn:btmh:1220" + v2,
		},
	}
	add := func(path, mime string, size int64) {
		r.Files = append(r.Files, feed.File{Path: path, Size: size, SHA256: v2, Type: mime, License: byURL})
		r.Torrent.Length += size
	}
	for track := 1; track <= 12; track++ {
		add(fmt.Sprintf("%02d Piece %d.flac", track, track), "audio/flac", int64(20_000_000+track))
	}
	add("cover.jpg", "image/jpeg", 300_000)
	return r
}

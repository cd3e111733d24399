package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"commonseed/internal/atomicfile"
)

// Write writes torrents.xml, podcast.xml, feed.json and channels.opml of the
// channel into dir, with the releases newest first, 50 to a document, and the
// rest on pages torrents-2.xml and so on (RFC 5005 §3). dir has to exist. The
// order of rels does not matter; rels is not changed.
//
// A document whose content is as before is left untouched, with its
// modification time. A changed RSS document gets a lastBuildDate of now, or of
// one second after its old one where that is later. Page files that are no
// longer needed are removed. Each document is replaced atomically, the first
// pages last: a reader that meets a half-finished Write finds no link to a page
// that is not there yet. Of releases that share a document's guid, it holds the
// newest.
func Write(dir string, ch Channel, rels []Release, now time.Time) error {
	c, err := prepare(ch, rels)
	if err != nil {
		return err
	}
	now = now.UTC().Truncate(time.Second)
	works := distinct(c.items, func(it item) string { return it.ID })
	dated := func(path string, doc []byte) error { return writeDated(path, doc, now) }
	for _, doc := range []document{
		{TorrentsName, distinct(c.items, func(it item) string { return it.Torrent.InfohashV1 }), c.torrents, dated},
		{PodcastName, playable(works), c.podcast, dated},
		{JSONName, works, c.jsonFeed, writePlain},
	} {
		if err := doc.writePages(dir); err != nil {
			return err
		}
	}
	list, err := c.opml()
	if err != nil {
		return err
	}
	return writePlain(filepath.Join(dir, OPMLName), list)
}

// distinct keeps the first, and so newest, item of each guid: two of a kind make
// Sonarr reject the whole feed.
func distinct(items []item, guid func(item) string) []item {
	seen := make(map[string]bool, len(items))
	var kept []item
	for _, it := range items {
		if id := guid(it); !seen[id] {
			seen[id] = true
			kept = append(kept, it)
		}
	}
	return kept
}

// playable leaves out releases without any media: a podcast item is its enclosure.
func playable(items []item) []item {
	var kept []item
	for _, it := range items {
		if it.main.Path != "" {
			kept = append(kept, it)
		}
	}
	return kept
}

// document is a feed that may take several pages.
type document struct {
	name   string
	items  []item
	render func(items []item, n, count int) ([]byte, error)
	write  func(path string, doc []byte) error
}

func (d document) writePages(dir string) error {
	count := max(1, (len(d.items)+pageSize-1)/pageSize)
	for n := count; n >= 1; n-- {
		items := d.items[(n-1)*pageSize : min(n*pageSize, len(d.items))]
		doc, err := d.render(items, n, count)
		if err != nil {
			return err
		}
		if err := d.write(filepath.Join(dir, pageName(d.name, n)), doc); err != nil {
			return err
		}
	}
	return removePages(dir, d.name, count)
}

// pageName is "torrents.xml" for page 1, "torrents-2.xml" for page 2.
func pageName(name string, n int) string {
	if n == 1 {
		return name
	}
	ext := filepath.Ext(name)
	return strings.TrimSuffix(name, ext) + "-" + strconv.Itoa(n) + ext
}

// removePages removes the pages after the last one.
func removePages(dir, name string, count int) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	ext := filepath.Ext(name)
	for _, e := range entries {
		number, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), ext), strings.TrimSuffix(name, ext)+"-")
		if !ok || !e.Type().IsRegular() {
			continue
		}
		n, err := strconv.Atoi(number)
		if err != nil || n <= count || pageName(name, n) != e.Name() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("feed: %w", err)
		}
	}
	return nil
}

func writePlain(path string, doc []byte) error {
	_, err := atomicfile.WriteIfChanged(path, doc, 0o644)
	if err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	return nil
}

// writeDated writes an RSS document unless the file at path differs from it in
// nothing but the lastBuildDate. Readers take an equal date for "nothing new",
// so the date has to grow with every change, even when the clock went back.
func writeDated(path string, doc []byte, now time.Time) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("feed: %w", err)
	}
	if date, ok := buildDate(old); ok {
		if bytes.Equal(old, withBuildDate(doc, date)) {
			return nil
		}
		if next := date.Add(time.Second); now.Before(next) {
			now = next
		}
	}
	if err := atomicfile.WriteFile(path, withBuildDate(doc, now), 0o644); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	return nil
}

const (
	buildOpen  = "<lastBuildDate>"
	buildClose = "</lastBuildDate>"
)

// buildDate finds the lastBuildDate. The tag cannot appear earlier than the
// element itself: in texts "<" is escaped.
func buildDate(doc []byte) (time.Time, bool) {
	_, rest, ok := bytes.Cut(doc, []byte(buildOpen))
	if !ok {
		return time.Time{}, false
	}
	text, _, ok := bytes.Cut(rest, []byte(buildClose))
	if !ok {
		return time.Time{}, false
	}
	date, err := time.Parse(buildLayout, string(text))
	return date, err == nil
}

// withBuildDate returns doc with another lastBuildDate.
func withBuildDate(doc []byte, date time.Time) []byte {
	before, rest, ok := bytes.Cut(doc, []byte(buildOpen))
	_, after, closed := bytes.Cut(rest, []byte(buildClose))
	if !ok || !closed {
		return doc
	}
	return bytes.Join([][]byte{before, []byte(buildOpen + rssDate(date) + buildClose), after}, nil)
}

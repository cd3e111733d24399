package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"commonseed/internal/atomicfile"
	"commonseed/license"
)

// Write writes torrents.xml, podcast.xml, feed.json and channels.opml of the
// channel into dir, with the releases newest first, 50 to a document, and the
// rest on pages torrents-2.xml and so on (RFC 5005 §3). dir has to exist. Each
// release is read once, and held no longer than the page that it is on.
//
// A document whose content is as before is left untouched, with its
// modification time. A changed RSS document gets a lastBuildDate of now, or of
// one second after its old one where that is later. Page files that are no
// longer needed are removed. Each document is replaced atomically, the first
// pages last: a reader that meets a half-finished Write finds no link to a page
// that is not there yet. Of releases that share a document's guid, it holds the
// newest.
func Write(dir string, ch Channel, rels List, now time.Time) error {
	c, err := prepare(ch, rels)
	if err != nil {
		return err
	}
	now = now.UTC().Truncate(time.Second)
	order := rels.Newest()
	works := distinct(rels, order, func(h Head) string { return h.id })
	dated := func(path string, doc []byte) error { return writeDated(path, doc, now) }
	docs := []*document{
		newDocument(TorrentsName, distinct(rels, order, func(h Head) string { return h.infohash }), c.torrents, dated),
		newDocument(PodcastName, playable(rels, order, works), c.podcast, dated),
		newDocument(JSONName, works, c.jsonFeed, writePlain),
	}
	if err := c.writePages(dir, rels, order, docs); err != nil {
		return err
	}
	list, err := c.opml()
	if err != nil {
		return err
	}
	return writePlain(filepath.Join(dir, OPMLName), list)
}

// writePages goes through the releases once, from the oldest on, since the first pages
// are written last. order has the newest first.
func (c channel) writePages(dir string, rels List, order []int, docs []*document) error {
	slices.Reverse(order)
	known := map[string]license.License{}
	at := len(order)
	for r, err := range rels.Each(order) {
		at--
		if err != nil {
			return err
		}
		it, err := prepareItem(r.normalize(), c.BaseURL, known)
		if err != nil {
			return err
		}
		for _, d := range docs {
			if !d.holds[at] {
				continue
			}
			if err := d.add(dir, it); err != nil {
				return err
			}
		}
	}
	for _, d := range docs {
		if err := d.finish(dir); err != nil {
			return err
		}
	}
	return nil
}

// distinct keeps the first, and so newest, release of each guid: two of a kind make
// Sonarr reject the whole feed. It answers for each place in order.
func distinct(rels List, order []int, guid func(Head) string) []bool {
	seen := make(map[string]bool, len(order))
	keep := make([]bool, len(order))
	for at, i := range order {
		id := guid(rels.Heads[i])
		keep[at], seen[id] = !seen[id], true
	}
	return keep
}

// playable leaves out releases without any media: a podcast item is its enclosure.
func playable(rels List, order []int, keep []bool) []bool {
	keep = slices.Clone(keep)
	for at, i := range order {
		keep[at] = keep[at] && rels.Heads[i].playable
	}
	return keep
}

// document is a feed that may take several pages. It is given its items from the
// oldest on, and writes each page when it is full.
type document struct {
	name   string
	holds  []bool // which releases, the newest first
	left   int    // items that are to come
	pages  int
	items  []item // of the page that is being filled
	render func(items []item, n, count int) ([]byte, error)
	write  func(path string, doc []byte) error
}

func newDocument(name string, holds []bool, render func([]item, int, int) ([]byte, error), write func(string, []byte) error) *document {
	d := &document{name: name, holds: holds, render: render, write: write}
	for _, h := range holds {
		if h {
			d.left++
		}
	}
	d.pages = max(1, (d.left+pageSize-1)/pageSize)
	return d
}

func (d *document) add(dir string, it item) error {
	d.items = append(d.items, it)
	if d.left--; d.left%pageSize > 0 {
		return nil
	}
	slices.Reverse(d.items)
	err := d.writePage(dir, d.left/pageSize+1)
	clear(d.items)
	d.items = d.items[:0]
	return err
}

func (d *document) writePage(dir string, n int) error {
	doc, err := d.render(d.items, n, d.pages)
	if err != nil {
		return err
	}
	return d.write(filepath.Join(dir, pageName(d.name, n)), doc)
}

// finish writes the page of an empty document, and removes pages that are no longer
// needed.
func (d *document) finish(dir string) error {
	if !slices.Contains(d.holds, true) {
		if err := d.writePage(dir, 1); err != nil {
			return err
		}
	}
	return removePages(dir, d.name, d.pages)
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

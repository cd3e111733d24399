package main

import (
	"fmt"
	"strings"

	"commonseed/feed"
	"commonseed/license"
	"commonseed/publish"
	"commonseed/publish/torrentfile"
)

// What torrents, releases, channels and feeds say.

func (e *env) showTorrent(path string) error {
	data, err := publish.ReadBounded(path, torrentfile.MaxSize)
	if err != nil {
		return err
	}
	kind := "torrent"
	t, err := torrentfile.Parse(data)
	if err != nil { // clients save magnets as torrents without piece layers
		var bare error
		if t, bare = torrentfile.ParseMetadata(data); bare != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		kind = "metadata"
	}
	e.show(torrentFacts(kind, path, t))
	return nil
}

func torrentFacts(kind, path string, t *torrentfile.Torrent) facts {
	f := facts{Kind: kind, Path: path, Title: t.Name(), Agree: true}
	f.named(t.License(), "info.license")
	f.add("size", bytesText(t.Length()))
	f.add("files", fmt.Sprint(len(t.Files())))
	f.add("pieces of", bytesText(t.PieceLength()))
	f.add("infohash v1", t.InfohashV1())
	f.add("infohash v2", t.InfohashV2())
	f.add("magnet", t.Magnet())
	for _, tier := range t.Trackers() {
		f.add("tracker", strings.Join(tier, " "))
	}
	for _, w := range t.WebSeeds() {
		f.add("web seed", w)
	}
	for _, n := range t.Nodes() {
		f.add("DHT node", n)
	}
	for _, h := range t.Similar() {
		f.add("similar", h)
	}
	f.add("source", t.Source())
	return f
}

// named reads one licence statement given as text.
func (f *facts) named(text, place string) {
	if text == "" {
		return
	}
	s := statement{Place: place, Text: text}
	if l, err := license.Parse(text); err == nil {
		s.License = l.URL
		f.name([]license.License{l})
	}
	f.Statements = append(f.Statements, s)
}

func (f *facts) add(key, value string) {
	if value != "" {
		f.Facts = append(f.Facts, [2]string{key, value})
	}
}

func (e *env) showRelease(r *publish.Release) {
	f := facts{Kind: "release", Path: r.Dir, Title: r.Title, Agree: true}
	f.named(r.License, "release.json")
	f.add("creator", r.Creator)
	f.add("date", r.Date)
	if n, err := r.Notice(r.PageURL(r.BaseURL)); err == nil {
		f.add("credit as", n.Attribution())
	}
	f.add("page", r.PageURL(r.BaseURL))
	f.add("files", fmt.Sprintf("%d, %s", len(r.Files), bytesText(r.Torrent.Length)))
	f.add("magnet", r.Torrent.Magnet)
	e.show(f)
}

func (e *env) showChannel(ch *publish.Channel) error {
	rels, err := ch.Releases()
	broken, ok := err.(publish.Problems)
	if err != nil && !ok {
		return err
	}
	e.broken(broken)
	for i := range rels {
		e.showRelease(&rels[i])
	}
	if len(rels) == 0 {
		return &noReleaseError{ch.Dir}
	}
	return nil
}

func (e *env) showFeed(path string, doc *feed.Document) {
	f := facts{Kind: "feed", Path: path, Title: doc.Title, Agree: true}
	f.named(doc.License, "the feed")
	f.add("items", fmt.Sprint(len(doc.Items)))
	for _, item := range doc.Items {
		says := item.License
		if l, err := license.Parse(says); err == nil {
			says = l.Label
		} else if says == "" {
			says = "no licence"
		}
		f.add("item", fmt.Sprintf("%s  %s", says, item.Title))
	}
	e.show(f)
}

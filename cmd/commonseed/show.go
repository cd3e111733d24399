package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"commonseed/feed"
	"commonseed/license"
	"commonseed/publish"
	"commonseed/publish/torrentfile"
)

type showCmd struct {
	Things []string `arg:"" name:"thing" help:"Media files, folders, .torrents, release folders, feeds or channels."`
}

// statement is one rights statement, as shown.
type statement struct {
	Place    string `json:"place"`
	Text     string `json:"text"`
	License  string `json:"license,omitempty"`
	Reserved bool   `json:"all_rights_reserved,omitempty"`
}

// facts is what show tells of one thing.
type facts struct {
	MessageType string      `json:"message_type"`
	Kind        string      `json:"kind"` // file, torrent, release, feed
	Path        string      `json:"path"`
	Title       string      `json:"title,omitempty"`
	License     string      `json:"license,omitempty"` // canonical URL, "" if none or several are named
	May         []string    `json:"may,omitempty"`
	Must        []string    `json:"must,omitempty"`
	Statements  []statement `json:"statements,omitempty"`
	Agree       bool        `json:"agree"` // all statements name one licence
	Facts       [][2]string `json:"facts,omitempty"`
}

func (c *showCmd) Run(e *env) error {
	var problems publish.Problems
	for _, thing := range c.Things {
		if err := e.showThing(thing); err != nil {
			problems = append(problems, err)
		}
	}
	if len(problems) == 1 {
		return problems[0]
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// showThing looks at what a path is and shows it.
func (e *env) showThing(thing string) error {
	info, err := os.Stat(thing)
	if err != nil {
		return err
	}
	switch {
	case info.Mode().IsRegular():
		return e.showFile(thing, info.Size())
	case !info.IsDir():
		return &publish.FileError{Path: thing, Err: publish.ErrNotRegular}
	}
	r, err := publish.ReadRelease(thing)
	if err == nil {
		e.showRelease(r)
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if ch, err := publish.OpenChannel(thing, nil); err == nil && ch.Exists() {
		return e.showChannel(ch)
	}
	return filepath.WalkDir(thing, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, ".license") {
			return err
		}
		info, err := d.Info()
		if err == nil {
			err = e.showFile(path, info.Size())
		}
		if err != nil {
			e.warn("%v", err)
		}
		return nil
	})
}

func (e *env) showFile(path string, size int64) error {
	switch {
	case filepath.Base(path) == "release.json":
		r, err := publish.ReadRelease(filepath.Dir(path))
		if err != nil {
			return err
		}
		e.showRelease(r)
		return nil
	case strings.EqualFold(filepath.Ext(path), ".torrent"):
		return e.showTorrent(path)
	case size <= feed.MaxDocument && strings.EqualFold(filepath.Ext(path), ".xml"):
		if data, err := os.ReadFile(path); err == nil && bytes.Contains(data[:min(len(data), 4096)], []byte("<rss")) {
			return e.showFeed(path, data)
		}
	}
	return e.showMedia(path)
}

func (e *env) showMedia(path string) error {
	found, err := publish.ReadStatements(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f := facts{Kind: "file", Path: path, Agree: true}
	var licenses []license.License
	for _, s := range found {
		f.Statements = append(f.Statements, statement{s.Place, s.Text, s.License.URL, s.Reserves})
		if !s.License.IsZero() {
			licenses = append(licenses, s.License)
		}
		f.Agree = f.Agree && !(s.Reserves && len(licenses) > 0)
	}
	f.name(licenses)
	e.show(f)
	return nil
}

// name takes the licence that all statements name, if they agree.
func (f *facts) name(licenses []license.License) {
	for _, l := range licenses {
		f.Agree = f.Agree && l.ID == licenses[0].ID
	}
	if len(licenses) == 0 || !f.Agree {
		return
	}
	l := licenses[0]
	f.License = l.URL
	f.May, f.Must = l.Policy().May(), l.Policy().Must()
}

func (e *env) showTorrent(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	t, err := torrentfile.Parse(data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f := facts{Kind: "torrent", Path: path, Title: t.Name(), Agree: true}
	f.named(t.License(), "info.license")
	f.add("size", bytesText(t.Length()))
	f.add("files", fmt.Sprint(len(t.Files())))
	f.add("infohash v1", t.InfohashV1())
	f.add("infohash v2", t.InfohashV2())
	f.add("magnet", t.Magnet())
	for _, tier := range t.Trackers() {
		f.add("tracker", strings.Join(tier, " "))
	}
	for _, w := range t.WebSeeds() {
		f.add("web seed", w)
	}
	e.show(f)
	return nil
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

func (e *env) showFeed(path string, data []byte) error {
	doc, err := feed.Read(data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f := facts{Kind: "feed", Path: path, Title: doc.Title, Agree: true}
	f.named(doc.License, "creativeCommons:license")
	f.add("items", fmt.Sprint(len(doc.Items)))
	for _, item := range doc.Items {
		f.add("item", fmt.Sprintf("%s  %s", item.Title, item.License))
	}
	e.show(f)
	return nil
}

// show prints the facts for people or for scripts.
func (e *env) show(f facts) {
	f.MessageType = "facts"
	if e.json {
		if abs, err := filepath.Abs(f.Path); err == nil {
			f.Path = abs
		}
		e.object(f)
		return
	}
	e.result("%s", f.Path)
	if f.Title != "" {
		e.result("  title    %s", f.Title)
	}
	switch l, err := license.Parse(f.License); {
	case f.License != "" && err == nil:
		e.result("  licence  %s  %s", l.Label, l.URL)
	case !f.Agree:
		e.result("  licence  the places below disagree: ask the author before you use it")
	default:
		e.result("  licence  none is named: all rights may be reserved")
	}
	for _, s := range f.May {
		e.result("    may    %s", s)
	}
	for _, s := range f.Must {
		e.result("    must   %s", s)
	}
	for _, s := range f.Statements {
		e.result("  says     %s: %s", s.Place, s.Text)
	}
	for _, kv := range f.Facts {
		e.result("  %-8s %s", kv[0], kv[1])
	}
}

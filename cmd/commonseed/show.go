package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"commonseed/feed"
	"commonseed/license"
	"commonseed/license/stamp"
	"commonseed/publish"
	"commonseed/publish/torrentfile"
)

type showCmd struct {
	Things []string `arg:"" name:"thing" help:"Media files, folders, .torrents, magnet links, release folders, feeds, channels, or addresses of pages and feeds."`
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
	Kind        string      `json:"kind"` // file, torrent, metadata, magnet, release, feed, page
	Path        string      `json:"path"`
	Title       string      `json:"title,omitempty"`
	License     string      `json:"license,omitempty"` // canonical URL, "" if none or several are named
	LicenseID   string      `json:"license_id,omitempty"`
	Label       string      `json:"license_label,omitempty"`
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
	switch scheme, _, _ := strings.Cut(strings.ToLower(thing), ":"); scheme {
	case "magnet":
		return e.showMagnet(thing)
	case "http", "https":
		return e.showAddress(thing)
	}
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
	return e.showTree(thing)
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
	case size <= feed.MaxDocument && slices.Contains([]string{".xml", ".rss", ".atom", ".json"}, strings.ToLower(filepath.Ext(path))):
		if data, err := publish.ReadBounded(path, feed.MaxDocument); err == nil {
			if doc, err := feed.Read(data); err == nil {
				e.showFeed(path, doc)
				return nil
			}
		}
	case size <= torrentfile.MaxSize && filepath.Ext(path) == "": // as clients save what a magnet link led to
		if t, err := readMetadata(path); err == nil {
			e.show(torrentFacts("metadata", path, t))
			return nil
		}
	}
	f, err := mediaFacts(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	e.show(*f)
	return nil
}

// readMetadata reads an info dictionary that a client saved.
func readMetadata(path string) (*torrentfile.Torrent, error) {
	data, err := publish.ReadBounded(path, torrentfile.MaxSize)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(data, []byte("d")) {
		return nil, errors.New("is no metadata")
	}
	return torrentfile.ParseMetadata(data)
}

// mediaFacts are what a file, and the sidecar beside it, say.
func mediaFacts(path string) (*facts, error) {
	found, err := publish.ReadStatements(path)
	if err != nil {
		return nil, err
	}
	f := &facts{Kind: "file", Path: path, Agree: true}
	f.statements(found)
	return f, nil
}

// statements takes what was found, and the licence if all agree.
func (f *facts) statements(found []stamp.Statement) {
	var licenses []license.License
	reserved := false
	for _, s := range found {
		f.Statements = append(f.Statements, statement{s.Place, s.Text, s.License.URL, s.Reserves})
		if !s.License.IsZero() {
			licenses = append(licenses, s.License)
		}
		reserved = reserved || s.Reserves
	}
	f.Agree = !reserved || len(licenses) == 0
	f.name(licenses)
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
	f.License, f.LicenseID, f.Label = l.URL, l.ID, l.Label
	f.May, f.Must = l.Policy().May(), l.Policy().Must()
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
	e.result("%s", printable(f.Path))
	if f.Title != "" {
		e.result("  title    %s", printable(f.Title))
	}
	e.result("  licence  %s", f.verdict())
	for _, s := range f.May {
		e.result("    may    %s", s)
	}
	for _, s := range f.Must {
		e.result("    must   %s", s)
	}
	for _, s := range f.Statements {
		e.result("  says     %s: %s", printable(s.Place), printable(s.Text))
	}
	for _, kv := range f.Facts {
		e.result("  %-8s %s", kv[0], printable(kv[1]))
	}
}

// verdict is what a stranger should know first.
func (f *facts) verdict() string {
	switch {
	case f.License != "":
		return f.Label + "  " + f.License
	case !f.Agree:
		return "the places below disagree: ask the author before you use it"
	case f.Kind == "magnet":
		return "a magnet link does not say; the page it stood on may, and the metadata it leads to"
	}
	return "none is named: all rights may be reserved"
}

// printable is a text that does nothing to a terminal, on one line, cut where
// nobody would read on.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 500 {
		s = string(r[:500]) + "…"
	}
	return s
}

package main

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"commonseed/publish"
	"commonseed/publish/torrentfile"
)

// maxHashList bounds a list of infohashes, in bytes: half a million torrents.
const maxHashList = 64 << 20

// source is what torrents are read from: a channel, a folder of .torrents, a
// .torrent, or a list of infohashes.
type source struct {
	path  string
	names [][20]byte // infohashes, as peers announce them
	seen  mark       // of the last look
}

// noTorrentsError is a folder with nothing in it to track.
type noTorrentsError struct{ dir string }

func (e *noTorrentsError) Error() string { return e.dir + " is no channel and holds no .torrent" }

// lineError is a line of a list that is no torrent.
type lineError struct {
	path string
	line int // from 1
}

func (e *lineError) Error() string { return fmt.Sprintf("%s:%d: is no infohash", e.path, e.line) }

// readAll reads the sources for the first time. Broken torrents among others are
// warned of, unless nothing is left.
func (s *trackerServer) readAll() error {
	var all publish.Problems
	for _, src := range s.sources {
		problems, err := s.read(src)
		if err != nil {
			return err
		}
		all = append(all, problems...)
	}
	if len(all) > 0 && s.track.Stats().Torrents == 0 {
		return all
	}
	for _, p := range all {
		s.warn("%v", p)
	}
	return nil
}

// reread brings what is tracked in line with the sources that have changed, or
// with all of them.
func (s *trackerServer) reread(all bool) {
	torrents := s.track.Stats().Torrents
	var before [][20]byte
	for _, src := range s.sources {
		if !all && !src.changed(s.now()) {
			continue
		}
		before = append(before, src.names...)
		problems, err := s.read(src)
		if err != nil {
			problems = append(problems, err)
		}
		for _, p := range problems {
			s.warn("%v", p)
		}
	}
	if len(before) > 0 {
		s.track.Forget(s.gone(before)...)
	}
	if s.track.Stats().Torrents != torrents {
		s.tracking()
	}
}

// gone are those names that no source holds any more.
func (s *trackerServer) gone(before [][20]byte) [][20]byte {
	kept := map[[20]byte]bool{}
	for _, src := range s.sources {
		for _, name := range src.names {
			kept[name] = true
		}
	}
	return slices.DeleteFunc(before, func(name [20]byte) bool { return kept[name] })
}

// read allows what a source holds. Where not all of it can be read, nothing of it
// is taken back.
func (s *trackerServer) read(src *source) (publish.Problems, error) {
	m, _ := src.mark()
	var names [][20]byte
	problems, err := src.each(func(hashes ...[20]byte) {
		s.track.Allow(hashes...)
		names = append(names, hashes...)
	})
	if err != nil || len(problems) > 0 {
		names = append(names, src.names...)
		slices.SortFunc(names, func(a, b [20]byte) int { return bytes.Compare(a[:], b[:]) })
		names = slices.Compact(names)
	}
	src.names = names
	if !m.fresh(s.now()) { // a second change within one tick of the file system's clock leaves no trace
		src.seen = m
	}
	return problems, err
}

// changed says whether a source is to be read again. What is away withdraws
// nothing. A channel is complete at every moment; other things that were written
// just now may not be.
func (src *source) changed(now time.Time) bool {
	m, ok := src.mark()
	return ok && m != src.seen && (publish.IsChannel(src.path) || !m.fresh(now))
}

func (src *source) mark() (mark, bool) {
	if publish.IsChannel(src.path) {
		ch, err := publish.OpenChannel(src.path, nil)
		if err != nil {
			return mark{}, false
		}
		return (&served{Channel: ch}).mark()
	}
	info, err := os.Stat(src.path)
	if err != nil {
		return mark{}, false
	}
	return mark{public: info.ModTime()}, true
}

// fresh says that something was changed just now.
func (m mark) fresh(now time.Time) bool {
	age := min(now.Sub(m.public), now.Sub(m.feed))
	return age >= 0 && age <= rereading
}

// each calls allow with the infohashes of each torrent, and answers with the
// problems of single torrents.
func (src *source) each(allow func(...[20]byte)) (publish.Problems, error) {
	info, err := os.Stat(src.path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return eachInFolder(src.path, allow)
	case strings.EqualFold(filepath.Ext(src.path), ".torrent"):
		return nil, oneTorrent(src.path, allow)
	}
	return nil, eachLine(src.path, allow)
}

// eachInFolder reads the releases of a channel, or else the .torrents in a folder,
// one at a time: there may be very many.
func eachInFolder(dir string, allow func(...[20]byte)) (publish.Problems, error) {
	channel := publish.IsChannel(dir)
	if channel {
		ch, err := publish.OpenChannel(dir, nil)
		if err != nil {
			return nil, err
		}
		dir = ch.Public()
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !(channel && errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	var problems publish.Problems
	torrents := 0
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch {
		case channel:
			err = oneRelease(path, allow)
		case strings.EqualFold(filepath.Ext(path), ".torrent"):
			torrents, err = torrents+1, oneTorrent(path, allow)
		default:
			continue
		}
		if err != nil {
			problems = append(problems, err)
		}
	}
	if !channel && torrents == 0 {
		return nil, &noTorrentsError{dir}
	}
	return problems, nil
}

// oneRelease reads a release in a channel, where other things lie too.
func oneRelease(dir string, allow func(...[20]byte)) error {
	r, err := publish.ReadRelease(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil
	case err != nil:
		return &publish.BrokenError{Slug: filepath.Base(dir), Err: err}
	}
	allow(hashes(*r)...)
	return nil
}

func oneTorrent(path string, allow func(...[20]byte)) error {
	data, err := publish.ReadBounded(path, torrentfile.MaxSize)
	if err != nil {
		return err
	}
	t, err := torrentfile.Parse(data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	allow(swarmNames(t.InfohashV1(), t.InfohashV2())...)
	return nil
}

// eachLine reads a list: a torrent a line, by its v1 or v2 infohash or both.
func eachLine(path string, allow func(...[20]byte)) error {
	data, err := publish.ReadBounded(path, maxHashList)
	if err != nil {
		return err
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		text, _, _ := strings.Cut(line, "#")
		words := strings.Fields(text)
		names := swarmNames(words...)
		if len(names) < len(words) {
			return &lineError{path, n}
		}
		allow(names...)
	}
	return nil
}

// swarmNames are the names under which peers announce a torrent with these
// infohashes in hex: v1, and v2 cut to the same length. What is no infohash is
// left out. BEP 52
func swarmNames(infohashes ...string) (names [][20]byte) {
	for _, s := range infohashes {
		if b, err := hex.DecodeString(s); err == nil && (len(b) == sha1.Size || len(b) == sha256.Size) {
			names = append(names, [20]byte(b))
		}
	}
	return names
}

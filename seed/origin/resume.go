package origin

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"strconv"
	"sync"

	"commonseed/internal/atomicfile"
)

// maxResumeLine bounds a line of a resume file.
const maxResumeLine = 20 * maxFiles

// resume remembers over restarts which content of which file was found right. It
// is a journal: a line for each torrent, its infohash and the prints of its
// files in hexadecimal. A later line counts for more, so that nothing is lost
// when the process is killed. Without a path nothing is kept.
type resume struct {
	path string

	mu    sync.Mutex
	known map[string][]fingerprint // of torrents that were not added in this run
	gone  map[string][]fingerprint // of torrents that were removed in this run, and may come back
	room  int                      // for how many known is made
	lines int                      // in the file
	file  *os.File                 // open for appending, nil until something is written
}

// openResume reads the file at path. A file that is missing or damaged only
// costs a new check of payloads; the error then says why.
func openResume(path string) (*resume, error) {
	r := &resume{path: path, known: map[string][]fingerprint{}, gone: map[string][]fingerprint{}}
	if path == "" {
		return r, nil
	}
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	defer f.Close()
	r.known, r.lines, err = parseResume(f)
	if err != nil {
		err = fmt.Errorf("read %s: %w", path, err)
	}
	r.room = len(r.known)
	return r, err
}

// parseResume takes the last line about each torrent, and skips what it does
// not understand, such as a line that was cut short.
func parseResume(in io.Reader) (known map[string][]fingerprint, lines int, err error) {
	known = map[string][]fingerprint{}
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, 64<<10), maxResumeLine)
	for s.Scan() {
		lines++
		id, rest, _ := bytes.Cut(s.Bytes(), []byte(" "))
		words, whole := bytes.CutSuffix(rest, []byte("."))
		if !whole || !isID(id) {
			continue
		}
		prints, err := parsePrints(words)
		switch {
		case err != nil:
		case len(prints) == 0:
			delete(known, string(id))
		default:
			known[string(id)] = prints
		}
	}
	return known, lines, s.Err()
}

func isID(s []byte) bool {
	var raw [32]byte
	if len(s) != 40 && len(s) != 64 {
		return false
	}
	_, err := hex.Decode(raw[:], s)
	return err == nil
}

// parsePrints takes numbers, each with a space behind it.
func parsePrints(words []byte) ([]fingerprint, error) {
	prints := make([]fingerprint, bytes.Count(words, []byte(" ")))
	for i := range prints {
		w, rest, _ := bytes.Cut(words, []byte(" "))
		v, err := strconv.ParseUint(string(w), 16, 64)
		if err != nil {
			return nil, err
		}
		prints[i], words = fingerprint(v), rest
	}
	return prints, nil
}

// appendLine writes what is known of a torrent. The full stop tells a whole line
// from one that was cut short.
func appendLine(b []byte, id string, prints []fingerprint) []byte {
	b = append(b, id...)
	for _, p := range prints {
		b = append(b, ' ')
		b = strconv.AppendUint(b, uint64(p), 16)
	}
	return append(b, " .\n"...)
}

// recall answers with the prints that are remembered of a torrent with so many
// files, 0 where there is none.
func (r *resume) recall(id string, files int) []fingerprint {
	r.mu.Lock()
	defer r.mu.Unlock()
	prints, ok := r.known[id]
	if !ok {
		prints = r.gone[id]
	}
	delete(r.known, id)
	delete(r.gone, id)
	r.shrink()
	if len(prints) != files {
		return make([]fingerprint, files)
	}
	return prints
}

// shrink gives back the room of what was recalled: a map keeps it.
func (r *resume) shrink() {
	if len(r.known) < r.room/4 {
		left := make(map[string][]fingerprint, len(r.known))
		maps.Copy(left, r.known)
		r.known, r.room = left, len(left)
	}
}

// forget drops what is known of a torrent that is removed. In this run it is
// known again should it come back: it may only have other trackers.
func (r *resume) forget(id string, prints []fingerprint) error {
	r.mu.Lock()
	r.gone[id] = prints
	r.mu.Unlock()
	return r.remember(id, nil)
}

// remember notes the prints of a torrent. nil: nothing is known any more.
func (r *resume) remember(id string, prints []fingerprint) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.path == "" {
		return nil
	}
	if r.file == nil {
		f, err := os.OpenFile(r.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		r.file = f
		r.file.Write([]byte("\n")) // ends a line that was cut short
	}
	r.lines++
	_, err := r.file.Write(appendLine(nil, id, prints))
	return err
}

// close ends the journal. It is written anew when most of its lines are out of
// date; torrents are those of this run.
func (r *resume) close(torrents []*torrent) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.path == "" {
		return nil
	}
	if r.file != nil {
		defer r.file.Close()
	}
	if r.lines < 2*(len(r.known)+len(torrents))+100 {
		return nil
	}
	var b bytes.Buffer
	for id, prints := range r.known {
		b.Write(appendLine(nil, id, prints))
	}
	for _, t := range torrents {
		t.mu.Lock()
		good := t.good
		t.mu.Unlock()
		b.Write(appendLine(nil, t.id, good))
	}
	return atomicfile.WriteFile(r.path, b.Bytes(), 0o600)
}

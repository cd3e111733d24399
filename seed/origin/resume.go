package origin

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
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
		words := strings.Fields(s.Text())
		if len(words) < 2 || !isID(words[0]) || words[len(words)-1] != "." {
			continue
		}
		prints, err := parsePrints(words[1 : len(words)-1])
		switch {
		case err != nil:
		case len(prints) == 0:
			delete(known, words[0])
		default:
			known[strings.Clone(words[0])] = prints
		}
	}
	return known, lines, s.Err()
}

func isID(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && (len(b) == 20 || len(b) == 32)
}

func parsePrints(words []string) ([]fingerprint, error) {
	prints := make([]fingerprint, len(words))
	for i, w := range words {
		v, err := strconv.ParseUint(w, 16, 64)
		if err != nil {
			return nil, err
		}
		prints[i] = fingerprint(v)
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
	if len(prints) != files {
		return make([]fingerprint, files)
	}
	return prints
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

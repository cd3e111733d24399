package origin

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"

	"commonseed/internal/atomicfile"
)

const (
	resumeVersion = 1
	maxResume     = 256 << 20 // bytes of a resume file that are looked at
)

// resumeState is what the resume file holds: which content of which file was
// found right, so that a restart reads nothing again.
type resumeState struct {
	Version  int                         `json:"version"`
	Torrents map[string]map[string]stamp `json:"torrents"` // infohash, path below Root
}

// resume keeps a resume file. An empty path keeps nothing.
type resume struct {
	path string

	mu    sync.Mutex
	dirty bool
	state resumeState
}

// openResume reads the file at path. A file that is missing, damaged or of
// another version only costs a new check of the payload; the error then says why.
func openResume(path string) (*resume, error) {
	r := &resume{path: path, state: resumeState{Version: resumeVersion, Torrents: map[string]map[string]stamp{}}}
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
	data, err := io.ReadAll(io.LimitReader(f, maxResume))
	if err != nil {
		return r, fmt.Errorf("read %s: %w", path, err)
	}
	torrents, err := parseResume(data)
	if err != nil {
		return r, fmt.Errorf("read %s: %w", path, err)
	}
	r.state.Torrents = torrents
	return r, nil
}

// parseResume drops what is not keyed by an infohash.
func parseResume(data []byte) (map[string]map[string]stamp, error) {
	var s resumeState
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, err
	}
	if s.Version != resumeVersion {
		return nil, fmt.Errorf("resume file has version %d, not %d", s.Version, resumeVersion)
	}
	torrents := make(map[string]map[string]stamp, len(s.Torrents))
	for id, files := range s.Torrents {
		if raw, err := hex.DecodeString(id); err == nil && (len(raw) == 20 || len(raw) == 32) {
			torrents[id] = files
		}
	}
	return torrents, nil
}

// recall answers with the stamps remembered for t, zero where there is none.
func (r *resume) recall(t *torrent) []stamp {
	r.mu.Lock()
	defer r.mu.Unlock()
	stamps := make([]stamp, len(t.files))
	files := r.state.Torrents[t.id]
	for i := range t.files {
		if !t.files[i].pad {
			stamps[i] = files[t.files[i].path]
		}
	}
	return stamps
}

// remember notes the stamps of t; zero ones are left out.
func (r *resume) remember(t *torrent, stamps []stamp) {
	files := map[string]stamp{}
	for i, s := range stamps {
		if s != (stamp{}) {
			files[t.files[i].path] = s
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Torrents[t.id] = files
	r.dirty = true
}

func (r *resume) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.state.Torrents[id]; ok {
		delete(r.state.Torrents, id)
		r.dirty = true
	}
}

// save writes the file if anything is new.
func (r *resume) save() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.path == "" || !r.dirty {
		return nil
	}
	data, err := json.Marshal(r.state)
	if err != nil {
		return err
	}
	if err := atomicfile.WriteFile(r.path, append(data, '\n'), 0o600); err != nil {
		return err
	}
	r.dirty = false
	return nil
}

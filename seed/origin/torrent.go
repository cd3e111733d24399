package origin

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"commonseed/seed"
)

// torrent is one added torrent: what it is called, and how its files stand. That
// is all of it while it sleeps, some hundred bytes; what peers need is read from
// its .torrent file when the first one comes.
type torrent struct {
	id      string     // seed.Status.Infohash
	swarms  [][20]byte // the infohashes that peers and trackers use
	size    int64      // bytes of payload
	private bool       // BEP 27

	checked  atomic.Int64
	uploaded atomic.Int64

	waking sync.Mutex // held while the .torrent file is read for peers

	mu sync.Mutex

	slug, title string
	path, root  sharedPath  // of the .torrent file and the payload
	tiers       fingerprint // of its announce list, as read last

	state  seed.State
	reason string
	good   []fingerprint // per file: the content that matches the torrent; 0: none known
	seen   fingerprint   // the payload as the last check found it, right or not
	retry  time.Time     // no new check before, after a file could not be read
	seeds  int64         // when another complete copy was last heard of, in seconds since 1970
	awake  *awake        // nil while asleep

	renewed bool // the announce list has changed since the check that goes on began
	queued  bool // waits for the checker
	gone    bool // removed: nothing is served and nobody joins any more
}

// sharedPath is a path where thousands are kept: all above a release's own folder is
// the same for many.
type sharedPath struct {
	above unique.Handle[string]
	below string
}

func sharePath(path string) sharedPath {
	i := strings.LastIndexByte(path, filepath.Separator)
	i = 1 + strings.LastIndexByte(path[:max(i, 0)], filepath.Separator)
	return sharedPath{unique.Make(path[:i]), strings.Clone(path[i:])}
}

func (p sharedPath) String() string { return p.above.Value() + p.below }

// fingerprint stands for a stamp where thousands are kept: 8 bytes of its hash.
// 0 is no file.
type fingerprint uint64

func printOf(s stamp) fingerprint {
	if s == (stamp{}) {
		return 0
	}
	var b [32]byte
	for i, v := range []uint64{uint64(s.Size), uint64(s.Mtime), uint64(s.Ctime), s.Inode} {
		binary.BigEndian.PutUint64(b[8*i:], v)
	}
	h := sha256.Sum256(b[:])
	return fingerprint(binary.BigEndian.Uint64(h[:])) | 1
}

func printsOf(stamps []stamp) []fingerprint {
	prints := make([]fingerprint, len(stamps))
	for i, s := range stamps {
		prints[i] = printOf(s)
	}
	return prints
}

// overall is one fingerprint for all files of a payload.
func overall(prints []fingerprint) fingerprint {
	h := sha256.New()
	for _, p := range prints {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(p))
		h.Write(b[:])
	}
	return fingerprint(binary.BigEndian.Uint64(h.Sum(nil))) | 1
}

// newTorrent reads a .torrent file for the first time.
func newTorrent(s seed.Torrent) (*torrent, *layout, error) {
	data, err := readTorrentFile(s.Path)
	if err != nil {
		return nil, nil, err
	}
	l, err := readMetainfo(data)
	if err != nil {
		return nil, nil, &seed.MetainfoError{Slug: s.Slug, Why: err.Error()}
	}
	return &torrent{
		id: l.infohash(), slug: s.Slug, title: s.Title, path: sharePath(s.Path), root: sharePath(s.Root),
		swarms: l.swarms(), size: l.payload, private: l.private, tiers: printOfTiers(l.trackers),
		state: seed.Checking,
	}, l, nil
}

// load reads the .torrent file again. It has to be the one that was added.
func (t *torrent) load() (*layout, error) {
	path, _ := t.place()
	data, err := readTorrentFile(path)
	if err != nil {
		return nil, err
	}
	l, err := readMetainfo(data)
	if err == nil && l.infohash() != t.id {
		err = errors.New("it is another one now")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

// place is where the .torrent file and the payload lie now.
func (t *torrent) place() (path, root string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.path.String(), t.root.String()
}

// name says in the log which release it is.
func (t *torrent) name() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.slug
}

func readTorrentFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("%s %w", path, errNotRegular)
	}
	if fi.Size() > maxMetainfo {
		return nil, fmt.Errorf("%s is larger than %d MiB", path, maxMetainfo>>20)
	}
	data := make([]byte, fi.Size())
	_, err = io.ReadFull(f, data)
	return data, err
}

// halt takes the torrent out of service: every peer is disconnected, since each
// was told of pieces that are not served any more.
func (t *torrent) halt(state seed.State, reason string) (was seed.State) {
	t.mu.Lock()
	was = t.state
	t.state, t.reason = state, reason
	a := t.awake
	t.awake = nil
	t.mu.Unlock()
	if a != nil {
		a.dismiss()
	}
	return was
}

// heardOfSeed notes that another complete copy exists.
func (t *torrent) heardOfSeed(now time.Time) {
	t.mu.Lock()
	t.seeds = now.Unix()
	a := t.awake
	t.mu.Unlock()
	if a != nil && !a.superSeeded(now) {
		a.endSuperSeeding()
	}
}

// seedMemory is how long a complete copy that was heard of counts as being there.
const seedMemory = 30 * time.Minute

// alone says whether no other complete copy is known.
func (t *torrent) alone(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now.Sub(time.Unix(t.seeds, 0)) > seedMemory
}

func (t *torrent) status(now time.Time) seed.Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := seed.Status{
		Infohash: t.id, Slug: t.slug, Title: t.title,
		State: t.state, Reason: t.reason,
		Uploaded: t.uploaded.Load(),
		Size:     t.size, Checked: t.checked.Load(),
	}
	if t.awake != nil {
		t.awake.status(&s, now)
	}
	return s
}

// idOf is the name of an infohash in the Seeder interface.
func idOf(infohash []byte) string { return hex.EncodeToString(infohash) }

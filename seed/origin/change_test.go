package origin

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"commonseed/seed"
	"commonseed/seed/seedtest"
)

// Peers read the whole torrent again and again while a file is damaged in every
// way a file can be. Whatever they get has to be the published bytes.
func TestNoWrongByteIsServed(t *testing.T) {
	damages := map[string]func(t *testing.T, path string){
		"corrupted in place": func(t *testing.T, path string) { seedtest.Corrupt(t, path, 100_000) },
		"corrupted, time set back": func(t *testing.T, path string) {
			fi, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			seedtest.Corrupt(t, path, 100_000)
			if err := os.Chtimes(path, fi.ModTime(), fi.ModTime()); err != nil {
				t.Fatal(err)
			}
		},
		"truncated":          func(t *testing.T, path string) { check(t, os.Truncate(path, 40_000)) },
		"truncated to blank": func(t *testing.T, path string) { check(t, os.Truncate(path, 0)) },
		"removed":            func(t *testing.T, path string) { check(t, os.Remove(path)) },
		"replaced": func(t *testing.T, path string) {
			other := path + ".new"
			check(t, os.WriteFile(other, make([]byte, 300_001), 0o644))
			check(t, os.Rename(other, path))
		},
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := seedtest.NewPayload(t, seedtest.Hybrid)
			e := open(t, Options{Recheck: 50 * time.Millisecond})
			id, err := e.Add(context.Background(), p.Torrent())
			check(t, err)
			seedtest.Await(t, e, id, seed.Seeding)
			e.list()[0].heardOfSeed(time.Now())
			readers := startReaders(t, e, p)
			awaitTrue(t, "readers to get blocks", func() bool { return readers.blocks.Load() > 50 })

			song := filepath.Join(p.Root, p.Name, "song.bin")
			original, err := os.ReadFile(song)
			check(t, err)
			damage(t, song)
			st := seedtest.Await(t, e, id, seed.Failed)
			if !strings.Contains(st.Reason, "song.bin") {
				t.Errorf("reason %q", st.Reason)
			}
			if st.Peers != 0 {
				t.Errorf("%d peers are still connected", st.Peers)
			}
			time.Sleep(100 * time.Millisecond) // what was on its way arrives
			served := readers.blocks.Load()
			time.Sleep(100 * time.Millisecond)
			if now := readers.blocks.Load(); now != served {
				t.Errorf("%d blocks were served after the damage was noticed", now-served)
			}

			check(t, os.WriteFile(song, original, 0o644))
			seedtest.Await(t, e, id, seed.Seeding)
			if err := seedtest.Leech(p.Metainfo, peerAddr(e), t.TempDir(), 10*time.Second); err != nil {
				t.Errorf("after the repair: %v", err)
			}
		})
	}
}

type readers struct{ blocks atomic.Int64 }

// startReaders has three peers read random blocks until the test ends. They
// connect again when they are disconnected. A wrong byte fails the test.
func startReaders(t *testing.T, e *Engine, p seedtest.Payload) *readers {
	t.Helper()
	want := content(t, p)
	swarm := swarmsOf(t, p)[0]
	r := &readers{}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	t.Cleanup(func() { close(stop); wg.Wait() })
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
				if pr, err := dialProbe(t, peerAddr(e), swarm, true); err == nil {
					r.read(pr, want, stop)
					pr.nc.Close()
				}
			}
		})
	}
	return r
}

func (r *readers) read(p *probe, want []byte, stop chan struct{}) {
	const pieceLength = 32 << 10
	for {
		select {
		case <-stop:
			return
		default:
		}
		index := rand.IntN(len(want) / pieceLength)
		got, err := p.block(block{uint32(index), 16 << 10, 16 << 10})
		if err != nil {
			return
		}
		at := index*pieceLength + 16<<10
		if !bytes.Equal(got, want[at:at+16<<10]) {
			p.t.Errorf("wrong bytes at %d", at)
		}
		r.blocks.Add(1)
	}
}

// What a disk loses without anybody writing shows in no time stamp: the scrub
// finds it.
func TestTheScrubFindsWhatADiskLost(t *testing.T) {
	for _, v := range []seedtest.Version{seedtest.V1, seedtest.Hybrid, seedtest.V2} {
		p := seedtest.NewPayload(t, v)
		e := open(t, Options{Recheck: time.Hour})
		id, err := e.Add(context.Background(), p.Torrent())
		check(t, err)
		seedtest.Await(t, e, id, seed.Seeding)
		tor := e.list()[0]
		quick := func(int64) bool { return true }
		if err := e.scrub(context.Background(), tor, quick); err != nil {
			t.Fatalf("%v: a whole payload: %v", v, err)
		}
		seedtest.Corrupt(t, filepath.Join(p.Root, p.Name, "song.bin"), 200_000)
		stamps, err := tor.survey(layoutOf(t, p)) // as if the stamps were still those
		check(t, err)
		tor.mu.Lock()
		tor.good = printsOf(stamps)
		tor.mu.Unlock()
		err = e.scrub(context.Background(), tor, quick)
		if err == nil || !strings.Contains(err.Error(), "song.bin") {
			t.Fatalf("%v: a damaged payload: %v", v, err)
		}
		e.unreadable(tor, err)
		if st := seedtest.Await(t, e, id, seed.Failed); !strings.Contains(st.Reason, "song.bin") {
			t.Errorf("%v: reason %q", v, st.Reason)
		}
	}
}

func TestLinksAreNotFollowedOut(t *testing.T) {
	for name, do := range map[string]func(t *testing.T, path string){
		"link out of the payload folder": func(t *testing.T, path string) {
			outside := filepath.Join(t.TempDir(), "song.bin")
			check(t, os.Rename(path, outside))
			check(t, os.Symlink(outside, path))
		},
		"link to itself": func(t *testing.T, path string) {
			check(t, os.Remove(path))
			check(t, os.Symlink(path, path))
		},
	} {
		t.Run(name, func(t *testing.T) { refuses(t, do) })
	}
}

// refuses does something to a payload file and wants the torrent not served.
func refuses(t *testing.T, do func(t *testing.T, path string)) {
	t.Helper()
	p := seedtest.NewPayload(t, seedtest.Hybrid)
	do(t, filepath.Join(p.Root, p.Name, "song.bin"))
	e := open(t, Options{})
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	if st := seedtest.Await(t, e, id, seed.Failed); !strings.Contains(st.Reason, "song.bin") {
		t.Errorf("reason %q", st.Reason)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func awaitTrue(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

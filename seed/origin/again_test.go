package origin

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"

	"commonseed/seed"
	"commonseed/seed/seedtest"
)

// silentTracker takes every announce and knows nobody.
func silentTracker(t *testing.T) (announce string) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("d8:intervali1800e5:peers0:e"))
	}))
	t.Cleanup(s.Close)
	return s.URL + "/announce"
}

// withTracker is the same payload, announced elsewhere.
func withTracker(t *testing.T, p seedtest.Payload, tracker string) seedtest.Payload {
	t.Helper()
	var outer map[string]bencode.Bytes
	check(t, bencode.Unmarshal(p.Metainfo, &outer))
	outer["announce"] = bencode.MustMarshal(tracker)
	delete(outer, "announce-list")
	p.Metainfo = bencode.MustMarshal(outer)
	return p
}

// add adds what is there already.
func add(t *testing.T, e *Engine, p seedtest.Payload) {
	t.Helper()
	if id, err := e.Add(context.Background(), p.Torrent()); err != nil || id != p.Infohash {
		t.Errorf("Add answered %s, %v; want %s", id, err, p.Infohash)
	}
}

// announces waits until a torrent is announced to one tracker alone.
func announces(t *testing.T, e *Engine, id, tracker string) {
	t.Helper()
	awaitTrue(t, "announcing to "+tracker, func() bool {
		all := e.Trackers(id)
		return len(all) == 1 && all[0].URL == tracker && !all[0].LastSuccess.IsZero()
	})
}

func TestOtherTrackersDisturbNobody(t *testing.T) {
	one, two := silentTracker(t), silentTracker(t)
	p := withTracker(t, seedtest.NewPayload(t, seedtest.Hybrid), one)
	e := open(t, Options{})
	add(t, e, p)
	seedtest.Await(t, e, p.Infohash, seed.Seeding)
	announces(t, e, p.Infohash, one)
	e.list()[0].heardOfSeed(time.Now()) // no super-seeding
	pr := mustProbe(t, e, p, true)
	_, err := pr.block(block{0, 0, 16384})
	check(t, err)

	add(t, e, withTracker(t, p, two))
	announces(t, e, p.Infohash, two)
	add(t, e, withTracker(t, p, two))
	if st, ok := e.Find(p.Infohash); !ok || st.State != seed.Seeding || st.Peers != 1 || st.Uploaded != 16384 {
		t.Errorf("%+v, %v", st, ok)
	}
	_, err = pr.block(block{1, 0, 16384})
	check(t, err)
}

// A check that began before has read the old trackers.
func TestTrackersThatChangeDuringACheckCount(t *testing.T) {
	one, two := silentTracker(t), silentTracker(t)
	p := withTracker(t, seedtest.PayloadOf(t, seedtest.V1, map[string]int64{"big.bin": 32 << 20, "b": 1}), one)
	e := open(t, Options{})
	add(t, e, p)
	awaitTrue(t, "progress of the check", func() bool { st, _ := e.Find(p.Infohash); return st.Checked > 0 })
	add(t, e, withTracker(t, p, two))
	seedtest.Await(t, e, p.Infohash, seed.Seeding)
	announces(t, e, p.Infohash, two)
}

func TestAPayloadThatMovesIsLookedAtAtOnce(t *testing.T) {
	p := seedtest.NewPayload(t, seedtest.V2)
	e := open(t, Options{Recheck: time.Hour})
	add(t, e, p)
	seedtest.Await(t, e, p.Infohash, seed.Seeding)
	away := p
	away.Root = t.TempDir()
	add(t, e, away)
	seedtest.Await(t, e, p.Infohash, seed.Failed)
	add(t, e, p)
	seedtest.Await(t, e, p.Infohash, seed.Seeding)
	other := seedtest.NewPayload(t, seedtest.V2) // the same, in other files
	other.Path = p.Path
	seedtest.Corrupt(t, filepath.Join(other.Root, other.Name, "song.bin"), 1000)
	add(t, e, other)
	seedtest.Await(t, e, p.Infohash, seed.Failed)
}

func TestAddingAgainFromManySides(t *testing.T) {
	p := seedtest.NewPayload(t, seedtest.Hybrid)
	trackers := []string{silentTracker(t), silentTracker(t), silentTracker(t)}
	var sides []seedtest.Payload
	for _, tracker := range trackers {
		side := withTracker(t, p, tracker)
		side.Path = filepath.Join(t.TempDir(), "x.torrent")
		sides = append(sides, side)
	}
	e := open(t, Options{})
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() { add(t, e, sides[i%len(sides)]) })
		wg.Go(func() { e.Find(p.Infohash) })
	}
	wg.Wait()
	seedtest.Await(t, e, p.Infohash, seed.Seeding)
	awaitTrue(t, "one of the trackers", func() bool {
		all := e.Trackers(p.Infohash)
		return len(all) == 1 && slices.Contains(trackers, all[0].URL)
	})
	add(t, e, sides[1])
	announces(t, e, p.Infohash, trackers[1])
}

func TestFindKnowsWhatWasAdded(t *testing.T) {
	for _, v := range []seedtest.Version{seedtest.V1, seedtest.V2, seedtest.Hybrid} {
		e, p := seeding(t, v, Options{})
		if st, ok := e.Find(p.Infohash); !ok || st != e.Status()[0] {
			t.Errorf("%v: %+v, %v", v, st, ok)
		}
		for _, unknown := range []string{"", "x", p.Infohash[:38], p.Infohash + "00", "0000000000000000000000000000000000000000"} {
			if _, ok := e.Find(unknown); ok {
				t.Errorf("%v: knows %q", v, unknown)
			}
		}
		check(t, e.Remove(context.Background(), p.Infohash))
		if _, ok := e.Find(p.Infohash); ok {
			t.Errorf("%v: knows what was removed", v)
		}
	}
}

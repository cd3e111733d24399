package announce

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hashOf is the infohash of the i-th torrent of a test, and numberOf its way back.
func hashOf(i int) (h [20]byte) {
	binary.BigEndian.PutUint32(h[:], uint32(i))
	return h
}

func numberOf(h [20]byte) int { return int(binary.BigEndian.Uint32(h[:])) }

// some is the i-th torrent of a test.
func some(i int, tiers ...[]string) Torrent {
	return Torrent{ID: fmt.Sprint(i), Hashes: [][20]byte{hashOf(i)}, Tiers: tiers}
}

// told records announcements, with the virtual time since the start.
type told struct {
	mu    sync.Mutex
	begin time.Time
	lines []string
}

func (l *told) add(r request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := fmt.Sprintf("%v %s %d %s", time.Since(l.begin).Round(time.Second), r.tracker.url, numberOf(r.hash), r.event)
	l.lines = append(l.lines, strings.TrimSpace(line))
}

func (l *told) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := strings.Join(l.lines, "\n")
	l.lines = nil
	return s
}

func (l *told) want(t *testing.T, want ...string) {
	t.Helper()
	if got := l.take(); got != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

// virtual starts an Announcer in the bubble of a synctest, whose announcements
// are recorded and go to ask instead of the network.
func virtual(t *testing.T, ask func(context.Context, request) (answer, error)) (*Announcer, *told) {
	t.Helper()
	w, err := newWire(Options{Port: 1})
	check(t, err)
	l := &told{begin: time.Now()}
	return start(Options{}, w, func(ctx context.Context, r request) (answer, error) {
		l.add(r)
		return ask(ctx, r)
	}, newClockAlarm), l
}

// pass lets virtual time pass, and all that happens in it be over.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func every(d time.Duration) func(context.Context, request) (answer, error) {
	return func(context.Context, request) (answer, error) {
		return answer{interval: d, seeds: -1, leechers: -1}, nil
	}
}

var errDown = errors.New("down")

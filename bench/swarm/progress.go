package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// watch follows one swarm.
type watch struct {
	b       *bench
	seeder  string
	changed chan struct{}
	once    chan struct{} // closed when every piece is out once

	mu       sync.Mutex
	ready    int
	finished []time.Duration
	done     []bool                // by leecher
	slots    []slots               // by leecher, as last heard
	firsts   map[int]time.Duration // by piece, when the first leecher had it
	pieces   int
	killed   time.Duration
	uploaded int64
	wasted   int64
	samples  []sample
	err      error
}

func newWatch(b *bench, s seeder) *watch {
	return &watch{b: b, seeder: s.name, changed: make(chan struct{}, 1), once: make(chan struct{}), done: make([]bool, b.leechers),
		slots: make([]slots, b.leechers), firsts: map[int]time.Duration{}, pieces: s.torrent(b).pieces, uploaded: -1}
}

func (w *watch) heardSeeder(line []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record("seeder", 0, line)
	if m, err := parse(line); err == nil && m.Uploaded != nil {
		w.uploaded = *m.Uploaded
	}
}

func (w *watch) heardLeecher(i int, line []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, err := parse(line)
	if err != nil {
		w.err = errors.Join(w.err, fmt.Errorf("leecher %d said %q: %w", i, line, err))
		return
	}
	w.record("leecher", i, line)
	if m.Ready {
		w.ready++
	}
	if m.Peers > 0 {
		w.slots[i] = m.slots
	}
	for _, got := range m.Got {
		w.has(seconds(got[0]), int(got[1]))
	}
	if m.Finished != nil && !w.done[i] {
		w.done[i] = true
		w.finished = append(w.finished, seconds(*m.Finished))
	}
	w.wasted += m.Redundant + m.Failed
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// has notes that a leecher has a piece.
func (w *watch) has(at time.Duration, piece int) {
	first, out := w.firsts[piece]
	if !out || at < first {
		w.firsts[piece] = at
	}
	if !out && len(w.firsts) == w.pieces {
		close(w.once)
	}
}

// record writes a line into the trace.
func (w *watch) record(who string, i int, line []byte) {
	if w.b.trace != nil {
		w.write(map[string]any{"seeder": w.seeder, "who": who, "node": i, "says": json.RawMessage(slices.Clone(line))})
	}
}

func (w *watch) write(what any) {
	if w.b.trace != nil {
		if err := json.NewEncoder(w.b.trace).Encode(what); err != nil {
			w.err = errors.Join(w.err, err)
		}
	}
}

func (w *watch) seederKilled(at time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.killed, w.uploaded = at, -1 // what it said last is of some time before
}

var errLate = errors.New("took too long")

// await waits until something holds of the swarm. No leecher may end before.
func (w *watch) await(ctx context.Context, leechers []*process, late <-chan time.Time, holds func() bool) error {
	ended := make(chan *process, len(leechers))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, p := range leechers {
		go func() {
			select {
			case <-p.done:
				ended <- p
			case <-ctx.Done():
			}
		}()
	}
	for {
		w.mu.Lock()
		ok, err := holds(), w.err
		w.mu.Unlock()
		if ok || err != nil {
			return err
		}
		select {
		case <-w.changed:
		case p := <-ended:
			return p.failure()
		case <-late:
			return errLate
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *watch) allReady() bool    { return w.ready == w.b.leechers }
func (w *watch) allFinished() bool { return len(w.finished) == w.b.leechers }

func mean(all []slots) (m slots) {
	for _, s := range all {
		m.Peers, m.Serves, m.ServedBy = m.Peers+s.Peers, m.Serves+s.Serves, m.ServedBy+s.ServedBy
	}
	n := float64(len(all))
	return slots{m.Peers / n, m.Serves / n, m.ServedBy / n}
}

func (w *watch) result() *result {
	w.mu.Lock()
	defer w.mu.Unlock()
	first, last := w.samples[0], w.samples[len(w.samples)-1]
	return &result{peers: w.b.leechers, pieces: w.pieces, killed: w.killed,
		finished: slices.Sorted(slices.Values(w.finished)), firsts: slices.Sorted(maps.Values(w.firsts)),
		wire: last.sent[0] - first.sent[0], uploaded: w.uploaded, wasted: w.wasted, idle: last.idleSince(first.ticks), others: last.othersSince(first.ticks), samples: w.samples}
}

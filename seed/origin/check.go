package origin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"commonseed/seed"
)

// A file system's clock ticks slowly: two writes within a tick leave the same
// times. A file is read for a check only when it is older than this.
const tick = 50 * time.Millisecond

// retryUnreadable is the wait after a file could not be read: a disk that went
// away may be back.
const retryUnreadable = time.Minute

// checkLoop checks the queued torrents, one after the other.
func (e *Engine) checkLoop(ctx context.Context) {
	for {
		t := e.nextCheck()
		if t == nil {
			select {
			case <-ctx.Done():
				return
			case <-e.checkWake:
			}
			continue
		}
		e.check(ctx, t)
		if ctx.Err() != nil {
			return
		}
	}
}

func (e *Engine) queueCheck(t *torrent) {
	t.mu.Lock()
	queued := t.queued
	t.queued = true
	t.mu.Unlock()
	if queued {
		return
	}
	e.mu.Lock()
	e.checks = append(e.checks, t)
	e.mu.Unlock()
	select {
	case e.checkWake <- struct{}{}:
	default:
	}
}

func (e *Engine) nextCheck() *torrent {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.checks) == 0 {
		return nil
	}
	t := e.checks[0]
	e.checks = e.checks[1:]
	t.mu.Lock()
	t.queued = false
	t.mu.Unlock()
	return t
}

// checkFirst moves a torrent that waits to the front: peers ask for it.
func (e *Engine) checkFirst(t *torrent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := slices.Index(e.checks, t); i > 0 {
		e.checks = slices.Insert(slices.Delete(e.checks, i, i+1), 0, t)
	}
}

// suspend takes a torrent out of service because of a change, and has it checked.
func (e *Engine) suspend(t *torrent, reason string) {
	if t.halt(seed.Checking, reason) == seed.Seeding {
		e.log.Warn("payload changed, checking it again", "slug", t.name(), "infohash", t.id, "why", reason)
		e.retire(t)
	}
	e.queueCheck(t)
}

// unreadable takes a torrent out of service because peers could not be given
// what they asked for. A file that cannot be read, though it did not change, is
// read whole before it is believed again.
func (e *Engine) unreadable(t *torrent, err error) {
	if exhausted(err) {
		return
	}
	var p *payloadError
	if errors.As(err, &p) && !errors.Is(err, errChanged) {
		t.mu.Lock()
		if p.file < len(t.good) {
			t.good = slices.Clone(t.good)
			t.good[p.file] = 0
		}
		t.mu.Unlock()
	}
	e.suspend(t, err.Error())
}

// check brings a torrent into service, or says why it cannot be. Only files
// that are not known to be right are read.
func (e *Engine) check(ctx context.Context, t *torrent) {
	t.mu.Lock()
	skip := t.gone || t.state == seed.Seeding
	known := t.good
	if !skip {
		t.state, t.renewed = seed.Checking, false
	}
	t.mu.Unlock()
	if skip {
		return
	}
	l, err := t.load()
	if err != nil {
		e.fail(t, nil, err.Error())
		return
	}
	stamps, err := t.survey(l)
	if err != nil {
		e.fail(t, stamps, err.Error())
		return
	}
	doubtful := l.doubtful(known, printsOf(stamps))
	if !settle(ctx, stamps, doubtful) {
		return
	}
	bad, err := t.hash(ctx, l, stamps, doubtful)
	if ctx.Err() != nil {
		return
	}
	again, surveyErr := t.survey(l)
	switch {
	case errors.Is(err, errChanged) || surveyErr != nil || !slices.Equal(stamps, again):
		// The patrol has it checked again.
		t.halt(seed.Checking, "the payload changed while it was being checked")
	case err != nil:
		t.mu.Lock()
		t.retry = time.Now().Add(retryUnreadable)
		t.mu.Unlock()
		e.fail(t, nil, err.Error())
	default:
		e.judge(t, l, stamps, bad)
	}
}

// judge ends a check that read everything.
func (e *Engine) judge(t *torrent, l *layout, stamps []stamp, bad []int) {
	good := printsOf(stamps)
	for _, i := range bad {
		good[i] = 0
	}
	t.mu.Lock()
	t.good = good
	gone := t.gone
	t.mu.Unlock()
	if gone {
		return
	}
	if err := e.resume.remember(t.id, good); err != nil {
		e.log.Warn("resume file not written", "err", err)
	}
	if len(bad) > 0 {
		e.fail(t, stamps, badFiles(l, bad))
		return
	}
	e.commission(t, l.trackers)
}

// commission brings a torrent into service, announced to the trackers that its
// .torrent file had when it was read.
func (e *Engine) commission(t *torrent, trackers [][]string) {
	t.checked.Store(t.size)
	t.mu.Lock()
	gone, renewed := t.gone, t.renewed
	if !gone && !renewed {
		t.state, t.reason, t.tiers = seed.Seeding, "", printOfTiers(trackers)
		e.announcer.Add(t.announced(trackers))
	}
	t.mu.Unlock()
	switch {
	case gone:
	case renewed:
		e.queueCheck(t) // which reads it again, and no payload
	default:
		e.log.Info("seeding", "slug", t.name(), "infohash", t.id)
	}
}

// retire undoes commission.
func (e *Engine) retire(t *torrent) {
	e.announcer.Remove(t.id)
	e.dialer.forget(t)
}

func badFiles(l *layout, bad []int) string {
	msg := fmt.Sprintf("%q does not match the torrent", l.files[bad[0]].path)
	if n := len(bad) - 1; n > 0 {
		msg += fmt.Sprintf(", nor do %d more", n)
	}
	return msg
}

// fail takes a torrent out of service until its files differ from what was seen.
func (e *Engine) fail(t *torrent, seen []stamp, reason string) {
	t.mu.Lock()
	t.seen = overall(printsOf(seen))
	t.mu.Unlock()
	if t.halt(seed.Failed, reason) == seed.Seeding {
		e.retire(t)
	}
	e.log.Error("not seeding", "slug", t.name(), "infohash", t.id, "why", reason)
}

// survey takes the stamp of each file. All are taken even when one is missing or
// has the wrong size, which is the error.
func (t *torrent) survey(l *layout) (stamps []stamp, err error) {
	stamps = make([]stamp, len(l.files))
	_, dir := t.place()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return stamps, fmt.Errorf("payload folder: %w", err)
	}
	defer root.Close()
	for i := range l.files {
		f := &l.files[i]
		if f.pad {
			continue
		}
		s, statErr := statPayload(root, f.path)
		stamps[i] = s
		if err != nil {
			continue
		}
		switch {
		case errors.Is(statErr, fs.ErrNotExist):
			err = fmt.Errorf("%q is missing", f.path)
		case errors.Is(statErr, errNotRegular):
			err = fmt.Errorf("%q %w", f.path, errNotRegular)
		case statErr != nil:
			err = fmt.Errorf("%q: %w", f.path, statErr)
		case s.Size != f.length:
			err = fmt.Errorf("%q has %d bytes, not %d", f.path, s.Size, f.length)
		}
	}
	return stamps, err
}

// doubtful lists the files whose prints differ; nil if none.
func (l *layout) doubtful(known, now []fingerprint) []int {
	var files []int
	for i := range l.files {
		if !l.files[i].pad && (known[i] != now[i] || now[i] == 0) {
			files = append(files, i)
		}
	}
	return files
}

// settle waits until the files are older than a tick of the file system's
// clock, so that a later write shows. It reports false when ctx ended.
func settle(ctx context.Context, stamps []stamp, files []int) bool {
	var newest int64
	for _, i := range files {
		newest = max(newest, stamps[i].Mtime, stamps[i].Ctime)
	}
	wait := time.Until(time.Unix(0, newest).Add(tick))
	if wait <= 0 || wait > 2*tick { // a file from the future is not waited for
		return true
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}

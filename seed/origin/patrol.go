package origin

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"commonseed/internal/filestate"
	"commonseed/seed"
)

// Sleeping torrents are looked at in turn: all of them within quietRounds rounds
// if they are few, and no more than perRound in a round.
const (
	quietRounds = 3
	perRound    = 100
)

// patrolLoop looks at the files of the torrents, every Recheck.
func (e *Engine) patrolLoop(ctx context.Context) {
	tick := time.NewTicker(e.recheck)
	defer tick.Stop()
	next := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		all, now := e.list(), time.Now()
		turn := min(perRound, (len(all)+quietRounds-1)/quietRounds)
		for i, t := range all {
			inTurn := (i-next+len(all))%len(all) < turn
			if ctx.Err() == nil && t.patrolled(inTurn, now) {
				e.patrol(t)
			}
		}
		if next += turn; next >= len(all) {
			next = 0
		}
	}
}

// patrolled says whether a torrent is to be looked at now.
func (t *torrent) patrolled(inTurn bool, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone || t.queued || now.Before(t.retry) {
		return false
	}
	return inTurn || t.awake != nil || t.state != seed.Seeding
}

// patrol has a torrent checked if its files are not as they were: a served one
// leaves service, one with an error gets a new chance.
func (e *Engine) patrol(t *torrent) {
	t.mu.Lock()
	state, seen, good, a := t.state, t.seen, t.good, t.awake
	t.mu.Unlock()
	if state == seed.Checking { // its last check was cut short by a change
		e.queueCheck(t)
		return
	}
	var l *layout
	if a != nil {
		l = a.layout
	} else if loaded, err := t.load(); err == nil {
		l = loaded
	} else {
		if state == seed.Seeding {
			e.fail(t, nil, err.Error())
		}
		return
	}
	if state == seed.Seeding && a == nil && t.untouched(l, good) {
		return
	}
	stamps, err := t.survey(l)
	now := printsOf(stamps)
	if state == seed.Failed {
		if overall(now) != seen {
			e.queueCheck(t)
		}
		return
	}
	if changed := l.doubtful(good, now); changed != nil {
		e.suspend(t, changeReason(l, changed, err))
	}
}

// untouched says that all files are the very ones that were checked. It follows links,
// unlike a survey, which costs three times as much and is made before a sleeping
// torrent is served. False means nothing yet.
func (t *torrent) untouched(l *layout, good []fingerprint) bool {
	_, root := t.place()
	for i := range l.files {
		f := &l.files[i]
		if f.pad {
			continue
		}
		fi, err := os.Stat(filepath.Join(root, filepath.FromSlash(f.path)))
		if err != nil || !fi.Mode().IsRegular() || printOf(filestate.Of(fi)) != good[i] {
			return false
		}
	}
	return true
}

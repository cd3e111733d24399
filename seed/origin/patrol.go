package origin

import (
	"context"
	"time"

	"commonseed/seed"
)

// A torrent without peers is looked at every quietRounds rounds only.
const quietRounds = 3

// patrolLoop samples the meters every second, and looks at the files of all
// torrents every Recheck.
func (e *Engine) patrolLoop(ctx context.Context) {
	seconds := time.NewTicker(time.Second)
	defer seconds.Stop()
	rounds := time.NewTicker(e.recheck)
	defer rounds.Stop()
	for round := 1; ; {
		select {
		case <-ctx.Done():
			return
		case now := <-seconds.C:
			for _, t := range e.list() {
				t.sample(now)
			}
		case <-rounds.C:
			for _, t := range e.list() {
				if ctx.Err() == nil {
					e.patrol(t, round%quietRounds == 0)
				}
			}
			round++
			if err := e.resume.save(); err != nil {
				e.log.Warn("resume file not written", "err", err)
			}
		}
	}
}

// patrol has a torrent checked if its files are not as they were: a served one
// leaves service, one with an error gets a new chance.
func (e *Engine) patrol(t *torrent, thorough bool) {
	t.mu.Lock()
	state, seen, queued := t.state, t.seen, t.queued
	if state == seed.Seeding {
		seen = append([]stamp(nil), t.good...)
	}
	skip := t.gone || queued || time.Now().Before(t.retry) ||
		state == seed.Seeding && !thorough && len(t.conns) == 0
	t.mu.Unlock()
	if skip {
		return
	}
	if state == seed.Checking { // its last check was cut short by a change
		e.queueCheck(t)
		return
	}
	now, err := t.survey()
	changed := t.doubtful(seen, now)
	switch {
	case changed == nil:
	case state == seed.Failed:
		e.queueCheck(t)
	case err != nil:
		e.suspend(t, err.Error())
	default:
		e.suspend(t, quote(t.files[changed[0]].path)+" changed")
	}
}

package announce

import "time"

// alarm wakes the one that waits for it, once for each time it was set.
type alarm interface {
	set(time.Duration) // from now, in place of what was set before
	wait() bool        // false: it was closed
	close()
}

// clockAlarm is an alarm by Go's clock.
type clockAlarm struct {
	timer  *time.Timer
	closed chan struct{}
}

func newClockAlarm() alarm {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &clockAlarm{t, make(chan struct{})}
}

func (c *clockAlarm) set(d time.Duration) { c.timer.Reset(d) }

func (c *clockAlarm) wait() bool {
	select {
	case <-c.timer.C:
		return true
	case <-c.closed:
		return false
	}
}

func (c *clockAlarm) close() {
	c.timer.Stop()
	close(c.closed)
}

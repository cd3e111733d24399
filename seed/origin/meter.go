package origin

import "time"

// meter is a counter's slope over the last few samples, about one a second.
type meter struct {
	at    [6]int64 // ns
	total [6]int64
	n     int // samples so far, up to len(at); the newest is the last
}

func (m *meter) add(now time.Time, total int64) {
	if m.n == len(m.at) {
		copy(m.at[:], m.at[1:])
		copy(m.total[:], m.total[1:])
		m.n--
	}
	m.at[m.n], m.total[m.n] = now.UnixNano(), total
	m.n++
}

// perSecond is the slope, seen from now.
func (m *meter) perSecond(now time.Time) float64 {
	if m.n < 2 {
		return 0
	}
	span := time.Duration(now.UnixNano() - m.at[0]).Seconds()
	if span <= 0 {
		return 0
	}
	return float64(m.total[m.n-1]-m.total[0]) / span
}

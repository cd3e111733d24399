package publish

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// maxLimit bounds limits, so that none overflows when it is counted in bytes.
const maxLimit = 1 << 32

// dayPart is a part of each day and the upload limit in it.
type dayPart struct {
	from, to int   // minutes since midnight; a part that ends before it begins goes past midnight
	limit    int64 // KiB/s, 0 is none
}

var dayPartForm = regexp.MustCompile(`^([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2}) +([0-9]{1,10})$`)

// parseDayPart reads "08:00-18:00 500".
func parseDayPart(s string) (dayPart, error) {
	m := dayPartForm.FindStringSubmatch(s)
	if m == nil {
		return dayPart{}, errors.New(`is not written like "08:00-18:00 500": from, to, KiB/s`)
	}
	n := make([]int64, len(m)-1)
	for i, digits := range m[1:] {
		n[i], _ = strconv.ParseInt(digits, 10, 64) // digits alone, and few of them
	}
	p := dayPart{from: int(n[0]*60 + n[1]), to: int(n[2]*60 + n[3]), limit: n[4]}
	switch {
	case n[1] > 59 || n[3] > 59 || p.from >= 24*60 || p.to > 24*60:
		return dayPart{}, errors.New("holds a time that is on no clock")
	case p.from == p.to:
		return dayPart{}, errors.New("ends when it begins")
	case p.limit > maxLimit:
		return dayPart{}, errTooLarge
	}
	return p, nil
}

// holds says whether the clock that shows so many minutes since midnight is in p.
func (p dayPart) holds(minute int) bool {
	if p.from < p.to {
		return p.from <= minute && minute < p.to
	}
	return minute >= p.from || minute < p.to
}

var (
	errNegative = errors.New("is below 0")
	errTooLarge = fmt.Errorf("is above %d", int64(maxLimit))
)

// checkLimits checks the limits of [seed].
func (c *Config) checkLimits() error {
	s := c.Seed
	for _, part := range s.Schedule {
		if _, err := parseDayPart(part); err != nil {
			return &ValueError{Where: c.where("seed.schedule"), Key: "schedule", Value: part, Err: err}
		}
	}
	for _, l := range []struct {
		key string
		n   int64
	}{
		{"upload_limit", s.UploadLimit}, {"release_upload_limit", s.ReleaseUploadLimit},
		{"peers", int64(s.Peers)}, {"release_peers", int64(s.ReleasePeers)}, {"address_peers", int64(s.AddressPeers)},
	} {
		var err error
		if l.n < 0 {
			err = errNegative
		} else if l.n > maxLimit {
			err = errTooLarge
		}
		if err != nil {
			return &ValueError{Where: c.where("seed." + l.key), Key: l.key, Value: strconv.FormatInt(l.n, 10), Err: err}
		}
	}
	return nil
}

// UploadLimitAt is the upload limit over all releases at a moment, in KiB/s; 0 is
// none. What the clock on the wall shows counts, in the time zone of now, so that
// a day with a change to summer time needs no rule of its own.
func (s *SeedConfig) UploadLimitAt(now time.Time) int64 {
	minute := now.Hour()*60 + now.Minute()
	for _, text := range s.Schedule {
		if p, err := parseDayPart(text); err == nil && p.holds(minute) { // OpenChannel refused what is no part
			return p.limit
		}
	}
	return s.UploadLimit
}

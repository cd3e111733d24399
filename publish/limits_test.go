package publish

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestUploadLimitFollowsTheClockOnTheWall(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	night := []string{"22:00-06:00 0", "08:00-18:00 500"}
	for _, c := range []struct {
		schedule []string
		at       string // UTC
		want     int64
	}{
		{nil, "2026-01-10 12:00", 2000},
		{night, "2026-01-10 06:59", 2000}, // 07:59 in Berlin
		{night, "2026-01-10 07:00", 500},
		{night, "2026-01-10 16:59", 500},
		{night, "2026-01-10 17:00", 2000},
		{night, "2026-01-10 21:00", 0},
		{night, "2026-01-10 23:00", 0}, // midnight
		{night, "2026-01-11 04:59", 0},
		{night, "2026-01-11 05:00", 2000},
		// Summer time begins: 02:00 becomes 03:00.
		{night, "2026-03-29 03:59", 0},
		{night, "2026-03-29 04:00", 2000},
		{[]string{"02:00-03:00 1"}, "2026-03-29 00:59", 2000},
		{[]string{"02:00-03:00 1"}, "2026-03-29 01:00", 2000}, // there is no such hour on that day
		// Summer time ends: 03:00 becomes 02:00, and the hour comes twice.
		{[]string{"02:00-03:00 1"}, "2026-10-25 00:30", 1},
		{[]string{"02:00-03:00 1"}, "2026-10-25 01:30", 1},
		{[]string{"02:00-03:00 1"}, "2026-10-25 02:00", 2000},
		{[]string{"00:00-24:00 7"}, "2026-01-10 22:59", 7},
		{[]string{"23:59-0:00 7"}, "2026-01-10 22:59", 7},
		{[]string{"08:00-18:00 500", "09:00-10:00 1"}, "2026-01-10 08:30", 500}, // the first counts
	} {
		at, err := time.Parse("2006-01-02 15:04", c.at)
		if err != nil {
			t.Fatal(err)
		}
		s := SeedConfig{UploadLimit: 2000, Schedule: c.schedule}
		if got := s.UploadLimitAt(at.In(berlin)); got != c.want {
			t.Errorf("%q at %s: %d, want %d", c.schedule, at.In(berlin).Format("15:04 MST"), got, c.want)
		}
	}
}

func TestLimitsThatMakeNoSenseAreRefusedWithTheirPlace(t *testing.T) {
	for _, c := range []struct{ line, why string }{
		{"schedule = ['8-18 500']", "is not written like"},
		{"schedule = ['08:00-18:00']", "is not written like"},
		{"schedule = ['08:00-18:00 500 KiB/s']", "is not written like"},
		{"schedule = ['08:00-18:00 -1']", "is not written like"},
		{"schedule = ['08:00-18:60 500']", "on no clock"},
		{"schedule = ['24:00-06:00 500']", "on no clock"},
		{"schedule = ['08:00-24:01 500']", "on no clock"},
		{"schedule = ['99:99-99:99 500']", "on no clock"},
		{"schedule = ['08:00-8:00 500']", "ends when it begins"},
		{"schedule = ['08:00-18:00 9999999999']", "is above"},
		{"upload_limit = -1", "is below 0"},
		{"release_upload_limit = 9223372036854775807", "is above"},
		{"peers = -5", "is below 0"},
		{"release_peers = -5", "is below 0"},
		{"address_peers = 5000000000", "is above"},
	} {
		config, err := parseConfig("commonseed.toml", []byte("[seed]\n"+c.line+"\n"))
		if err != nil {
			t.Fatalf("%s: %v", c.line, err)
		}
		_, err = OpenChannel(t.TempDir(), config)
		var value *ValueError
		if !errors.As(err, &value) || !strings.Contains(err.Error(), c.why) || value.Where != "commonseed.toml:2" {
			t.Errorf("%s: got %v, want line 2 and %q", c.line, err, c.why)
		}
	}
	config, err := parseConfig("commonseed.toml", []byte("[seed]\nschedule = ['22:00-6:00 0', '00:00-24:00 4294967296']\npeers = 9\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenChannel(t.TempDir(), config); err != nil {
		t.Error(err)
	}
}

func FuzzDayPart(f *testing.F) {
	for _, s := range []string{"08:00-18:00 500", "22:00-6:00 0", "00:00-24:00 4294967296", "24:00-25:00 1", "é"} {
		f.Add(s, 0)
	}
	f.Fuzz(func(t *testing.T, s string, minute int) {
		p, err := parseDayPart(s)
		if err != nil {
			return
		}
		if p.from < 0 || p.from >= 24*60 || p.to < 0 || p.to > 24*60 || p.limit < 0 || p.limit > maxLimit {
			t.Fatalf("%q: %+v", s, p)
		}
		minute = (minute%1440 + 1440) % 1440
		other := dayPart{from: p.to % 1440, to: p.from}
		if p.from != p.to%1440 && p.holds(minute) == other.holds(minute) {
			t.Fatalf("%q and the rest of the day both say %v at minute %d", s, p.holds(minute), minute)
		}
	})
}

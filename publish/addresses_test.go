package publish

import (
	"reflect"
	"testing"

	"commonseed/feed"
)

func TestTheEmbeddedTrackerIsNamedWhereItAnswers(t *testing.T) {
	const other, old = "udp://tracker.example:6969/announce", "http://192.0.2.1:7447/"
	own := []string{old + "announce", "udp://192.0.2.1:7447/announce"}
	not := false
	for name, c := range map[string]struct {
		config ChannelConfig
		own    *bool
		listen string
		record []string // published at old
		want   [][]string
	}{
		"this process":             {ChannelConfig{}, nil, old, own, [][]string{own}},
		"below a path, over IPv6":  {ChannelConfig{}, nil, "http://[2001:db8::1]:7447/tide/", own, [][]string{{"http://[2001:db8::1]:7447/tide/announce", "udp://[2001:db8::1]:7447/announce"}}},
		"beside others":            {ChannelConfig{}, nil, old, append([]string{other}, own...), [][]string{own, {other}}},
		"at another address":       {ChannelConfig{}, nil, "http://192.0.2.2:80/", append(own[:2:2], other), [][]string{{"http://192.0.2.2:80/announce", "udp://192.0.2.2:80/announce"}, {other}}},
		"a proxy may stand before": {ChannelConfig{BaseURL: "http://ana.example:7447/c"}, nil, old, append(own[:2:2], other), [][]string{{"http://ana.example:7447/c/announce"}, {other}}},
		"not at all":               {ChannelConfig{}, &not, old, append(own[:2:2], other), [][]string{{other}}},
		"the creator names UDP":    {ChannelConfig{BaseURL: old}, nil, old, own, [][]string{own[:1], own[1:]}},
	} {
		ch := &Channel{Config: &Config{Channel: c.config, Seed: SeedConfig{OwnTracker: c.own}}}
		a := ch.Addresses(c.listen, nil, nil)
		r := &Release{Release: feed.Release{BaseURL: old, Torrent: feed.Torrent{Trackers: c.record}}}
		for range 2 { // the second time at its new address
			r.Torrent.Trackers, r.BaseURL = a.trackersOf(r), a.Base
			if got := a.tiers(r.Torrent.Trackers); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	}
}

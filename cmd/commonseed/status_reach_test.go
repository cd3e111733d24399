package main

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"commonseed/seed/portmap"
)

func TestReachIsJudgedByWhatWasSeen(t *testing.T) {
	start := time.Date(2026, 3, 9, 14, 0, 0, 0, time.Local)
	tcp, udp := portmap.Port{Network: "tcp", Number: 7448}, portmap.Port{Network: "udp", Number: 7448}
	at := netip.MustParseAddrPort
	refused := portmap.Mapping{Port: tcp, Problem: "no router answers"}
	granted := portmap.Mapping{Port: tcp, External: at("203.0.113.7:7450"), Protocol: "PCP"}
	nested := portmap.Mapping{Port: tcp, External: at("100.64.3.4:7448"), Protocol: "UPnP", Problem: "the router's own address 100.64.3.4 is not public: it is behind another router"}
	for name, c := range map[string]struct {
		own           string
		after         time.Duration
		change        func(*surroundings)
		want          reach
		says, advises string
	}{
		"somebody came": {"192.168.1.5", time.Hour, func(a *surroundings) { a.incoming = start.Add(5 * time.Minute) }, cameIn,
			"yes, on port 7448: somebody came in at 2026-03-09 14:05", ""},
		"loopback": {"192.168.1.5", time.Hour, func(a *surroundings) { a.local = true }, localOnly, "from this machine alone", ""},
		"mapped": {"192.168.1.5", 0, func(a *surroundings) { a.mappings = []portmap.Mapping{granted, refused} }, likely,
			"the router leads 203.0.113.7:7450 here (PCP), but nobody has come in yet", ""},
		"mapped over IPv6 alone": {"192.168.1.5", time.Hour, func(a *surroundings) { a.mappings = []portmap.Mapping{nested, granted} }, likely, "203.0.113.7:7450", ""},
		"for UDP alone": {"192.168.1.5", time.Hour, func(a *surroundings) {
			a.mappings = []portmap.Mapping{refused, {Port: udp, External: at("203.0.113.7:7448")}}
		}, unreached, "nobody has come in", "forward TCP port 7448"},
		"public": {"198.51.100.9", time.Hour, func(*surroundings) {}, likely, "198.51.100.9 is a public address", ""},
		"early":  {"192.168.1.5", time.Second, func(*surroundings) {}, unknown, "not known yet", ""},
		"nothing leads here": {"192.168.1.5", time.Hour, func(a *surroundings) { a.mappings = []portmap.Mapping{refused} }, unreached,
			"nobody has come in", "nobody can reach you from outside: forward TCP port 7448 in your router to this machine, 192.168.1.5, or leave it: peers that you reach yourself still get everything"},
		"a router behind a router": {"192.168.1.5", time.Hour, func(a *surroundings) { a.mappings = []portmap.Mapping{nested} }, unreached,
			"nobody has come in", "it is behind another router; leave it, peers that you reach"},
		"a provider's NAT": {"100.64.1.1", time.Hour, func(*surroundings) {}, unreached, "nobody has come in", "forward TCP port 7448"},
	} {
		a := surroundings{since: start, port: 7448, own: netip.MustParseAddr(c.own)}
		c.change(&a)
		got, text, advice := a.reach(start.Add(c.after))
		if got != c.want || !strings.Contains(text, c.says) || !strings.Contains(advice, c.advises) || (advice == "") != (c.advises == "") {
			t.Errorf("%s: %s, %q, %q", name, got, text, advice)
		}
	}
}

func TestTrackersAreToldOfInWords(t *testing.T) {
	retry := time.Date(2026, 3, 9, 14, 9, 0, 0, time.Local)
	for _, c := range []struct {
		tracker trackerStatus
		fails   bool
		says    string
	}{
		{trackerStatus{}, false, "stands by for another of its tier"},
		{trackerStatus{Hashes: 4}, false, "not asked yet"},
		{trackerStatus{Hashes: 4, Taken: 1}, false, "works: 1 of 4 announced so far"},
		{trackerStatus{Hashes: 4, Taken: 4}, false, "works: 4 announced"},
		{trackerStatus{Hashes: 4, Taken: 4, Warning: "be gentle"}, false, "works: 4 announced; it says: be gentle"},
		{trackerStatus{Hashes: 4, Taken: 3, Error: "not tracked"}, false, "took 3 of 4, and says of others: not tracked"},
		{trackerStatus{Hashes: 4, Error: "not tracked"}, true, "refuses: not tracked"},
		{trackerStatus{Hashes: 4, Taken: 4, Failures: 1, Error: "no route to host", Retry: retry}, true, "fails: no route to host; asked again at 14:09"},
	} {
		if got := c.tracker.state(); got != c.says || c.tracker.fails() != c.fails {
			t.Errorf("%+v: %q, fails %v", c.tracker, got, c.tracker.fails())
		}
	}
	down, up := trackerStatus{URL: "udp://t.example:1", Failures: 3, Error: "timeout"}, trackerStatus{URL: "http://t.example/", Hashes: 1, Taken: 1}
	dht := trackerStatus{URL: dhtURL, Hashes: 1, Taken: 1}
	for _, c := range []struct {
		trackers []trackerStatus
		want     string
	}{
		{nil, ""}, {[]trackerStatus{dht}, ""}, {[]trackerStatus{down, up}, ""},
		{[]trackerStatus{down, dht, {URL: "http://stands.by/"}}, "no tracker helps peers to find you: udp://t.example:1 fails: timeout"},
	} {
		if got := unfound(c.trackers); got != c.want {
			t.Errorf("%+v: %q, want %q", c.trackers, got, c.want)
		}
	}
}

func TestPortsAreToldOfInWords(t *testing.T) {
	tcp, until := portmap.Port{Network: "tcp", Number: 7448}, time.Date(2026, 3, 9, 15, 0, 0, 0, time.Local)
	at := netip.MustParseAddrPort("203.0.113.7:7450")
	want := []string{
		"tcp/7448 is not mapped by a router: no router answers",
		"tcp/7448 is led here from 203.0.113.7:7450 by PCP, until 2026-03-09 15:00 unless renewed",
		"tcp/7448 is led here from 203.0.113.7:7450 by UPnP; but it is behind another router",
	}
	for i, p := range portsOf([]portmap.Mapping{
		{Port: tcp, Problem: "no router answers"},
		{Port: tcp, External: at, Protocol: "PCP", Until: until},
		{Port: tcp, External: at, Protocol: "UPnP", Problem: "it is behind another router"},
	}) {
		if p.String() != want[i] {
			t.Errorf("%q, want %q", p.String(), want[i])
		}
	}
}

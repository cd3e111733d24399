package main

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"commonseed/seed/portmap"
)

// reach is whether the world comes in at the peer port, as far as was seen.
type reach string

const (
	cameIn    reach = "yes"     // somebody came in
	likely    reach = "likely"  // a router leads here, or the address is public; nobody came yet
	unknown   reach = "unknown" // it is too early to tell
	unreached reach = "no"      // nothing leads here
	localOnly reach = "local"   // it was started for this machine alone
)

// early is how long after the start nothing is said against the way in.
const early = time.Minute

// surroundings are what reach is judged by.
type surroundings struct {
	local    bool      // everything listens at loopback addresses
	since    time.Time // the start
	port     int       // for peers
	own      netip.Addr
	incoming time.Time // when somebody last came in from beyond the local network
	mappings []portmap.Mapping
}

// reach judges, and says it in words; advice is what could be done, or "".
func (a surroundings) reach(now time.Time) (is reach, text, advice string) {
	const nobody = "no, as far as is known: nobody has come in yet"
	led := a.led()
	switch {
	case !a.incoming.IsZero():
		return cameIn, fmt.Sprintf("yes, on port %d: somebody came in at %s", a.port, minute(a.incoming)), ""
	case a.local:
		return localOnly, "from this machine alone", "" // which homeAdvice is about
	case led.External.IsValid() && led.Problem == "":
		return likely, fmt.Sprintf("probably: the router leads %s here (%s), but nobody has come in yet", led.External, led.Protocol), ""
	case global(a.own):
		return likely, fmt.Sprintf("probably: %s is a public address, but nobody has come in yet; a firewall has to let TCP port %d through", a.own, a.port), ""
	case now.Sub(a.since) < early:
		return unknown, "not known yet", ""
	case led.External.IsValid():
		return unreached, nobody, fmt.Sprintf("nobody can reach you from outside: %s; leave it, "+
			"peers that you reach yourself still get everything", led.Problem)
	}
	here := "to this machine"
	if a.own.IsGlobalUnicast() {
		here += ", " + a.own.String() + ","
	}
	return unreached, nobody, fmt.Sprintf("nobody can reach you from outside: forward TCP port %d in your router %s "+
		"or leave it: peers that you reach yourself still get everything", a.port, here)
}

// led is the best that became of the peer port at routers; zero: none was asked.
func (a surroundings) led() (best portmap.Mapping) {
	for _, m := range a.mappings {
		better := m.External.IsValid() && (!best.External.IsValid() || m.Problem == "")
		if m.Port.Network == "tcp" && better {
			best = m
		}
	}
	return best
}

// global says whether the world knows an address.
func global(a netip.Addr) bool { return a.IsGlobalUnicast() && !a.IsPrivate() && !carrier.Contains(a) }

// carrier are the addresses of customers of a provider behind its own NAT. RFC 6598
var carrier = netip.MustParsePrefix("100.64.0.0/10")

// homeAdvice is about where pages, feeds and tracker are, if the world cannot go
// there; "" if it can, or is said to by a base_url.
func (s *server) homeAdvice() string {
	ip := net.ParseIP(hostOf(s.home))
	given := slices.ContainsFunc(s.channels, func(c *served) bool { return c.channel().Config.Channel.BaseURL != "" })
	switch {
	case ip.IsLoopback():
		return "only this machine reaches " + s.home + "; leave out --http 127.0.0.1 to let others in"
	case ip.IsPrivate() && !given:
		return "only this network reaches " + s.home + ": open both ports, and set base_url in commonseed.toml when the world can"
	}
	return ""
}

// minute tells a time to people.
func minute(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

package portmap

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// leaseTime is what is asked for. A mapping that nobody renews, because the
// machine is gone, should not stay for long.
const leaseTime = time.Hour

// A router grants mappings by one protocol.
type router interface {
	String() string

	// look asks whether the router is there, and says whether it lost or
	// changed what it had granted since the last look.
	look(ctx context.Context) (lost bool, err error)

	// add asks for a mapping, or renews it.
	add(ctx context.Context, l *lease) (grant, error)

	// remove takes a mapping back.
	remove(ctx context.Context, l *lease) error
}

// A grant is a router's consent.
type grant struct {
	external netip.AddrPort
	life     time.Duration // 0: for ever
}

// A refusal is a router's answer that it will not.
type refusal string

func (r refusal) Error() string { return string(r) }

func refusalOf(names []string, code int) error {
	if code < len(names) && names[code] != "" {
		return refusal(names[code])
	}
	return refusal(fmt.Sprintf("refused with code %d", code))
}

// A way leads to a router.
type way struct {
	gateway netip.AddrPort // where it speaks PCP and NAT-PMP; zero: not known
	local   netip.Addr     // this machine's address on that way; zero: not known
}

// candidates are the protocols that can be tried on a way, the best first.
func candidates(n network, w way) (all []router) {
	if w.gateway.IsValid() {
		all = append(all, &pcp{net: n, way: w})
		if w.local.Is4() {
			all = append(all, &natpmp{net: n, way: w})
		}
	}
	if n.search != nil {
		all = append(all, &upnp{net: n, way: w, ports: map[Port]uint16{}})
	}
	return all
}

// answering sends the candidates that answer, the first to do so first, and
// closes the channel when all did or ctx ended.
func answering(ctx context.Context, all []router) <-chan router {
	found := make(chan router, len(all))
	var wg sync.WaitGroup
	for _, r := range all {
		wg.Go(func() {
			if _, err := r.look(ctx); err == nil {
				found <- r
			}
		})
	}
	go func() {
		wg.Wait()
		close(found)
	}()
	return found
}

// notPublic says why an address a router has is not one the world can reach, or "".
func notPublic(a netip.Addr) string {
	switch {
	case a.IsUnspecified():
		return "the router does not tell its address"
	case isLocal(a):
		return "the router's own address " + a.String() + " is not public: it is behind another router"
	}
	return ""
}

var carrierNAT = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"), // RFC 6598
	netip.MustParsePrefix("192.0.0.0/29"),  // DS-Lite, RFC 6333
}

// isLocal says whether an address has no meaning in the world.
func isLocal(a netip.Addr) bool {
	for _, p := range carrierNAT {
		if p.Contains(a) {
			return true
		}
	}
	return a.IsPrivate() || !a.IsGlobalUnicast()
}

package portmap

import (
	"crypto/rand"
	"net/netip"
	"slices"
	"time"
)

// A lease is one port on its way through the months.
type lease struct {
	Mapping
	wish  netip.AddrPort // the external address and port to ask for: those it last had
	nonce [12]byte       // which keeps others from changing it. RFC 6887 §11.2
	good  time.Time      // until when it is believed in
	due   time.Time      // when to ask for it (again)
}

func newLease(p Port) *lease {
	l := &lease{Mapping: Mapping{Port: p, Problem: "no router has answered yet"}}
	l.wish = netip.AddrPortFrom(netip.Addr{}, p.Number)
	rand.Read(l.nonce[:])
	return l
}

// refused leaves an old mapping in force as long as it was good.
func (k *keeper) refused(l *lease, r router, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	l.Problem = r.String() + ": " + err.Error()
	l.due = time.Now().Add(leaseTime / 4)
}

func (k *keeper) granted(l *lease, r router, g grant) {
	now := time.Now()
	k.mu.Lock()
	news := l.External != g.external
	l.wish, l.External, l.Protocol = g.external, g.external, r.String()
	l.Problem = notPublic(g.external.Addr())
	l.good, l.Until, l.due = now.Add(leaseTime), time.Time{}, now.Add(maxLife)
	if g.life > 0 {
		life := min(max(g.life, minLife), maxLife)
		l.good, l.due = now.Add(life), now.Add(life/2)
		l.Until = l.good
	}
	mapping := l.Mapping
	k.mu.Unlock()
	if news {
		k.log.Info("port mapped", "port", mapping.Port, "external", mapping.External, "protocol", mapping.Protocol, "problem", mapping.Problem)
		k.changed(mapping)
	}
}

// looked notes what a look at the router said. After an announcement all is
// asked for again, to be sure. A mapping without an end is good for as long as
// the router is there.
func (k *keeper) looked(lost, announced bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range k.leases {
		if l.Until.IsZero() {
			l.good = time.Now().Add(leaseTime)
		}
		if announced {
			l.due = time.Time{}
		}
	}
	if lost {
		k.void()
	}
}

// void ends the belief in all mappings. k.mu is held.
func (k *keeper) void() {
	for _, l := range k.leases {
		l.good, l.due = time.Time{}, time.Time{}
	}
}

// settle strikes what is no longer good, and tells of it. It notes why on all
// ports that are not mapped.
func (k *keeper) settle(why error) {
	now := time.Now()
	var lost []Mapping
	k.mu.Lock()
	for _, l := range k.leases {
		strike := l.External.IsValid() && !l.good.After(now)
		if strike {
			l.External, l.Protocol, l.Until = netip.AddrPort{}, "", time.Time{}
		}
		if why != nil && why != errRefused && !l.External.IsValid() {
			l.Problem = why.Error()
		}
		if strike {
			lost = append(lost, l.Mapping)
		}
	}
	k.mu.Unlock()
	for _, m := range lost {
		k.log.Info("port no longer mapped", "port", m.Port, "problem", m.Problem)
		k.changed(m)
	}
}

// mapped says whether any port is.
func (k *keeper) mapped() bool {
	return slices.ContainsFunc(k.leases, func(l *lease) bool { return l.External.IsValid() })
}

func (k *keeper) untilDue() time.Duration {
	wait := lookInterval
	for _, l := range k.leases {
		wait = min(wait, time.Until(l.due))
	}
	return wait
}

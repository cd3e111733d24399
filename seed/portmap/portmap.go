// Package portmap asks the home router to forward ports to this machine, and
// keeps that so for months.
//
//   - portmap.go      Options, Mapper and what it tells
//   - keeper.go       who is asked when: search, looks, back-off
//   - lease.go        what is known of each port, and until when
//   - router.go       what every protocol can do, and who answers first
//   - pcp.go          Port Control Protocol, RFC 6887: IPv4, and pinholes of IPv6
//   - natpmp.go       NAT Port Mapping Protocol, RFC 6886: IPv4
//   - epoch.go        notices by its clock that a router lost its mappings
//   - upnp.go         UPnP Internet Gateway Device, v1 and v2: IPv4
//   - igd.go          finds the gateway device and reads its description
//   - soap.go         the calls of UPnP
//   - network.go      the sockets below all of them
//   - route_linux.go  the default gateway
//   - route_other.go  the same where it is not known how to ask
//
// Only the default gateway is asked and believed. Where it is not known, which
// is everywhere but on Linux, only UPnP remains, with any router of a private
// address.
package portmap

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"
)

// A Port of this machine is to be reached from outside.
type Port struct {
	Network string // "tcp" or "udp"
	Number  uint16
}

func (p Port) String() string { return fmt.Sprintf("%s/%d", p.Network, p.Number) }

// A Mapping is what became of one port at the router of one address family.
type Mapping struct {
	Port     Port
	Local    netip.AddrPort // where the router is asked to lead to; zero: no router to ask
	External netip.AddrPort // where the world reaches it; zero: nowhere; its address is unspecified where the router does not tell
	Protocol string         // by which it was granted: "PCP", "NAT-PMP" or "UPnP"; "" if it is not
	Until    time.Time      // when the router drops it unless it is renewed; zero: never, or not mapped
	Problem  string         // why it is not mapped, or why that may not be enough; "": all is well
}

// Options configures a Mapper.
type Options struct {
	Ports    []Port
	OnChange func(Mapping) // told when External changes, one call at a time, from a goroutine of the Mapper; must not call Close; nil: nobody
	Logger   *slog.Logger  // nil: no log

	// Tests name the router, to stay where they are. When Gateway is named,
	// only PCP and NAT-PMP are spoken, and only there, unless SSDP is named too.
	Gateway netip.AddrPort // zero: the default gateway, port 5351
	SSDP    netip.AddrPort // where a UPnP device is searched; zero: 239.255.255.250:1900
}

// A Mapper keeps ports mapped until it is closed. It may be used from several
// goroutines.
type Mapper struct {
	keepers []*keeper // IPv4, then IPv6
	cancel  context.CancelFunc
	wg      sync.WaitGroup
}

// New starts to ask for the ports, and returns at once.
func New(o Options) *Mapper {
	var networks []network
	if a := o.Gateway.Addr(); !a.Is6() {
		networks = append(networks, newSockets(o, "udp4"))
	}
	if a := o.Gateway.Addr(); !a.Is4() {
		networks = append(networks, newSockets(o, "udp6"))
	}
	return start(o, networks...)
}

func start(o Options, networks ...network) *Mapper {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	m := &Mapper{}
	var ctx context.Context
	ctx, m.cancel = context.WithCancel(context.Background())
	var telling sync.Mutex
	for _, n := range networks {
		k := &keeper{net: n, log: o.Logger, heard: make(chan struct{}, 1)}
		k.changed = func(mapping Mapping) {
			if o.OnChange != nil {
				telling.Lock()
				defer telling.Unlock()
				o.OnChange(mapping)
			}
		}
		for _, p := range o.Ports {
			k.leases = append(k.leases, newLease(p))
		}
		m.keepers = append(m.keepers, k)
		m.wg.Go(func() { k.run(ctx) })
		m.wg.Go(func() { n.listen(ctx, k.announced) })
	}
	return m
}

// Status lists all ports, those of IPv6 after those of IPv4. IPv6 is left out
// where there is none.
func (m *Mapper) Status() []Mapping {
	var all []Mapping
	for i, k := range m.keepers {
		for _, mapping := range k.status() {
			if i == 0 || mapping.Local.IsValid() {
				all = append(all, mapping)
			}
		}
	}
	return all
}

// Close takes the mappings back, as far as the router answers within a second.
func (m *Mapper) Close() {
	m.cancel()
	m.wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, k := range m.keepers {
		m.wg.Go(func() { k.withdraw(ctx) })
	}
	m.wg.Wait()
}

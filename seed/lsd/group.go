package lsd

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

var (
	group4 = netip.MustParseAddrPort("239.192.152.143:6771")
	group6 = netip.MustParseAddrPort("[ff15::efc0:988f]:6771")
)

// A place is an interface that is up, with its networks.
type place struct {
	net.Interface
	networks []netip.Prefix
}

func places() (all []place) {
	interfaces, _ := net.Interfaces()
	for _, i := range interfaces {
		if p := (place{i, networks(i)}); i.Flags&net.FlagUp != 0 && len(p.networks) > 0 {
			all = append(all, p)
		}
	}
	return all
}

// usable says whether to announce at a place: those that are named, or else
// those that know multicast.
func (p place) usable(names []string) bool {
	if names != nil {
		return slices.Contains(names, p.Name)
	}
	return p.Flags&net.FlagMulticast != 0 && p.Flags&net.FlagLoopback == 0
}

func networks(i net.Interface) (all []netip.Prefix) {
	addrs, _ := i.Addrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			ip, ok := netip.AddrFromSlice(n.IP)
			bits, _ := n.Mask.Size()
			if ok {
				all = append(all, netip.PrefixFrom(ip.Unmap(), bits))
			}
		}
	}
	return all
}

// A group is one of the two multicast groups, joined at all usable places that
// have an address of its family.
type group struct {
	addr   netip.AddrPort
	conn   *net.UDPConn
	at     multicaster
	joined []place
	all    []place
}

// multicaster is what ipv4.PacketConn and ipv6.PacketConn have in common.
type multicaster interface {
	JoinGroup(*net.Interface, net.Addr) error
	SetMulticastInterface(*net.Interface) error
	SetMulticastLoopback(bool) error
}

// join joins both groups, as far as that is possible.
func join(all []place, names []string, log *slog.Logger) (groups []*group) {
	for _, addr := range []netip.AddrPort{group4, group6} {
		g := &group{addr: addr, all: all}
		family := func(n netip.Prefix) bool { return n.Addr().Is4() == addr.Addr().Is4() }
		for _, p := range all {
			if !p.usable(names) || !slices.ContainsFunc(p.networks, family) {
				continue
			}
			if err := g.join(p); err != nil {
				log.Debug("local network not joined", "group", addr, "interface", p.Name, "err", err)
				continue
			}
			g.joined = append(g.joined, p)
		}
		if g.conn != nil {
			groups = append(groups, g)
		}
	}
	return groups
}

// join joins the group at one place. The first opens the socket, on a port that
// other clients on this machine listen on as well.
func (g *group) join(p place) (err error) {
	to := net.UDPAddrFromAddrPort(g.addr)
	if g.conn != nil {
		return g.at.JoinGroup(&p.Interface, to)
	}
	if g.addr.Addr().Is4() {
		if g.conn, err = net.ListenMulticastUDP("udp4", &p.Interface, to); err == nil {
			g.at = ipv4.NewPacketConn(g.conn)
		}
	} else if g.conn, err = net.ListenMulticastUDP("udp6", &p.Interface, to); err == nil {
		g.at = ipv6.NewPacketConn(g.conn)
	}
	if err != nil {
		g.conn = nil
		return err
	}
	return g.at.SetMulticastLoopback(true) // those clients shall hear us too
}

// send sends a packet at all places. It does not leave these networks: that is
// the default of multicast.
func (g *group) send(packet []byte) error {
	var failed []error
	for _, p := range g.joined {
		err := g.at.SetMulticastInterface(&p.Interface)
		if err == nil {
			_, err = g.conn.WriteToUDPAddrPort(packet, g.addr)
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func (g *group) read(buf []byte) (int, netip.Addr, error) {
	n, from, err := g.conn.ReadFromUDPAddrPort(buf)
	return n, from.Addr().Unmap(), err
}

// near says whether an address is on one of our networks.
func (g *group) near(a netip.Addr) bool {
	a = a.WithZone("")
	return slices.ContainsFunc(g.all, func(p place) bool {
		return slices.ContainsFunc(p.networks, func(n netip.Prefix) bool { return n.Contains(a) })
	})
}

// leave leaves groups. Whoever reads there stops.
func leave(groups []*group) {
	for _, g := range groups {
		g.conn.Close()
	}
}

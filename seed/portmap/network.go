package portmap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// A network is how the routers of one address family are reached. In virtual
// time there is another one.
type network struct {
	// way leads to the default gateway; zero where that is not known. An error
	// says why nobody should be asked.
	way func() (way, error)

	// ask sends a packet to the gateway, again and again, until accept is handed
	// the answer.
	ask func(ctx context.Context, w way, packet []byte, accept func([]byte) bool) error

	// search hands what answers a search for gateway devices to found, with the
	// sender and this machine's address on the way there, until found says that
	// it will do. nil: UPnP is not spoken.
	search func(ctx context.Context, w way, found func(from, local netip.Addr, packet []byte) bool) error

	http http.RoundTripper

	// listen reports who announces anything to the clients of PCP and NAT-PMP,
	// until ctx ends.
	listen func(ctx context.Context, heard func(from netip.Addr))
}

const (
	controlPort  = 5351
	announcePort = 5350
	maxPacket    = 1100 // RFC 6887 §7
	maxAnswers   = 64   // to one search
)

// sockets is the network that is real.
type sockets struct {
	family  string         // "udp4" or "udp6"
	gateway netip.AddrPort // named; zero: the default
	ssdp    netip.AddrPort // named; zero: the multicast group
}

func newSockets(o Options, family string) network {
	s := &sockets{family, o.Gateway, o.SSDP}
	n := network{way: s.way, ask: s.ask, listen: s.listen, http: newTransport()}
	if family == "udp4" && (!o.Gateway.IsValid() || o.SSDP.IsValid()) {
		n.search = s.search
	}
	return n
}

func newTransport() http.RoundTripper {
	return &http.Transport{
		Proxy:                  nil, // a router is asked directly
		DialContext:            (&net.Dialer{Timeout: httpTime}).DialContext,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 16 << 10,
	}
}

var (
	errPublic = errors.New("this machine has a public address: no router forwards ports to it")
	errNoIPv6 = errors.New("this machine has no IPv6 address or router")
)

func (s *sockets) way() (way, error) {
	if s.gateway.IsValid() {
		local, err := localTo(s.gateway)
		return way{s.gateway, local}, err
	}
	gateway, ok := defaultGateway(s.family == "udp6")
	w := way{gateway: netip.AddrPortFrom(gateway, controlPort)}
	if s.family == "udp6" {
		// The router is at a link-local address. Ports are opened at the address
		// that peers see, which is the one that leads out.
		local, err := localTo(netip.MustParseAddrPort("[2000::]:9"))
		if w.local = local; !ok || err != nil || isLocal(local) {
			return way{}, errNoIPv6
		}
		return w, nil
	}
	if !ok {
		return way{}, nil
	}
	local, err := localTo(w.gateway)
	if w.local = local; err != nil {
		return way{}, err
	}
	if !isLocal(local) {
		return way{}, errPublic
	}
	return w, nil
}

// localTo finds this machine's address on the way to another. Nothing is sent.
func localTo(to netip.AddrPort) (netip.Addr, error) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}

// ask waits a quarter of a second for an answer, then longer and longer, four
// seconds in all. A gateway is near. The socket hears the gateway alone.
func (s *sockets) ask(ctx context.Context, w way, packet []byte, accept func([]byte) bool) error {
	c, err := net.DialUDP(s.family, &net.UDPAddr{IP: w.local.AsSlice()}, net.UDPAddrFromAddrPort(w.gateway))
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	buf := make([]byte, maxPacket)
	for wait := 250 * time.Millisecond; wait <= 2*time.Second; wait *= 2 {
		if _, err = c.Write(packet); err != nil {
			return err
		}
		c.SetReadDeadline(time.Now().Add(wait))
		var n int
		for n, err = c.Read(buf); err == nil; n, err = c.Read(buf) {
			if accept(buf[:n]) {
				return nil
			}
		}
		if !isTimeout(err) {
			return err
		}
	}
	return fmt.Errorf("%w at %s", errSilence, w.gateway)
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// search asks twice, a group and the gateway itself: some networks lose
// multicast. UPnP Device Architecture §1.3.2
func (s *sockets) search(ctx context.Context, w way, found func(from, local netip.Addr, packet []byte) bool) error {
	to := []netip.AddrPort{ssdpGroup}
	if s.ssdp.IsValid() {
		to = []netip.AddrPort{s.ssdp}
	} else if w.gateway.IsValid() {
		to = append(to, netip.AddrPortFrom(w.gateway.Addr(), ssdpGroup.Port()))
	}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: w.local.AsSlice()})
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	for range 2 {
		for _, addr := range to {
			for _, request := range searches {
				c.WriteToUDPAddrPort(request, addr) // one that gets through is enough
			}
		}
		c.SetReadDeadline(time.Now().Add(2 * time.Second))
		if ok, err := readAnswers(c, found); ok || !isTimeout(err) {
			return err
		}
	}
	return errSilence
}

// readAnswers hands packets to found until it says yes, or reading fails.
func readAnswers(c *net.UDPConn, found func(from, local netip.Addr, packet []byte) bool) (bool, error) {
	buf := make([]byte, 2048)
	for range maxAnswers {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return false, err
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		local, err := localTo(from)
		if err == nil && found(from.Addr(), local, buf[:n]) {
			return true, nil
		}
	}
	return false, errors.New("too many answers to the search for a router")
}

// listen joins the group that routers announce to: that they started anew, or
// have another address. Without it that is noticed at the next look.
// RFC 6886 §3.2.1, RFC 6887 §14.1
func (s *sockets) listen(ctx context.Context, heard func(from netip.Addr)) {
	group := net.IPv4allsys
	if s.family == "udp6" {
		group = net.IPv6linklocalallnodes
	}
	for ; ctx.Err() == nil; sleep(ctx, lookInterval, nil) {
		c, err := net.ListenMulticastUDP(s.family, nil, &net.UDPAddr{IP: group, Port: announcePort})
		if err != nil {
			continue // without a network yet, most likely
		}
		stop := context.AfterFunc(ctx, func() { c.Close() })
		buf := make([]byte, maxPacket)
		for {
			_, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				break
			}
			heard(from.Addr().Unmap())
		}
		stop()
		c.Close()
	}
}

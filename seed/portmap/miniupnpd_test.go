package portmap

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

const labPort = 7448

var labPorts = []Port{{"tcp", labPort}, {"udp", labPort}}

// answerAtHome answers whoever gets through to the ports, at all addresses.
func answerAtHome(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf(":%d", labPort))
	if err != nil {
		t.Fatal(err)
	}
	p, err := net.ListenPacket("udp", fmt.Sprintf(":%d", labPort))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); p.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 100))
			fmt.Fprintln(c, "tcp at home")
			c.Close()
		}
	}()
	go func() {
		buf := make([]byte, 100)
		for {
			_, from, err := p.ReadFrom(buf)
			if err != nil {
				return
			}
			p.WriteTo([]byte("udp at home\n"), from)
		}
	}()
}

// speaking is the real network, with all protocols but one silenced.
func speaking(o Options, protocol string) network {
	if protocol == "PCP IPv6" {
		return newSockets(o, "udp6")
	}
	n := newSockets(o, "udp4")
	if protocol == "UPnP" {
		n.ask = func(context.Context, way, []byte, func([]byte) bool) error { return errSilence }
		return n
	}
	ask := n.ask
	n.search = nil
	n.ask = func(ctx context.Context, w way, packet []byte, accept func([]byte) bool) error {
		if (packet[0] == 0) != (protocol == "NAT-PMP") {
			return errSilence
		}
		return ask(ctx, w, packet, accept)
	}
	return n
}

// as is a network seen from another address of this machine.
func as(local netip.Addr, n network) network {
	theWay, search := n.way, n.search
	n.way = func() (way, error) {
		w, err := theWay()
		w.local = local
		return w, err
	}
	if search != nil {
		n.search = func(ctx context.Context, w way, found func(from, local netip.Addr, packet []byte) bool) error {
			return search(ctx, w, func(from, _ netip.Addr, packet []byte) bool { return found(from, local, packet) })
		}
	}
	n.http = &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: local.AsSlice()}}).DialContext, DisableKeepAlives: true}
	return n
}

// With miniupnpd, the router of half the world: by each protocol, ports are
// mapped and reached from outside, also after the router restarted and got
// another address, after a crash of ours, and where somebody has the port
// already; and after Close they are not reached any more.
func TestMiniupnpd(t *testing.T) {
	l := inLab(t, "miniupnpd", "nft")
	if l == nil {
		return
	}
	answerAtHome(t)
	for _, protocol := range []string{"PCP", "NAT-PMP", "UPnP", "PCP IPv6"} {
		t.Run(protocol, func(t *testing.T) { l.mapsAndReaches(t, protocol) })
	}
	for _, protocol := range []string{"PCP", "NAT-PMP", "UPnP"} {
		t.Run("taken, "+protocol, func(t *testing.T) { l.findsAnotherPort(t, protocol) })
	}
}

func (l *lab) mapsAndReaches(t *testing.T, protocol string) {
	lab := &lab{t, l.prefix}
	settings := "enable_natpmp=yes\nenable_upnp=yes"
	off := lab.router(settings)
	heard := make(chan Mapping, 100)
	o := Options{Ports: labPorts, OnChange: func(m Mapping) { heard <- m }}
	m := start(o, speaking(o, protocol))
	defer m.Close()
	want := netip.MustParseAddr("11.0.0.1")
	if protocol == "PCP IPv6" {
		want = netip.MustParseAddr("2001:db8:77::2")
	}
	lab.reached(m, want, labPort)

	t.Log("the router restarts")
	off()
	lab.router(settings)
	if lab.reach("tcp", netip.AddrPortFrom(want, labPort)) != "" {
		t.Fatal("the firewall lets everybody in")
	}
	lab.wake(m, protocol)
	lab.reached(m, want, labPort)

	if protocol != "PCP IPv6" {
		t.Log("the router has another address")
		lab.readdress("11.0.0.1", "11.0.0.7")
		defer lab.readdress("11.0.0.7", "11.0.0.1")
		want = netip.MustParseAddr("11.0.0.7")
		lab.wake(m, protocol)
		lab.reached(m, want, labPort)
	}

	m.Close()
	for _, p := range labPorts {
		if protocol == "PCP IPv6" { // miniupnpd 2.3.1 forgets the nonce of a pinhole that was renewed
			break
		}
		if got := lab.reach(p.Network, netip.AddrPortFrom(want, labPort)); got != "" {
			t.Errorf("after Close, %s is still reached: %q", p, got)
		}
	}
	if protocol != "PCP IPv6" && len(heard) != 2*len(labPorts) { // mapped, and at another address
		t.Errorf("%d changes told", len(heard))
	}

	t.Log("we crash and start again")
	crashed := start(o, speaking(o, protocol))
	defer crashed.Close()
	lab.reached(crashed, want, labPort)
	again := start(o, speaking(o, protocol))
	defer again.Close()
	lab.reached(again, want, labPort)
}

// findsAnotherPort has the ports mapped to a neighbour first.
func (l *lab) findsAnotherPort(t *testing.T, protocol string) {
	lab := &lab{t, l.prefix}
	lab.router("enable_natpmp=yes\nenable_upnp=yes")
	neighbour := start(Options{Ports: labPorts}, as(netip.MustParseAddr("192.168.77.3"), speaking(Options{}, protocol)))
	defer neighbour.Close()
	if got := await(t, neighbour); got.External.Port() != labPort {
		t.Fatalf("%+v", got)
	}
	m := start(Options{Ports: labPorts}, speaking(Options{}, protocol))
	defer m.Close()
	lab.reached(m, netip.MustParseAddr("11.0.0.1"), 0)
	if port := m.Status()[0].External.Port(); port == labPort {
		t.Errorf("both have port %d", port)
	}
}

func (l *lab) readdress(from, to string) {
	l.t.Helper()
	l.ip("router", "addr del "+from+"/24 dev wan")
	l.ip("router", "addr add "+to+"/24 dev wan")
	l.ip("router", "route replace default via 11.0.0.2")
}

// wake tells of the restart what miniupnpd does not always tell: UPnP has no way
// to, and the next look is minutes away.
func (l *lab) wake(m *Mapper, protocol string) {
	if protocol == "UPnP" {
		m.keepers[0].announced(netip.MustParseAddr("192.168.77.1"))
	}
}

// reached waits until both ports are mapped at an address, and goes there.
// The external port matters unless it is 0.
func (l *lab) reached(m *Mapper, host netip.Addr, port uint16) {
	l.t.Helper()
	var all []Mapping
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		all = m.Status()
		ok := true
		for _, one := range all {
			ok = ok && one.External.Addr() == host && l.reach(one.Port.Network, one.External) == one.Port.Network+" at home"
		}
		if ok && len(all) == len(labPorts) {
			if port != 0 && all[0].External.Port() != port || all[0].Problem != "" {
				l.t.Errorf("%+v", all[0])
			}
			return
		}
	}
	l.t.Fatalf("not reached at %s: %+v", host, all)
}

package main

import (
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"commonseed/publish"
	"commonseed/seed/portmap"
)

// ways are the ways in beside HTTP and the peer port: the tracker over UDP, on the
// port of HTTP, and the ports that a router leads here.
type ways struct {
	udp    *net.UDPConn    // nil: none
	mapper *portmap.Mapper // nil: none

	mu       sync.Mutex
	external [2]netip.AddrPort // of the peer port, over IPv4 and IPv6; zero: not mapped
}

// openWays opens them. Only a taken UDP port is an error; a router is asked for as
// long as the seeder runs.
func (s *server) openWays(c *publish.Config) error {
	at := s.http.Addr().String()
	conn, err := net.ListenPacket("udp", at)
	if err != nil {
		return &portError{"--http", at + " (UDP, of the tracker)", err}
	}
	s.ways.udp = conn.(*net.UDPConn)
	go func() {
		if err := s.track.ServeUDP(s.ways.udp); err != nil {
			s.log.Error("the tracker is not reached over UDP any more", "err", err)
		}
	}()
	if loopback(s.http.Addr()) || c.Seed.PortMapping != nil && !*c.Seed.PortMapping {
		return nil
	}
	port := uint16(s.engine.PeerPort())
	s.ways.mapper = portmap.New(portmap.Options{
		Ports:    []portmap.Port{{Network: "tcp", Number: port}, {Network: "udp", Number: port}},
		OnChange: s.mapped,
		Logger:   s.log,
	})
	return nil
}

// mapped has trackers and peers told where the world reaches the peer port now.
func (s *server) mapped(m portmap.Mapping) {
	if m.Port.Network != "tcp" {
		return
	}
	family := 0
	if m.Local.Addr().Is6() {
		family = 1
	}
	s.ways.mu.Lock()
	before := s.ways.external[family]
	s.ways.external[family] = m.External
	port, port6 := s.ways.external[0].Port(), s.ways.external[1].Port()
	s.ways.mu.Unlock()
	s.event(slog.LevelInfo, mappingText(m))
	s.engine.Announce(port, port6)
	if before.Addr().IsValid() && before.Addr() != m.External.Addr() {
		s.engine.AddressChanged()
	}
}

func mappingText(m portmap.Mapping) string {
	switch {
	case !m.External.IsValid():
		return "the router does not lead to the peer port any more: " + m.Problem
	case m.Problem != "":
		return "the router leads to the peer port at " + m.External.String() + ", but " + m.Problem
	}
	return "the router leads to the peer port at " + m.External.String() + " (" + m.Protocol + ")"
}

// mappings are the ports as the router has them.
func (s *server) mappings() []portmap.Mapping {
	if s.ways.mapper == nil {
		return nil
	}
	return s.ways.mapper.Status()
}

func (w *ways) close() {
	if w.udp != nil {
		w.udp.Close()
	}
	if w.mapper != nil {
		w.mapper.Close()
		w.mapper = nil
	}
}

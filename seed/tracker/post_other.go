//go:build !linux

package tracker

import (
	"net"
	"net/netip"
)

// post receives and sends packets one by one. It is for one goroutine.
type post struct {
	socket *net.UDPConn
	in     []byte
	n      int
	from   netip.AddrPort
}

func newPost(c *net.UDPConn) *post { return &post{socket: c, in: make([]byte, maxPacket)} }

// wantArrival does nothing: here the system chooses the sender of answers.
func wantArrival(*net.UDPConn) {}

// receive waits for a packet.
func (p *post) receive() (count int, err error) {
	p.n, p.from, err = p.socket.ReadFromUDPAddrPort(p.in)
	return 1, err
}

// packet is the packet that came, with its sender and where it arrived, as far as
// that is known.
func (p *post) packet(int) (data []byte, from, local netip.Addr) {
	if local = boundTo(p.socket); local.IsUnspecified() {
		local = netip.Addr{}
	}
	return p.in[:p.n], plain(p.from.Addr()), local
}

// answer sends an answer. What cannot be sent is lost, as anything may be on the way.
func (p *post) answer(_ int, data []byte) { _, _ = p.socket.WriteToUDPAddrPort(data, p.from) }

func (p *post) send() {}

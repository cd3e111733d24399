package tracker

import (
	"encoding/binary"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/net/ipv4"
)

// letters is how many packets a post takes at a time.
const letters = 32

// post receives and sends packets, many in one call of the system. It is for one
// goroutine, and takes sockets of IPv4, of IPv6 and of both.
type post struct {
	socket *ipv4.PacketConn
	bound  netip.Addr // of the socket; unspecified: the system says for each packet where it arrived
	in     []ipv4.Message
	out    []ipv4.Message
	routes [letters][]byte // what to say so that the answer leaves where the packet arrived
}

func newPost(c *net.UDPConn) *post {
	p := &post{socket: ipv4.NewPacketConn(c), bound: boundTo(c), in: make([]ipv4.Message, letters), out: make([]ipv4.Message, 0, letters)}
	for i := range p.in {
		p.in[i] = ipv4.Message{Buffers: [][]byte{make([]byte, maxPacket)}, OOB: make([]byte, 128)}
		p.out[:letters][i].Buffers = [][]byte{make([]byte, 0, maxAnswer)}
	}
	return p
}

// wantArrival has the system say of each packet at which of this machine's
// addresses it arrived. A socket that is bound to one address needs no such thing.
func wantArrival(c *net.UDPConn) {
	raw, err := c.SyscallConn()
	if err != nil || !boundTo(c).IsUnspecified() {
		return
	}
	_ = raw.Control(func(fd uintptr) { // without it, the system chooses the sender
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_PKTINFO, 1)
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, syscall.IPV6_RECVPKTINFO, 1)
	})
}

// receive waits for packets and returns how many came.
func (p *post) receive() (int, error) {
	p.out = p.out[:0]
	return p.socket.ReadBatch(p.in, 0)
}

// packet is a packet that came, with its sender and where it arrived.
func (p *post) packet(i int) (data []byte, from, local netip.Addr) {
	m := &p.in[i]
	local, p.routes[i] = p.bound, nil
	if p.bound.IsUnspecified() {
		local, p.routes[i] = arrival(m.OOB[:m.NN])
	}
	if a, ok := m.Addr.(*net.UDPAddr); ok {
		from = plain(a.AddrPort().Addr())
	}
	return m.Buffers[0][:m.N], from, local
}

// answer keeps an answer to a packet until send.
func (p *post) answer(i int, data []byte) {
	p.out = p.out[:len(p.out)+1]
	m := &p.out[len(p.out)-1]
	m.Buffers[0] = append(m.Buffers[0][:0], data...)
	m.Addr, m.OOB = p.in[i].Addr, p.routes[i]
}

// send sends the answers. What cannot be sent is lost, as anything may be on the way.
func (p *post) send() {
	for rest := p.out; len(rest) > 0; {
		n, err := p.socket.WriteBatch(rest, 0)
		if err != nil {
			n = max(n, 1)
		}
		rest = rest[n:]
	}
}

// arrival reads the address from what the system said, and makes of it, in place,
// what to say when answering: that the answer goes out from this address. Else it
// might leave from another one, where no client expects it.
func arrival(control []byte) (netip.Addr, []byte) {
	if len(control) < syscall.SizeofCmsghdr {
		return netip.Addr{}, nil
	}
	kind := control[syscall.SizeofCmsghdr-8:]
	level, typ := binary.NativeEndian.Uint32(kind), binary.NativeEndian.Uint32(kind[4:])
	switch data := control[syscall.CmsgLen(0):]; {
	case level == syscall.IPPROTO_IP && typ == syscall.IP_PKTINFO && len(data) >= syscall.SizeofInet4Pktinfo:
		clear(data[:4]) // the interface: routes know better
		if [4]byte(data[4:]) == [4]byte{} {
			copy(data[4:8], data[8:12]) // the packet was there before wantArrival
		}
		return netip.AddrFrom4([4]byte(data[4:])), control[:syscall.CmsgSpace(syscall.SizeofInet4Pktinfo)]
	case level == syscall.IPPROTO_IPV6 && typ == syscall.IPV6_PKTINFO && len(data) >= syscall.SizeofInet6Pktinfo:
		addr := netip.AddrFrom16([16]byte(data))
		if !addr.IsLinkLocalUnicast() {
			clear(data[16:20])
		}
		return addr.Unmap(), control[:syscall.CmsgSpace(syscall.SizeofInet6Pktinfo)]
	}
	return netip.Addr{}, nil
}

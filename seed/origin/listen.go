package origin

import (
	"errors"
	"net"
	"strconv"
	"syscall"
)

// listen opens the peer port: TCP, and the same number for UDP, of each IP
// version that ListenHost has. All UDP connections refuse uTP.
func listen(o Options) (net.Listener, []net.PacketConn, error) {
	for tries := 0; ; tries++ {
		l, err := net.Listen("tcp", net.JoinHostPort(o.ListenHost, strconv.Itoa(o.PeerPort)))
		if err != nil {
			return nil, nil, err
		}
		packets, err := listenUDP(l.Addr().(*net.TCPAddr), o.ListenHost)
		if err == nil {
			return l, packets, nil
		}
		l.Close()
		if o.PeerPort != 0 || !errors.Is(err, syscall.EADDRINUSE) || tries == 10 {
			return nil, nil, err
		}
	}
}

// listenUDP opens the UDP ports beside a TCP port. An IP version that the system
// does not have is left out.
func listenUDP(at *net.TCPAddr, host string) (packets []net.PacketConn, err error) {
	for _, network := range []string{"udp4", "udp6"} {
		if !at.IP.IsUnspecified() && (network == "udp4") != (at.IP.To4() != nil) {
			continue
		}
		p, err := net.ListenPacket(network, net.JoinHostPort(host, strconv.Itoa(at.Port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			for _, p := range packets {
				p.Close()
			}
			return nil, err
		}
		if err == nil {
			packets = append(packets, withoutUTP{p})
		}
	}
	return packets, nil
}

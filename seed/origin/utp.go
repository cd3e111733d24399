package origin

import (
	"encoding/binary"
	"errors"
	"net"
	"time"
)

// We do not speak uTP (BEP 29), but most clients try it first, and wait three
// seconds for an answer before they come over TCP. So each attempt is refused at
// once.

// Types of uTP packets, in the upper half of their first byte beside version 1.
const (
	utpSyn    = 0x41
	utpReset  = 0x31
	utpHeader = 20 // bytes
)

// refusal is the packet that refuses a uTP connection, nil if p opens none. It
// is never larger than p.
func refusal(p []byte) []byte {
	if len(p) < utpHeader || p[0] != utpSyn {
		return nil
	}
	r := make([]byte, utpHeader)
	r[0] = utpReset
	copy(r[2:4], p[2:4]) // the connection id
	binary.BigEndian.PutUint32(r[4:], uint32(time.Now().UnixMicro()))
	copy(r[18:20], p[16:18]) // acknowledges the packet
	return r
}

// withoutUTP is a packet connection that refuses uTP by itself.
type withoutUTP struct{ net.PacketConn }

func (c withoutUTP) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, addr, err := c.PacketConn.ReadFrom(b)
		if err != nil {
			return n, addr, err
		}
		r := refusal(b[:n])
		if r == nil {
			return n, addr, nil
		}
		_, _ = c.PacketConn.WriteTo(r, addr)
	}
}

// drain reads from a packet connection that nobody else reads from, until it is
// closed.
func drain(c net.PacketConn) {
	b := make([]byte, 2048)
	for {
		if _, _, err := c.ReadFrom(b); errors.Is(err, net.ErrClosed) {
			return
		} else if err != nil {
			time.Sleep(10 * time.Millisecond) // an answer that did not arrive, most likely
		}
	}
}

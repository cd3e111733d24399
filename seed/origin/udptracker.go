package origin

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"time"
)

// Actions of the UDP tracker protocol. BEP 15
const (
	udpConnect  = 0
	udpAnnounce = 1
	udpError    = 3

	udpMagic = 0x41727101980
	udpWait  = 5 * time.Second // for an answer, before asking once more
)

func (e *Engine) announceUDP(ctx context.Context, a announcement) (reply, error) {
	u, err := url.Parse(a.url)
	if err != nil {
		return reply{}, err
	}
	var d net.Dialer
	nc, err := d.DialContext(ctx, "udp", u.Host)
	if err != nil {
		return reply{}, err
	}
	defer nc.Close()
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	answer, err := udpAsk(nc, udpConnect, binary.BigEndian.AppendUint64(nil, udpMagic), nil)
	if err != nil {
		return reply{}, err
	}
	if len(answer) < 8 {
		return reply{}, errors.New("UDP tracker sent no connection id")
	}
	answer, err = udpAsk(nc, udpAnnounce, answer[:8], e.udpAnnounceBody(a))
	if err != nil {
		return reply{}, err
	}
	return parseUDPAnnounce(answer, nc.RemoteAddr())
}

func (e *Engine) udpAnnounceBody(a announcement) []byte {
	event := map[string]uint32{eventNone: 0, eventStarted: 2, eventStopped: 3}[a.event]
	b := append(a.infohash[:len(a.infohash):len(a.infohash)], e.peerID[:]...)
	b = binary.BigEndian.AppendUint64(b, 0) // downloaded
	b = binary.BigEndian.AppendUint64(b, 0) // left
	b = binary.BigEndian.AppendUint64(b, uint64(a.t.uploaded.Load()))
	b = binary.BigEndian.AppendUint32(b, event)
	b = binary.BigEndian.AppendUint32(b, 0) // our address: as the tracker sees it
	b = append(b, e.peerID[16:]...)         // key
	b = binary.BigEndian.AppendUint32(b, 50)
	return binary.BigEndian.AppendUint16(b, uint16(e.PeerPort()))
}

// udpAsk sends a packet (connection id, action, transaction, body), twice if
// need be, and returns what the answer holds after action and transaction.
func udpAsk(nc net.Conn, action uint32, id, body []byte) ([]byte, error) {
	transaction := rand.Uint32()
	packet := binary.BigEndian.AppendUint32(append([]byte(nil), id...), action)
	packet = binary.BigEndian.AppendUint32(packet, transaction)
	packet = append(packet, body...)
	buf := make([]byte, 8<<10)
	var err error
	for range 2 {
		if _, err = nc.Write(packet); err != nil {
			return nil, err
		}
		deadline := time.Now().Add(udpWait)
		nc.SetReadDeadline(deadline)
		for time.Now().Before(deadline) {
			var n int
			if n, err = nc.Read(buf); err != nil {
				break
			}
			if n < 8 || binary.BigEndian.Uint32(buf[4:]) != transaction {
				continue // somebody else's, or old
			}
			switch binary.BigEndian.Uint32(buf) {
			case action:
				return buf[8:n], nil
			case udpError:
				return nil, fmt.Errorf("tracker refused: %.200q", buf[8:n])
			}
		}
	}
	return nil, fmt.Errorf("UDP tracker does not answer: %w", err)
}

// parseUDPAnnounce reads interval, leechers, seeders and the peers, whose size
// depends on the family the tracker was reached by.
func parseUDPAnnounce(b []byte, tracker net.Addr) (reply, error) {
	if len(b) < 12 {
		return reply{}, errors.New("UDP tracker answer is too short")
	}
	size := 4
	if a, ok := tracker.(*net.UDPAddr); ok && a.IP.To4() == nil {
		size = 16
	}
	interval := int64(int32(binary.BigEndian.Uint32(b)))
	return reply{interval: seconds(interval), peers: compactPeers(b[12:], size)}, nil
}

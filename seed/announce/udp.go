package announce

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"time"
)

// Actions of the UDP tracker protocol, and its times. BEP 15
const (
	udpConnect  = 0
	udpAnnounce = 1
	udpError    = 3

	udpMagic     = 0x41727101980
	udpConnected = time.Minute // how long a connection id is good
	udpHeader    = 16          // connection id, action, transaction
)

// udpPath is what is known about a UDP tracker over one family.
type udpPath struct {
	id        uint64 // connection id
	connected time.Time
}

func (w *wire) askUDP(ctx context.Context, f family, r request) (answer, error) {
	l, s := r.tracker.link, w.udp[f]
	addrs, err := l.resolve(ctx, f)
	if err != nil {
		return answer{}, err
	}
	port, err := portOf(l.url.Port())
	if err != nil {
		return answer{}, err
	}
	to := netip.AddrPortFrom(addrs[0], port)
	id, fresh, err := l.connect(ctx, s, to)
	if err != nil {
		return answer{}, err
	}
	packet := w.udpPacket(f, r, id)
	if r.last {
		time.Sleep(time.Millisecond) // a burst, not a flood
		return answer{}, s.send(to, packet)
	}
	body, err := s.exchange(ctx, to, packet)
	if err == nil {
		return parseUDPAnswer(body, f)
	}
	_, refused := errors.AsType[*failure](err)
	l.disconnect(f, to, !refused)
	if refused && !fresh { // perhaps it was only the connection id
		return w.askUDP(ctx, f, r)
	}
	return answer{}, err
}

// udpPacket is the announce request of BEP 15, with the path of the URL. BEP 41
func (w *wire) udpPacket(f family, r request, id uint64) []byte {
	event := map[string]uint32{eventNone: 0, eventStarted: 2, eventStopped: 3}[r.event]
	b := make([]byte, udpHeader, 128)
	binary.BigEndian.PutUint64(b, id)
	binary.BigEndian.PutUint32(b[8:], udpAnnounce)
	b = append(append(b, r.hash[:]...), w.peerID[:]...)
	b = binary.BigEndian.AppendUint64(b, 0) // downloaded
	b = binary.BigEndian.AppendUint64(b, 0) // left
	b = binary.BigEndian.AppendUint64(b, uint64(w.uploaded(r.id)))
	b = binary.BigEndian.AppendUint32(b, event)
	b = binary.BigEndian.AppendUint32(b, 0) // our address: as the tracker sees it
	b = binary.BigEndian.AppendUint32(b, w.key())
	b = binary.BigEndian.AppendUint32(b, uint32(wanted(r)))
	b = binary.BigEndian.AppendUint16(b, w.port(f))
	data := r.tracker.link.url.RequestURI()
	if data == "/" {
		return b
	}
	for len(data) > 0 {
		n := min(len(data), 255)
		b = append(append(b, 2, byte(n)), data[:n]...)
		data = data[n:]
	}
	return b
}

// connect answers with a connection id that is good for a while, and whether
// it was just got.
func (l *link) connect(ctx context.Context, s *udpSocket, to netip.AddrPort) (id uint64, fresh bool, err error) {
	l.mu.Lock()
	p := l.paths[s.family].udp
	l.mu.Unlock()
	if !p.connected.IsZero() && time.Since(p.connected) < udpConnected {
		return p.id, false, nil
	}
	b := make([]byte, udpHeader)
	binary.BigEndian.PutUint64(b, udpMagic)
	binary.BigEndian.PutUint32(b[8:], udpConnect)
	sent := time.Now()
	body, err := s.exchange(ctx, to, b)
	if err == nil && len(body) < 8 {
		err = errors.New("UDP tracker sent no connection id")
	}
	if err != nil {
		l.disconnect(s.family, to, true)
		return 0, false, err
	}
	id = binary.BigEndian.Uint64(body)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paths[s.family].udp.id, l.paths[s.family].udp.connected = id, sent
	return id, true, nil
}

// disconnect forgets the connection id. With turn it goes on to the next address of
// the host.
func (l *link) disconnect(f family, to netip.AddrPort, turn bool) {
	if turn {
		l.pass(f, to.Addr())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paths[f].udp.connected = time.Time{}
}

// parseUDPAnswer reads interval, leechers, seeds and the peers, whose size
// depends on the family the tracker was reached by. BEP 15
func parseUDPAnswer(b []byte, f family) (answer, error) {
	if len(b) < 12 {
		return answer{}, errors.New("UDP tracker answer is too short")
	}
	signed := func(at int) int64 { return int64(int32(binary.BigEndian.Uint32(b[at:]))) }
	return answer{
		interval: seconds(signed(0)),
		leechers: count(signed(4)),
		seeds:    count(signed(8)),
		peers:    validPeers(compactPeers(b[12:], [...]int{4, 16}[f])),
	}, nil
}

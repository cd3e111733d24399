package announce

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	udpWait     = 15 * time.Second // BEP 15
	udpTries    = 2
	maxDatagram = 4 << 10 // 200 peers over IPv6
)

// udpSocket speaks to all trackers of one family. Answers are told apart by
// transaction and address. It opens when it is first needed.
type udpSocket struct {
	family family
	wait   time.Duration // for an answer, then twice that

	mu      sync.Mutex
	conn    *net.UDPConn // nil: not open
	closed  bool
	waiting map[uint32]waiter
	wg      sync.WaitGroup
}

func newUDPSocket(f family) *udpSocket {
	return &udpSocket{family: f, wait: udpWait, waiting: map[uint32]waiter{}}
}

type waiter struct {
	from   netip.AddrPort
	answer chan []byte // from the action on
}

var errSocketClosed = errors.New("closed")

func (s *udpSocket) open() (*net.UDPConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errSocketClosed
	}
	if s.conn == nil {
		conn, err := net.ListenUDP(s.family.network("udp"), nil)
		if err != nil {
			return nil, err
		}
		s.conn = conn
		s.wg.Go(func() { s.read(conn) })
	}
	return s.conn, nil
}

func (s *udpSocket) close() {
	s.mu.Lock()
	s.closed = true
	if s.conn != nil {
		s.conn.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// read hands answers to those who wait for them.
func (s *udpSocket) read(conn *net.UDPConn) {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // such as: no memory
			continue
		}
		if n < 8 {
			continue
		}
		s.mu.Lock()
		w, ok := s.waiting[binary.BigEndian.Uint32(buf[4:])]
		s.mu.Unlock()
		if ok && w.from == netip.AddrPortFrom(from.Addr().Unmap(), from.Port()) {
			select {
			case w.answer <- append([]byte(nil), buf[:n]...):
			default:
			}
		}
	}
}

func (s *udpSocket) send(to netip.AddrPort, packet []byte) error {
	conn, err := s.open()
	if err != nil {
		return err
	}
	_, err = conn.WriteToUDPAddrPort(packet, to)
	return err
}

// exchange sends a packet, gives it a transaction, and sends it again if need
// be. It returns what the answer holds after action and transaction.
func (s *udpSocket) exchange(ctx context.Context, to netip.AddrPort, packet []byte) ([]byte, error) {
	action := binary.BigEndian.Uint32(packet[8:])
	w := waiter{to, make(chan []byte, 1)}
	transaction := s.await(w)
	defer s.forget(transaction)
	binary.BigEndian.PutUint32(packet[12:], transaction)
	for try := range udpTries {
		if err := s.send(to, packet); err != nil {
			return nil, err
		}
		timer := time.NewTimer(s.wait << try)
		for waiting := true; waiting; {
			select {
			case b := <-w.answer:
				switch binary.BigEndian.Uint32(b) {
				case action:
					timer.Stop()
					return b[8:], nil
				case udpError:
					timer.Stop()
					return nil, &failure{why: brief(string(bytes.TrimRight(b[8:], "\x00"))), refused: true}
				}
			case <-timer.C:
				waiting = false
			case <-ctx.Done():
				timer.Stop()
				return nil, ctx.Err()
			}
		}
	}
	return nil, errors.New("UDP tracker does not answer")
}

// await gives out a transaction nobody else has.
func (s *udpSocket) await(w waiter) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		n := rand.Uint32()
		if _, taken := s.waiting[n]; !taken {
			s.waiting[n] = w
			return n
		}
	}
}

func (s *udpSocket) forget(transaction uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, transaction)
}

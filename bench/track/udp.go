package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
)

// udpClient announces over UDP, many at a time: one call of the system sends them, and
// few receive the answers. BEP 15
type udpClient struct {
	nc   *net.UDPConn
	many *ipv4.PacketConn
	id   []byte
	out  []ipv4.Message
	in   []ipv4.Message
	turn uint32 // of the batch; answers to an older one do not count
}

func openUDP(worker int, tracker netip.AddrPort) (client, error) {
	nc, err := net.DialUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(source(worker), 0)), net.UDPAddrFromAddrPort(tracker))
	if err != nil {
		return nil, err
	}
	c := &udpClient{nc: nc, many: ipv4.NewPacketConn(nc)}
	for range batch {
		c.out = append(c.out, ipv4.Message{Buffers: [][]byte{make([]byte, 98)}})
		c.in = append(c.in, ipv4.Message{Buffers: [][]byte{make([]byte, 2048)}})
	}
	if err := c.connect(); err != nil {
		nc.Close()
		return nil, err
	}
	return c, nil
}

func (c *udpClient) connect() error {
	packet := binary.BigEndian.AppendUint64(nil, 0x41727101980)
	packet = append(packet, 0, 0, 0, 0, 't', 'a', 'k', 'e')
	answer := make([]byte, 2048)
	var err error
	for range 5 {
		if _, err = c.nc.Write(packet); err != nil {
			return err
		}
		c.nc.SetReadDeadline(time.Now().Add(time.Second))
		var n int
		if n, err = c.nc.Read(answer); err == nil && n == 16 {
			c.id = answer[8:16]
			return nil
		}
	}
	return fmt.Errorf("no connection id: %w", err)
}

func (c *udpClient) announce(peers []peer) (int, error) {
	c.turn++
	for i, p := range peers {
		c.write(c.out[i].Buffers[0], p)
	}
	for sent := 0; sent < len(peers); {
		n, err := c.many.WriteBatch(c.out[sent:len(peers)], 0)
		if err != nil {
			return 0, err
		}
		sent += n
	}
	c.nc.SetReadDeadline(time.Now().Add(time.Second))
	got := 0
	for got < len(peers) {
		n, err := c.many.ReadBatch(c.in[:len(peers)-got], 0)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return got, nil // the rest is lost
		}
		if err != nil {
			return got, err
		}
		for _, m := range c.in[:n] {
			answer := m.Buffers[0][:m.N]
			if len(answer) < 20 || binary.BigEndian.Uint32(answer) != 1 {
				return got, fmt.Errorf("tracker answered %.100q", answer)
			}
			if binary.BigEndian.Uint32(answer[4:]) == c.turn {
				got++
			}
		}
	}
	return got, nil
}

// write makes the packet of an announce.
func (c *udpClient) write(b []byte, p peer) {
	copy(b, c.id)
	binary.BigEndian.PutUint32(b[8:], 1)
	binary.BigEndian.PutUint32(b[12:], c.turn)
	copy(b[16:], p.infohash[:])
	copy(b[36:], "-XX0000-000000000000")
	binary.BigEndian.PutUint64(b[64:], p.left)
	binary.BigEndian.PutUint32(b[92:], numwant)
	binary.BigEndian.PutUint16(b[96:], p.port)
}

func (c *udpClient) close() { c.nc.Close() }

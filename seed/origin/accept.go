package origin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"time"
)

// acceptLoop takes incoming connections until the listener is closed.
func (e *Engine) acceptLoop(ctx context.Context) {
	for {
		nc, err := e.listener.Accept()
		if err == nil {
			e.serve(nc, (*conn).receive)
			continue
		}
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			return
		}
		e.log.Warn("accept", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond): // out of descriptors, most likely
		}
	}
}

// errNoRoom ends a connection beyond the limits.
var errNoRoom = errors.New("no room for another peer")

// serve runs a new connection in the background. When there are too many it
// closes it and reports false. handshake sets t, a and hello of the conn.
func (e *Engine) serve(nc net.Conn, handshake func(*conn) error) bool {
	c := newConn(e, nc)
	if !e.enterConn(c) {
		nc.Close()
		return false
	}
	go func() {
		defer e.wg.Done()
		defer e.leave(c)
		defer c.contain()
		nc.SetDeadline(time.Now().Add(handshakeTime))
		if err := handshake(c); err != nil {
			e.log.Debug("handshake failed", "peer", nc.RemoteAddr(), "err", err)
			return
		}
		nc.SetDeadline(time.Time{})
		e.greeted(c)
		err := c.run()
		e.log.Debug("peer left", "peer", nc.RemoteAddr(), "infohash", c.t.id, "encrypted", c.encrypted, "why", err)
	}()
	return true
}

// contain keeps a fault that one peer brings about from the others.
func (c *conn) contain() {
	if p := recover(); p != nil {
		c.e.log.Error("internal fault while serving a peer", "fault", p, "stack", string(debug.Stack()))
		c.close()
	}
}

// receive is the handshake of an incoming connection, plain or encrypted.
func (c *conn) receive() error {
	start, err := c.r.Peek(len(protocol))
	if err != nil {
		return err
	}
	if string(start) != protocol {
		if err := c.acceptEncrypted(); err != nil {
			return err
		}
	}
	if c.hello, err = c.readHello(); err != nil {
		return err
	}
	if c.hello.peerID == c.e.peerID {
		return errors.New("connected to ourselves")
	}
	if c.t = c.e.bySwarm(c.hello.infohash); c.t == nil {
		return fmt.Errorf("unknown infohash %x", c.hello.infohash)
	}
	if c.a, err = c.e.wake(c.t); err != nil {
		return err
	}
	return c.emit(c.ourHello(c.a.answer(c.hello)).bytes())
}

// answer is the infohash to answer a handshake with: the v2 one, if the peer
// came with the v1 one of a hybrid and would speak v2. BEP 52
func (l *layout) answer(h hello) [20]byte {
	if l.hasV2 && h.reserved[7]&bitV2 != 0 {
		return [20]byte(l.v2[:20])
	}
	return h.infohash
}

func (c *conn) readHello() (hello, error) {
	b := make([]byte, helloSize)
	if _, err := io.ReadFull(c.r, b); err != nil {
		return hello{}, err
	}
	return parseHello(b)
}

func (c *conn) ourHello(infohash [20]byte) hello {
	h := hello{infohash: infohash, peerID: c.e.peerID}
	h.reserved[5] = bitExtended
	h.reserved[7] = bitFast
	if c.e.dhtPort != 0 {
		h.reserved[7] |= bitDHT
	}
	if c.a != nil && c.a.hasV2 {
		h.reserved[7] |= bitV2
	}
	return h
}

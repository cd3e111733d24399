package origin

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/anacrolix/torrent/mse"
)

const handshakeTime = 15 * time.Second

// acceptLoop takes incoming connections until the listener is closed.
func (e *Engine) acceptLoop(ctx context.Context) {
	for {
		nc, err := e.listener.Accept()
		if err == nil {
			e.serve(ctx, nc, (*conn).receive)
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

// serve runs a new connection in the background. When there are too many it
// closes it and reports false. handshake sets conn.t and conn.hello.
func (e *Engine) serve(ctx context.Context, nc net.Conn, handshake func(*conn, context.Context) error) bool {
	c := newConn(e, nc)
	e.mu.Lock()
	refuse := e.closed || len(e.conns) >= e.maxPeers
	if !refuse {
		e.conns[c] = struct{}{}
		e.wg.Add(1)
	}
	e.mu.Unlock()
	if refuse {
		nc.Close()
		return false
	}
	go func() {
		defer e.wg.Done()
		defer e.leave(c)
		nc.SetDeadline(time.Now().Add(handshakeTime))
		if err := handshake(c, ctx); err != nil {
			e.log.Debug("handshake failed", "peer", nc.RemoteAddr(), "err", err)
			return
		}
		nc.SetDeadline(time.Time{})
		c.run(ctx)
	}()
	return true
}

func (e *Engine) leave(c *conn) {
	c.close()
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.conns, c)
}

// receive is the handshake of an incoming connection, plain or encrypted.
func (c *conn) receive(ctx context.Context) error {
	start, err := c.r.Peek(len(protocol))
	if err != nil {
		return err
	}
	if string(start) != protocol {
		if err := c.receiveEncrypted(ctx); err != nil {
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
	_, err = c.w.Write(c.ourHello(c.t.answer(c.hello)).bytes())
	return err
}

// answer is the infohash to answer a handshake with: the v2 one, if the peer
// came with the v1 one of a hybrid and would speak v2. BEP 52
func (l *layout) answer(h hello) [20]byte {
	if l.hasV2 && h.reserved[7]&bitV2 != 0 {
		return [20]byte(l.v2[:20])
	}
	return h.infohash
}

// receiveEncrypted answers a Message Stream Encryption handshake and leaves the
// connection in the cleartext it carries.
func (c *conn) receiveEncrypted(ctx context.Context) error {
	rw, _, err := mse.ReceiveHandshake(ctx, stream{c.r, c.nc}, c.e.secretKeys, mse.DefaultCryptoSelector)
	if err != nil {
		return fmt.Errorf("encryption handshake: %w", err)
	}
	c.r, c.w = bufio.NewReader(rw), rw
	return nil
}

type stream struct {
	io.Reader
	io.Writer
}

// secretKeys offers every infohash to an encryption handshake.
func (e *Engine) secretKeys(yield func([]byte) bool) {
	e.mu.Lock()
	keys := make([][20]byte, 0, len(e.swarms))
	for h := range e.swarms {
		keys = append(keys, h)
	}
	e.mu.Unlock()
	for _, k := range keys {
		if !yield(bytes.Clone(k[:])) {
			return
		}
	}
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
	if c.e.dht != nil {
		h.reserved[7] |= bitDHT
	}
	if c.t != nil && c.t.hasV2 {
		h.reserved[7] |= bitV2
	}
	return h
}

package origin

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// Bounds on what one peer costs.
const (
	maxQueue      = 1024            // requests waiting
	maxControl    = 512 << 10       // bytes of answers waiting, other than blocks
	batch         = 128 << 10       // bytes of blocks read before they are written
	silence       = 3 * time.Minute // without a message; a keep-alive comes every two. BEP 3
	stall         = time.Minute     // for a write to be taken
	keepAlive     = 100 * time.Second
	metadataPiece = 16 << 10 // BEP 9
)

// ourMetadataID is the number under which peers send us ut_metadata. BEP 10
const ourMetadataID = 1

// conn is one connected peer. Two goroutines serve it: run reads, write writes.
type conn struct {
	e     *Engine
	nc    net.Conn // for deadlines, addresses and Close
	r     *bufio.Reader
	w     io.Writer // to nc, encrypted where the peer wants it
	t     *torrent  // set by the handshake
	hello hello     // what the peer said

	// Used by the reading goroutine alone.
	have       bitset
	metadataID byte // the peer's number for ut_metadata, 0: not spoken
	buf        []byte

	wake chan struct{} // something to write
	room chan struct{} // some was written
	done chan struct{} // closed

	mu      sync.Mutex
	control []byte  // messages that go before blocks
	queue   []block // requests, oldest first
	closed  bool
	listens netip.AddrPort // where the peer can be reached, if it told
}

func newConn(e *Engine, nc net.Conn) *conn {
	return &conn{
		e: e, nc: nc, r: bufio.NewReader(nc), w: nc,
		wake: make(chan struct{}, 1), room: make(chan struct{}, 1), done: make(chan struct{}),
	}
}

func (c *conn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		close(c.done)
		c.nc.Close()
	}
}

// run serves a peer after the handshake, to its end.
func (c *conn) run(ctx context.Context) {
	if !c.t.join(c) {
		return
	}
	defer c.t.leave(c)
	c.have = newBitset(c.t.numPieces())
	c.greet()
	var wg sync.WaitGroup
	wg.Go(func() { c.write(ctx) })
	err := c.read()
	c.close()
	wg.Wait()
	c.e.log.Debug("peer left", "peer", c.nc.RemoteAddr(), "infohash", c.t.id, "why", err)
}

type extendedHandshake struct {
	M            map[string]int `bencode:"m"`
	MetadataSize int            `bencode:"metadata_size,omitempty"`
	Port         int            `bencode:"p,omitempty"`
	Reqq         int            `bencode:"reqq,omitempty"`
	UploadOnly   int            `bencode:"upload_only,omitempty"` // BEP 21
	Version      string         `bencode:"v,omitempty"`
	YourIP       []byte         `bencode:"yourip,omitempty"`
}

// greet tells the peer who we are, that we have everything, and that it may ask.
func (c *conn) greet() {
	var out []byte
	if c.hello.extended() {
		body, err := bencode.Marshal(&extendedHandshake{
			M:            map[string]int{"ut_metadata": ourMetadataID},
			MetadataSize: len(c.t.info),
			Port:         c.e.PeerPort(),
			Reqq:         maxQueue / 2,
			UploadOnly:   1,
			Version:      "commonseed",
			YourIP:       remote(c.nc).Addr().AsSlice(),
		})
		if err == nil {
			out = append(out, message(msgExtended, append([]byte{0}, body...))...)
		}
	}
	if c.hello.fast() {
		out = append(out, message(msgHaveAll, nil)...)
	} else {
		out = append(out, message(msgBitfield, fullBitfield(c.t.numPieces()))...)
	}
	if c.e.dht != nil && c.hello.reserved[7]&bitDHT != 0 && !c.t.private {
		out = append(out, message(msgPort, binary.BigEndian.AppendUint16(nil, uint16(c.e.PeerPort())))...)
	}
	c.send(append(out, message(msgUnchoke, nil)...))
}

// remote is the peer's address, IPv4 where it is one.
func remote(nc net.Conn) netip.AddrPort {
	a, ok := nc.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	p := a.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

// send queues messages, and waits while too much is queued.
func (c *conn) send(msg []byte) {
	for {
		c.mu.Lock()
		if c.closed || len(c.control) <= maxControl {
			c.control = append(c.control, msg...)
			c.mu.Unlock()
			signal(c.wake)
			return
		}
		c.mu.Unlock()
		select {
		case <-c.room:
		case <-c.done:
		}
	}
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// errSeed ends the connection of two that need nothing of each other.
var errSeed = errors.New("the peer has everything")

func (c *conn) read() error {
	limit := uint32(max(maxExtended, len(c.have.bits)) + 2)
	for {
		c.nc.SetReadDeadline(time.Now().Add(silence))
		kind, payload, ok, err := readMessage(c.r, c.buf, limit)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if cap(payload) > cap(c.buf) {
			c.buf = payload[:0]
		}
		if err := c.handle(kind, payload); err != nil {
			return err
		}
	}
}

// write sends what is queued, until the peer is closed.
func (c *conn) write(ctx context.Context) {
	defer c.close()
	idle := time.NewTimer(keepAlive)
	defer idle.Stop()
	for {
		control, blocks := c.take()
		if len(control)+len(blocks) == 0 {
			select {
			case <-c.done:
				return
			case <-c.wake:
				continue
			case <-idle.C:
				control = make([]byte, 4) // keep-alive. BEP 3
			}
		}
		idle.Reset(keepAlive)
		if c.e.limit != nil && len(control) > 0 && len(blocks) > 0 {
			if c.deliver(ctx, control, nil) != nil { // does not wait for the blocks
				return
			}
			control = nil
		}
		if c.deliver(ctx, control, blocks) != nil {
			return
		}
	}
}

// take removes what is to be written next: with an upload limit one block, so
// that peers take turns.
func (c *conn) take() (control []byte, blocks []block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	control, c.control = c.control, nil
	most := batch
	if c.e.limit != nil {
		most = 0
	}
	n, size := 0, 0
	for n < len(c.queue) && (n == 0 || size+int(c.queue[n].length) <= most) {
		size += int(c.queue[n].length)
		n++
	}
	blocks = append(blocks, c.queue[:n]...)
	c.queue = append(c.queue[:0], c.queue[n:]...)
	signal(c.room)
	return control, blocks
}

// buffers hold what is written at once, and only while it is.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (c *conn) deliver(ctx context.Context, control []byte, blocks []block) error {
	pooled := buffers.Get().(*[]byte)
	defer buffers.Put(pooled)
	out := append((*pooled)[:0], control...)
	payload := 0
	for _, b := range blocks {
		n := len(out)
		out = binary.BigEndian.AppendUint32(out, 9+b.length)
		out = append(out, msgPiece)
		out = binary.BigEndian.AppendUint32(out, b.index)
		out = binary.BigEndian.AppendUint32(out, b.begin)
		out = append(out, make([]byte, b.length)...)
		at := int64(b.index)*c.t.pieceLength + int64(b.begin)
		if err := c.e.handles.read(c.t, out[n+13:], at); err != nil {
			if !exhausted(err) {
				c.e.suspend(c.t, err.Error())
			}
			return err
		}
		payload += int(b.length)
		if c.e.limit != nil {
			if err := c.e.limit.WaitN(ctx, int(b.length)); err != nil {
				return err
			}
		}
	}
	*pooled = out
	c.nc.SetWriteDeadline(time.Now().Add(stall))
	if _, err := c.w.Write(out); err != nil {
		return err
	}
	c.t.uploaded.Add(int64(payload))
	return nil
}

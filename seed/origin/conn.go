package origin

import (
	"bufio"
	"crypto/rc4"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// Bounds on what one peer costs.
const (
	maxQueue      = 1024            // requests waiting
	maxControl    = 64 << 10        // bytes of answers waiting, other than blocks
	silence       = 3 * time.Minute // without a message; a keep-alive comes every two. BEP 3
	stall         = time.Minute     // for a write to be taken
	keepAlive     = 100 * time.Second
	readAhead     = 1 << 10  // bytes of what peers say that are read at once
	metadataPiece = 16 << 10 // BEP 9
)

// ourMetadataID is the number under which peers send us ut_metadata. BEP 10
const ourMetadataID = 1

// conn is one connected peer. One goroutine reads, and a second one writes while
// there is something to write.
type conn struct {
	e                  *Engine
	nc                 net.Conn // for deadlines, addresses and Close
	r                  *bufio.Reader
	cipher             *rc4.Cipher // of what we write, nil in the clear
	t                  *torrent    // set by the handshake
	a                  *awake      // set by the handshake
	hello              hello       // what the peer said
	since              time.Time
	dialled, encrypted bool

	heard, wrote atomic.Int64 // when last, by the engine's clock
	sent         atomic.Int64 // bytes of blocks
	gained       atomic.Int64 // pieces it told of since it came
	super        atomic.Bool  // told of single pieces. BEP 16
	greeted      atomic.Bool  // has shaken hands
	pexID        atomic.Int32 // the peer's number for ut_pex, 0: not spoken

	batch int // bytes of blocks to write at once; used by the writing goroutine alone

	// Used by the reading goroutine alone.
	metadataID byte // the peer's number for ut_metadata, 0: not spoken
	buf        []byte
	hashed     int64 // bytes read for hash requests
	pexTaken   time.Time

	// Under the lock of awake.
	have       bitset
	grew       time.Time // when it last got a piece
	sated      bool      // told of all pieces that it lacks
	deaf       bool      // did not ask for the last piece that it was told of
	errands    []errand
	kept       int // pieces that no other peer has yet
	passed     int // pieces that others got from it first
	given      int // pieces it was told of
	meter      meter
	exchanging bool // is told of other peers

	// Under the lock of choker.
	turn                     time.Time // since when it holds a slot, or waits
	sentBefore, gainedBefore int64     // when it got its slot
	sentLast                 int64     // at the last round
	wasted                   int       // slots it did not use

	room    chan struct{} // some was written
	done    chan struct{} // closed
	writers sync.WaitGroup

	mu         sync.Mutex
	control    []byte  // messages that go before blocks
	queue      []block // requests, oldest first
	writing    bool    // a goroutine writes
	closed     bool
	choked     bool // by us
	interested bool
	told       bitset         // with super-seeding: the pieces it may ask for; changed under the lock of awake too
	telling    int            // the next piece to tell of, of those it was not told of; -1: no more
	fast       []uint32       // pieces it may ask for while choked. BEP 6
	listens    netip.AddrPort // where the peer can be reached, if it told
	client     string         // as it calls itself
}

func newConn(e *Engine, nc net.Conn) *conn {
	c := &conn{
		e: e, nc: nc, r: bufio.NewReaderSize(nc, readAhead), since: time.Now(),
		room: make(chan struct{}, 1), done: make(chan struct{}),
		choked: true, telling: -1, batch: leastBatch,
	}
	c.heard.Store(e.clock.Load())
	return c
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
func (c *conn) run() error {
	c.have = newBitset(c.a.numPieces())
	c.super.Store(c.a.superSeeded(c.since))
	if c.super.Load() {
		c.told = newBitset(c.a.numPieces())
	}
	c.greet()
	if !c.a.join(c, c.e.limits.Load().TorrentPeers) {
		return errNoRoom
	}
	defer c.a.leave(c)
	if c.super.Load() {
		c.unchoke()
		c.a.begin()
	}
	err := c.read()
	c.close()
	c.writers.Wait()
	c.e.choker.drop(c)
	return err
}

// leastSuper is the fewest pieces of a torrent that is super-seeded.
const leastSuper = 4

// begin tells a peer that has just joined of pieces.
func (a *awake) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.give(time.Now())
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

// greet tells the peer who we are, and what it may ask for.
func (c *conn) greet() {
	var out []byte
	if c.hello.extended() {
		out = append(out, c.extendedGreeting()...)
	}
	switch {
	case c.super.Load() && c.hello.fast():
		out = append(out, message(msgHaveNone, nil)...)
	case c.super.Load():
	case c.hello.fast():
		out = append(out, message(msgHaveAll, nil)...)
		c.fast = allowedFast(remote(c.nc).Addr(), c.hello.infohash, c.a.numPieces())
		for _, i := range c.fast {
			out = append(out, message(msgAllowedFast, binary.BigEndian.AppendUint32(nil, i))...)
		}
	default:
		out = append(out, message(msgBitfield, fullBitfield(c.a.numPieces()))...)
	}
	if c.e.dhtPort != 0 && c.hello.reserved[7]&bitDHT != 0 && !c.t.private {
		out = append(out, message(msgPort, binary.BigEndian.AppendUint16(nil, uint16(c.e.dhtPort)))...)
	}
	c.send(out)
}

func (c *conn) extendedGreeting() []byte {
	m := map[string]int{"ut_metadata": ourMetadataID}
	if !c.t.private {
		m["ut_pex"] = ourPexID
	}
	h := extendedHandshake{
		M:            m,
		MetadataSize: len(c.a.info),
		Port:         int(c.e.announced.Load()),
		Reqq:         maxQueue / 2,
		Version:      "commonseed",
		YourIP:       remote(c.nc).Addr().AsSlice(),
	}
	if !c.super.Load() { // who is told of single pieces must not know that there are more
		h.UploadOnly = 1
	}
	return message(msgExtended, append([]byte{0}, bencode.MustMarshal(&h)...))
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

// listensAt is where others reach the peer, if that is known, with flags for a
// peer exchange.
func (c *conn) listensAt() (addr netip.AddrPort, flags byte) {
	if c.encrypted {
		flags |= pexEncrypts
	}
	if c.dialled {
		return remote(c.nc), flags | pexReachable
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.listens, flags
}

// rate is what the peer gets, in bytes per second.
func (c *conn) rate(now time.Time) float64 {
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	return c.meter.perSecond(now)
}

// send queues messages, and waits while too much is queued.
func (c *conn) send(msg []byte) {
	for {
		c.mu.Lock()
		if c.closed || len(c.control) <= maxControl {
			c.controlLocked(msg)
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		select {
		case <-c.room:
		case <-c.done:
		}
	}
}

func (c *conn) controlLocked(msg []byte) {
	c.control = append(c.control, msg...)
	c.startLocked()
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// unchoke lets the peer ask.
func (c *conn) unchoke() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.choked && !c.closed {
		c.choked = false
		c.controlLocked(message(msgUnchoke, nil))
	}
}

// choke lets the peer wait. With the fast extension what it asked for is
// rejected, without it is forgotten. BEP 3, BEP 6
func (c *conn) choke() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.choked || c.closed {
		return
	}
	c.choked = true
	out := message(msgChoke, nil)
	if c.hello.fast() {
		for _, b := range c.queue {
			out = append(out, message(msgReject, b.append(nil))...)
		}
	}
	c.queue = nil
	c.controlLocked(out)
}

// tell lets the peer know that we have a piece.
func (c *conn) tell(piece int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told.add(piece)
	c.controlLocked(message(msgHave, binary.BigEndian.AppendUint32(nil, uint32(piece))))
}

// tellAll lets the peer know, bit by bit, that we have everything.
func (c *conn) tellAll() {
	c.mu.Lock()
	c.telling = 0
	c.startLocked()
	interested := c.interested
	c.mu.Unlock()
	c.e.choker.adopt(c, interested)
}

// read acts on what the peer says until it leaves.
func (c *conn) read() error {
	limit := uint32(max(maxExtended, len(c.have.bits)) + 2)
	for {
		kind, payload, ok, err := readMessage(c.r, c.buf, limit)
		if err != nil {
			return err
		}
		c.heard.Store(c.e.clock.Load())
		if !ok {
			continue
		}
		if cap(payload) > cap(c.buf) && cap(payload) <= readAhead {
			c.buf = payload[:0]
		}
		if err := c.handle(kind, payload); err != nil {
			return err
		}
	}
}

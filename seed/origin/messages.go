package origin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// maxClient bounds the name of a client, in bytes.
const maxClient = 64

// handle acts on one message. An error ends the connection. What an uploader
// has no use for is skipped.
func (c *conn) handle(kind byte, p []byte) error {
	switch kind {
	case msgRequest:
		return c.onRequest(p)
	case msgCancel:
		return c.onCancel(p)
	case msgInterested, msgNotInterested:
		c.onInterest(kind == msgInterested)
	case msgHave, msgBitfield, msgHaveAll:
		return c.onHave(kind, p)
	case msgExtended:
		return c.onExtended(p)
	case msgHashRequest:
		return c.onHashRequest(p)
	case msgPiece:
		return errors.New("sent a block nobody asked for")
	}
	return nil
}

func (c *conn) onRequest(p []byte) error {
	b, err := parseBlock(p)
	if err != nil {
		return err
	}
	if uint64(b.index) >= uint64(c.a.numPieces()) || b.length == 0 || b.length > maxBlock ||
		int64(b.begin)+int64(b.length) > c.a.pieceSize(int(b.index)) {
		return fmt.Errorf("request outside the torrent: %+v", b)
	}
	c.mu.Lock()
	allowed := c.mayAsk(b.index)
	full := len(c.queue) >= maxQueue
	if allowed && !full {
		c.queue = append(c.queue, b)
		c.startLocked()
	}
	c.mu.Unlock()
	switch {
	case allowed && !full:
	case c.hello.fast():
		c.send(message(msgReject, b.append(nil)))
	case allowed:
		return errors.New("too many requests")
	}
	return nil // a request may have crossed our choke
}

// mayAsk says whether the peer may have blocks of a piece at present.
func (c *conn) mayAsk(piece uint32) bool {
	if c.told.n > 0 {
		return !c.choked && c.told.has(int(piece))
	}
	return !c.choked || slices.Contains(c.fast, piece)
}

// onInterest has the peer wait for an upload slot, or gives its slot back. While
// super-seeding none is needed.
func (c *conn) onInterest(interested bool) {
	c.mu.Lock()
	c.interested = interested
	c.mu.Unlock()
	switch {
	case c.super.Load():
	case interested:
		c.e.choker.want(c)
	default:
		c.e.choker.drop(c)
	}
}

// onCancel drops a request. With the fast extension each is answered. BEP 6
func (c *conn) onCancel(p []byte) error {
	b, err := parseBlock(p)
	if err != nil {
		return err
	}
	found := false
	c.mu.Lock()
	for i, q := range c.queue {
		if q == b {
			c.queue = append(c.queue[:i], c.queue[i+1:]...)
			found = true
			break
		}
	}
	c.mu.Unlock()
	if found && c.hello.fast() {
		c.send(message(msgReject, b.append(nil)))
	}
	return nil
}

// errSeed ends the connection of two that need nothing of each other.
var errSeed = errors.New("the peer has everything")

// onHave notes what the peer has, to let it go when that is everything.
func (c *conn) onHave(kind byte, p []byte) error {
	n := c.a.numPieces()
	now := time.Now()
	full := kind == msgHaveAll
	switch kind {
	case msgBitfield:
		field, err := parseBitfield(p, n)
		if err != nil {
			return err
		}
		if full = field.full(); !full {
			c.a.noteField(c, field, now)
		}
	case msgHave:
		if len(p) != 4 {
			return fmt.Errorf("have of %d bytes", len(p))
		}
		i := binary.BigEndian.Uint32(p)
		if uint64(i) >= uint64(n) {
			return fmt.Errorf("piece %d of %d", i, n)
		}
		c.gained.Add(1)
		full = c.a.noteHave(c, int(i), now)
	}
	if full {
		c.t.heardOfSeed(now)
		return errSeed
	}
	return nil
}

func (a *awake) noteField(c *conn, field bitset, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range field.n {
		if field.has(i) {
			a.had(c, i, now)
		}
	}
	a.give(now)
}

func (a *awake) noteHave(c *conn, i int, now time.Time) (full bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.had(c, i, now) {
		a.spread.arrived += a.pieceSize(i)
	}
	if c.have.full() {
		a.spread.seeds++
		return true
	}
	a.give(now)
	return false
}

func (c *conn) onExtended(p []byte) error {
	if len(p) == 0 {
		return errors.New("empty extension message")
	}
	switch p[0] {
	case 0:
		return c.onExtendedHandshake(p[1:])
	case ourMetadataID:
		return c.onMetadataRequest(p[1:])
	case ourPexID:
		return c.onPex(p[1:])
	}
	return nil
}

func (c *conn) onExtendedHandshake(p []byte) error {
	var h extendedHandshake
	if err := unmarshalPrefix(p, &h); err != nil {
		return fmt.Errorf("extension handshake: %w", err)
	}
	if id := h.M["ut_metadata"]; id > 0 && id < 256 {
		c.metadataID = byte(id)
	}
	c.mu.Lock()
	c.client = strings.ToValidUTF8(h.Version[:min(len(h.Version), maxClient)], "")
	if h.Port > 0 && h.Port < 1<<16 {
		c.listens = netip.AddrPortFrom(remote(c.nc).Addr(), uint16(h.Port))
	}
	c.mu.Unlock()
	if id := h.M["ut_pex"]; id > 0 && id < 256 {
		c.pexID.Store(int32(id))
		c.a.introduce(c)
	}
	return nil
}

// unmarshalPrefix decodes one bencoded value that more bytes may follow.
func unmarshalPrefix(p []byte, v any) error {
	err := bencode.Unmarshal(p, v)
	if _, trailing := err.(bencode.ErrUnusedTrailingBytes); trailing {
		return nil
	}
	return err
}

type metadataMessage struct {
	Piece     int `bencode:"piece"`
	TotalSize int `bencode:"total_size,omitempty"`
	Type      int `bencode:"msg_type"` // 0 request, 1 data, 2 reject
}

// onMetadataRequest sends a part of the info dictionary. BEP 9
func (c *conn) onMetadataRequest(p []byte) error {
	var q metadataMessage
	if err := unmarshalPrefix(p, &q); err != nil {
		return fmt.Errorf("metadata request: %w", err)
	}
	if q.Type != 0 || c.metadataID == 0 {
		return nil
	}
	answer := metadataMessage{Type: 2, Piece: q.Piece}
	var data []byte
	if n := len(c.a.info); q.Piece >= 0 && q.Piece <= (n-1)/metadataPiece {
		from := q.Piece * metadataPiece
		data = c.a.info[from:min(n, from+metadataPiece)]
		answer.Type, answer.TotalSize = 1, n
	}
	head, err := bencode.Marshal(&answer)
	if err != nil {
		return err
	}
	body := append([]byte{c.metadataID}, head...)
	c.send(message(msgExtended, append(body, data...)))
	return nil
}

// onHashRequest sends a part of a piece layer with its proof, or a rejection.
// BEP 52
func (c *conn) onHashRequest(p []byte) error {
	q, err := parseHashRequest(p)
	if err != nil {
		return err
	}
	hashes, ok := c.hashes(q)
	if !ok {
		c.send(message(msgHashReject, q.append(nil)))
		return nil
	}
	c.send(message(msgHashes, append(q.append(nil), hashes...)))
	return nil
}

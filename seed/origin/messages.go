package origin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/anacrolix/torrent/bencode"
)

// handle acts on one message. An error ends the connection. What an uploader
// has no use for is skipped.
func (c *conn) handle(kind byte, p []byte) error {
	switch kind {
	case msgRequest:
		return c.onRequest(p)
	case msgCancel:
		return c.onCancel(p)
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
	if uint64(b.index) >= uint64(c.t.numPieces()) || b.length == 0 || b.length > maxBlock ||
		int64(b.begin)+int64(b.length) > c.t.pieceSize(int(b.index)) {
		return fmt.Errorf("request outside the torrent: %+v", b)
	}
	c.mu.Lock()
	full := len(c.queue) >= maxQueue
	if !full {
		c.queue = append(c.queue, b)
	}
	c.mu.Unlock()
	if !full {
		signal(c.wake)
		return nil
	}
	if !c.hello.fast() {
		return errors.New("too many requests")
	}
	c.send(message(msgReject, b.append(nil)))
	return nil
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

// onHave notes what the peer has, to let it go when that is everything.
func (c *conn) onHave(kind byte, p []byte) error {
	switch {
	case kind == msgHaveAll:
		return errSeed
	case kind == msgBitfield:
		if err := c.have.fill(p); err != nil {
			return err
		}
	case len(p) != 4:
		return fmt.Errorf("have of %d bytes", len(p))
	default:
		if err := c.have.set(binary.BigEndian.Uint32(p)); err != nil {
			return err
		}
	}
	if c.have.full() {
		return errSeed
	}
	return nil
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
	if h.Port > 0 && h.Port < 1<<16 {
		c.mu.Lock()
		c.listens = netip.AddrPortFrom(remote(c.nc).Addr(), uint16(h.Port))
		c.mu.Unlock()
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
	if n := len(c.t.info); q.Piece >= 0 && q.Piece <= (n-1)/metadataPiece {
		from := q.Piece * metadataPiece
		data = c.t.info[from:min(n, from+metadataPiece)]
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
	if f := c.t.byRoot(q.root); f != nil && f.layer != nil && q.base == uint32(c.t.layerLevel) {
		tree := hashTree{layer: f.layer, level: c.t.layerLevel}
		if hashes, ok := tree.hashes(q.index, q.count, q.proofs); ok {
			c.send(message(msgHashes, append(q.append(nil), hashes...)))
			return nil
		}
	}
	c.send(message(msgHashReject, q.append(nil)))
	return nil
}

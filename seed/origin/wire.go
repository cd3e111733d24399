package origin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Message types. BEP 3, 5, 6, 10, 52
const (
	msgChoke         = 0
	msgUnchoke       = 1
	msgInterested    = 2
	msgNotInterested = 3
	msgHave          = 4
	msgBitfield      = 5
	msgRequest       = 6
	msgPiece         = 7
	msgCancel        = 8
	msgPort          = 9
	msgSuggest       = 13
	msgHaveAll       = 14
	msgHaveNone      = 15
	msgReject        = 16
	msgAllowedFast   = 17
	msgExtended      = 20
	msgHashRequest   = 21
	msgHashes        = 22
	msgHashReject    = 23
)

const (
	protocol    = "\x13BitTorrent protocol"
	maxBlock    = 128 << 10 // of a request; clients ask for 16 KiB
	maxExtended = 64 << 10  // of an extension message we read
)

// Reserved bits of the handshake that we use.
const (
	bitExtended = 0x10 // byte 5. BEP 10
	bitDHT      = 0x01 // byte 7. BEP 5
	bitFast     = 0x04 // byte 7. BEP 6
	bitV2       = 0x10 // byte 7: would also speak v2 of a hybrid. BEP 52
)

// hello is the fixed part that both sides begin with. BEP 3
type hello struct {
	reserved [8]byte
	infohash [20]byte
	peerID   [20]byte
}

const helloSize = len(protocol) + 8 + 20 + 20

func (h hello) bytes() []byte {
	b := append([]byte(protocol), h.reserved[:]...)
	b = append(b, h.infohash[:]...)
	return append(b, h.peerID[:]...)
}

func parseHello(b []byte) (h hello, err error) {
	if len(b) != helloSize || string(b[:len(protocol)]) != protocol {
		return h, errors.New("not a BitTorrent handshake")
	}
	b = b[len(protocol):]
	copy(h.reserved[:], b)
	copy(h.infohash[:], b[8:])
	copy(h.peerID[:], b[28:])
	return h, nil
}

func (h hello) extended() bool { return h.reserved[5]&bitExtended != 0 }
func (h hello) fast() bool     { return h.reserved[7]&bitFast != 0 }

// block is a request: length bytes of piece index from begin on.
type block struct{ index, begin, length uint32 }

func (b block) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, b.index)
	dst = binary.BigEndian.AppendUint32(dst, b.begin)
	return binary.BigEndian.AppendUint32(dst, b.length)
}

func parseBlock(b []byte) (block, error) {
	if len(b) != 12 {
		return block{}, fmt.Errorf("request of %d bytes", len(b))
	}
	return block{
		binary.BigEndian.Uint32(b),
		binary.BigEndian.Uint32(b[4:]),
		binary.BigEndian.Uint32(b[8:]),
	}, nil
}

// hashRequest asks for a part of a piece layer. BEP 52
type hashRequest struct {
	root                       hash32
	base, index, count, proofs uint32
}

const hashRequestSize = 32 + 4*4

func (q hashRequest) append(dst []byte) []byte {
	dst = append(dst, q.root[:]...)
	for _, v := range []uint32{q.base, q.index, q.count, q.proofs} {
		dst = binary.BigEndian.AppendUint32(dst, v)
	}
	return dst
}

func parseHashRequest(b []byte) (hashRequest, error) {
	if len(b) != hashRequestSize {
		return hashRequest{}, fmt.Errorf("hash request of %d bytes", len(b))
	}
	q := hashRequest{root: hash32(b)}
	for i, v := range []*uint32{&q.base, &q.index, &q.count, &q.proofs} {
		*v = binary.BigEndian.Uint32(b[32+4*i:])
	}
	return q, nil
}

// message puts length and type before a payload.
func message(kind byte, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 5+len(payload)), uint32(1+len(payload)))
	return append(append(b, kind), payload...)
}

// readMessage reads one message into buf, which grows no further than limit.
// A keep-alive has no kind: ok is false.
func readMessage(r io.Reader, buf []byte, limit uint32) (kind byte, payload []byte, ok bool, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, false, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 {
		return 0, nil, false, nil
	}
	if n > limit {
		return 0, nil, false, fmt.Errorf("message of %d bytes", n)
	}
	if uint32(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(r, buf); err != nil {
		return 0, nil, false, err
	}
	return buf[0], buf[1:], true, nil
}

func quote(s string) string { return strconv.Quote(s) }

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync/atomic"
	"time"
)

const (
	pieceLength = 256 << 10
	blockLength = 16 << 10
	pieces      = fileSize / pieceLength
)

// Messages. BEP 3, 6, 10, 52
const (
	msgUnchoke     = 1
	msgInterested  = 2
	msgHave        = 4
	msgRequest     = 6
	msgPiece       = 7
	msgHaveAll     = 14
	msgReject      = 16
	msgExtended    = 20
	msgHashRequest = 21
)

func message(kind byte, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(1+len(payload)))
	return append(append(b, kind), payload...)
}

func request(piece, begin uint32) []byte {
	var b [12]byte
	binary.BigEndian.PutUint32(b[:], piece)
	binary.BigEndian.PutUint32(b[4:], begin)
	binary.BigEndian.PutUint32(b[8:], blockLength)
	return message(msgRequest, b[:])
}

// connect shakes hands, with the fast extension.
func connect(ctx context.Context, addr string, infohash [20]byte) (net.Conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { nc.Close() })
	hello := append([]byte("\x13BitTorrent protocol"), 0, 0, 0, 0, 0, 0x10, 0, 0x04)
	hello = append(hello, infohash[:]...)
	hello = append(hello, "-XX0000-aaaaaaaaaaaa"...)
	if _, err := nc.Write(hello); err != nil {
		return nil, err
	}
	nc.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadFull(nc, make([]byte, len(hello))); err != nil {
		nc.Close()
		return nil, err
	}
	nc.SetReadDeadline(time.Time{})
	return nc, nil
}

// endSuperSeeding pretends that there is another seed, so that everybody may ask for all.
func endSuperSeeding(ctx context.Context, addr string, infohash [20]byte) error {
	nc, err := connect(ctx, addr, infohash)
	if err != nil {
		return err
	}
	defer nc.Close()
	nc.Write(message(msgHaveAll, nil))
	_, err = io.Copy(io.Discard, nc)
	return err
}

// leech takes blocks for ever, with 64 requests on their way, and connects again when it
// has to.
func leech(ctx context.Context, addr string, infohash [20]byte, got *atomic.Int64) {
	for ctx.Err() == nil {
		if nc, err := connect(ctx, addr, infohash); err == nil {
			take(nc, got)
			nc.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func take(nc net.Conn, got *atomic.Int64) {
	nc.Write(message(msgInterested, nil))
	r := bufio.NewReaderSize(nc, 64<<10)
	next := uint32(0)
	var blocks [pieces]int
	ask := func(n int) {
		var b []byte
		for range n {
			b = append(b, request(next/(pieceLength/blockLength)%pieces, next%(pieceLength/blockLength)*blockLength)...)
			next++
		}
		nc.Write(b)
	}
	var head [5]byte
	for {
		if _, err := io.ReadFull(r, head[:4]); err != nil {
			return
		}
		n := binary.BigEndian.Uint32(head[:4])
		if n == 0 {
			continue
		}
		kind, err := r.ReadByte()
		if err != nil {
			return
		}
		var index [4]byte
		if n >= 5 {
			if _, err := io.ReadFull(r, index[:]); err != nil {
				return
			}
			n -= 4
		}
		if _, err := r.Discard(int(n) - 1); err != nil {
			return
		}
		switch kind {
		case msgUnchoke:
			ask(64)
		case msgPiece:
			got.Add(blockLength)
			piece := binary.BigEndian.Uint32(index[:])
			if blocks[piece]++; blocks[piece] == pieceLength/blockLength && piece < pieces-1 { // never all
				nc.Write(message(msgHave, index[:]))
			}
			ask(1)
		}
	}
}

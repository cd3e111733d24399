package origin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"commonseed/seed/seedtest"
)

// probe is a bare peer: it says what the test wants it to say.
type probe struct {
	t     *testing.T
	nc    net.Conn
	haves []uint32 // that came while something else was waited for
}

// dialProbe connects and shakes hands. With fast it speaks the fast extension.
func dialProbe(t *testing.T, addr string, infohash [20]byte, fast bool) (*probe, error) {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { nc.Close() })
	p := &probe{t: t, nc: nc}
	h := hello{infohash: infohash, peerID: [20]byte{'p'}}
	h.reserved[5] = bitExtended
	if fast {
		h.reserved[7] = bitFast
	}
	if _, err := nc.Write(h.bytes()); err != nil {
		return nil, err
	}
	nc.SetReadDeadline(time.Now().Add(5 * time.Second))
	b := make([]byte, helloSize)
	if _, err := io.ReadFull(nc, b); err != nil {
		return nil, err
	}
	p.send(msgInterested, nil)
	answer, err := parseHello(b)
	if err == nil && answer.infohash != infohash {
		err = errors.New("answered with another infohash")
	}
	return p, err
}

func mustProbe(t *testing.T, e *Engine, p seedtest.Payload, fast bool) *probe {
	t.Helper()
	pr, err := dialProbe(t, peerAddr(e), swarmsOf(t, p)[0], fast)
	if err != nil {
		t.Fatal(err)
	}
	return pr
}

func (p *probe) send(kind byte, payload []byte) {
	p.nc.Write(message(kind, payload))
}

// next reads messages until one of the kind, for five seconds at most.
func (p *probe) next(kind byte) ([]byte, error) {
	p.nc.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		k, payload, ok, err := readMessage(p.nc, nil, 1<<20)
		if err != nil {
			return nil, err
		}
		if ok && k == kind {
			return payload, nil
		}
		if ok && k == msgHave {
			p.haves = append(p.haves, binary.BigEndian.Uint32(payload))
		}
	}
}

// block asks for a block and waits for it.
func (p *probe) block(b block) ([]byte, error) {
	p.send(msgRequest, b.append(nil))
	payload, err := p.next(msgPiece)
	if err != nil {
		return nil, err
	}
	if len(payload) != 8+int(b.length) || binary.BigEndian.Uint32(payload) != b.index || binary.BigEndian.Uint32(payload[4:]) != b.begin {
		return nil, fmt.Errorf("another block than %+v", b)
	}
	return payload[8:], nil
}

// closed waits for the other side to hang up.
func (p *probe) closed() bool {
	p.nc.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, err := io.Copy(io.Discard, p.nc)
	var timeout net.Error
	return !(errors.As(err, &timeout) && timeout.Timeout())
}

func layoutOf(t *testing.T, p seedtest.Payload) *layout {
	t.Helper()
	l, err := readMetainfo(p.Metainfo)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// content is the v1 byte space of a payload, pads included.
func content(t *testing.T, p seedtest.Payload) []byte {
	t.Helper()
	l := layoutOf(t, p)
	var b []byte
	for _, f := range l.files {
		if f.pad {
			b = append(b, make([]byte, f.length)...)
			continue
		}
		data, err := os.ReadFile(filepath.Join(p.Root, filepath.FromSlash(f.path)))
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, data...)
	}
	return b
}

package announce

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/anacrolix/dht/v2/krpc"
	"golang.org/x/time/rate"
)

const (
	maxKRPC        = 4 << 10 // bytes of a packet
	queriesAllowed = 50      // a second, from all others
)

// guard stands between the network and the DHT library, which does not survive
// some packets and all errors of its connection: a query without arguments, an
// address of one byte and a failing read each end the process. What it cannot
// read it prints, and the names of queries it does not know it keeps for ever.
type guard struct {
	net.PacketConn
	queries *rate.Limiter
	once    sync.Once
	closed  chan struct{}
}

func newGuard(c net.PacketConn) *guard {
	return &guard{PacketConn: c, queries: rate.NewLimiter(queriesAllowed, queriesAllowed), closed: make(chan struct{})}
}

// Close lets ReadFrom fail from now on.
func (g *guard) Close() (err error) {
	g.once.Do(func() {
		close(g.closed)
		err = g.PacketConn.Close()
	})
	return err
}

// ReadFrom answers with the next packet that is harmless. It fails only after
// Close.
func (g *guard) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := g.PacketConn.ReadFrom(b)
		if err == nil && g.harmless(b[:n]) {
			return n, from, nil
		}
		if err == nil {
			continue
		}
		pause := 100 * time.Millisecond
		if errors.Is(err, net.ErrClosed) {
			pause = time.Hour
		}
		select {
		case <-g.closed:
			return 0, nil, net.ErrClosed
		case <-time.After(pause):
		}
	}
}

// harmless says whether the library can take a packet. BEP 5
func (g *guard) harmless(b []byte) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	var m krpc.Msg
	if len(b) > maxKRPC || unmarshalPrefix(b, &m) != nil {
		return false
	}
	if m.Y != krpc.YQuery {
		return m.Y == krpc.YResponse || m.Y == krpc.YError
	}
	switch m.Q {
	case "ping", "find_node", "get_peers", "announce_peer":
		return m.A != nil && g.queries.Allow()
	}
	return false
}

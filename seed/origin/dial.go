package origin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"commonseed/seed"
)

// A seeder behind a router cannot be reached, so it has to reach leechers. Who
// can reach us does so meanwhile: we dial after a while, and slowly.
const (
	dialAfter      = 20 * time.Second // since a tracker named the peer
	dialAgain      = time.Hour        // after a connection, since most are seeds then
	dialTime       = 10 * time.Second
	maxDialing     = 8
	maxCandidates  = 200 // per torrent
	maxDialFailure = 4
)

// dialer knows the peers that trackers named.
type dialer struct {
	e *Engine

	mu         sync.Mutex
	candidates map[*torrent]map[netip.AddrPort]*candidate
	dialing    int
}

type candidate struct {
	due      time.Time
	infohash [20]byte // of the swarm it was named in
	failures int
	busy     bool
}

func newDialer(e *Engine) *dialer {
	return &dialer{e: e, candidates: map[*torrent]map[netip.AddrPort]*candidate{}}
}

// offer names peers of a torrent's swarm.
func (d *dialer) offer(t *torrent, infohash [20]byte, peers []netip.AddrPort, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.candidates[t]
	if known == nil {
		known = map[netip.AddrPort]*candidate{}
		d.candidates[t] = known
	}
	for _, p := range peers {
		p = netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
		if len(known) >= maxCandidates || !p.IsValid() || p.Port() == 0 || p.Addr().IsUnspecified() || p.Addr().IsMulticast() {
			continue
		}
		if known[p] == nil {
			known[p] = &candidate{due: now.Add(dialAfter), infohash: infohash}
		}
	}
}

func (d *dialer) forget(t *torrent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.candidates, t)
}

func (d *dialer) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			d.dialDue(ctx, now)
		}
	}
}

// dialDue starts to dial candidates whose time has come.
func (d *dialer) dialDue(ctx context.Context, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for t, peers := range d.candidates {
		for addr, c := range peers {
			if d.dialing >= maxDialing {
				return
			}
			if c.busy || now.Before(c.due) {
				continue
			}
			if !t.wants(addr) {
				c.due = now.Add(dialAgain)
				continue
			}
			c.busy = true
			d.dialing++
			d.e.wg.Go(func() { d.dial(ctx, t, addr, c) })
		}
	}
}

// wants says whether the torrent is served and addr is not connected already.
func (t *torrent) wants(addr netip.AddrPort) bool {
	t.mu.Lock()
	serving, a := t.state == seed.Seeding && !t.gone, t.awake
	t.mu.Unlock()
	if !serving || a == nil {
		return serving
	}
	for _, c := range a.peers() {
		if at, _ := c.listensAt(); at == addr || remote(c.nc) == addr {
			return false
		}
	}
	return true
}

// dial connects and hands over to the engine: in the clear first, then encrypted.
func (d *dialer) dial(ctx context.Context, t *torrent, addr netip.AddrPort, cand *candidate) {
	err := d.attempt(ctx, t, addr, cand.infohash, (*conn).initiatePlain)
	if errors.Is(err, errHandshake) {
		err = d.attempt(ctx, t, addr, cand.infohash, (*conn).initiateEncrypted)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dialing--
	cand.busy = false
	cand.due = time.Now().Add(dialAgain)
	if err == nil {
		cand.failures = 0
		return
	}
	if cand.failures++; cand.failures >= maxDialFailure {
		delete(d.candidates[t], addr)
		return
	}
	cand.due = time.Now().Add(time.Minute << cand.failures)
}

// errHandshake is a peer that answered the dial and then not as expected.
var errHandshake = errors.New("handshake failed")

// attempt returns once the handshake succeeded or failed.
func (d *dialer) attempt(ctx context.Context, t *torrent, addr netip.AddrPort, infohash [20]byte,
	initiate func(*conn, [20]byte) error) error {
	a, err := d.e.wake(t)
	if err != nil {
		return err
	}
	nd := net.Dialer{Timeout: dialTime}
	nc, err := nd.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return err
	}
	result := make(chan error, 1)
	served := d.e.serve(nc, func(c *conn) error {
		c.t, c.a, c.dialled = t, a, true
		err := initiate(c, infohash)
		result <- err
		return err
	})
	if !served {
		return errNoRoom
	}
	if err := <-result; err != nil {
		return fmt.Errorf("%w: %w", errHandshake, err)
	}
	return nil
}

// initiatePlain is the handshake of an outgoing connection in the clear.
func (c *conn) initiatePlain(infohash [20]byte) error {
	if err := c.emit(c.ourHello(infohash).bytes()); err != nil {
		return err
	}
	return c.readReply(infohash)
}

func (c *conn) initiateEncrypted(infohash [20]byte) error {
	if err := c.offerEncrypted(infohash, c.ourHello(infohash).bytes()); err != nil {
		return err
	}
	return c.readReply(infohash)
}

// readReply checks the other half of the handshake. A peer that was addressed
// by the v1 infohash of a hybrid may answer with the v2 one. BEP 52
func (c *conn) readReply(sent [20]byte) (err error) {
	if c.hello, err = c.readHello(); err != nil {
		return err
	}
	if c.hello.peerID == c.e.peerID {
		return errors.New("connected to ourselves")
	}
	if c.hello.infohash != sent && c.e.bySwarm(c.hello.infohash) != c.t {
		return errors.New("answered with another infohash")
	}
	return nil
}

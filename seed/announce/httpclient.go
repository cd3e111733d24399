package announce

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	dialTime = 10 * time.Second
	leastTry = 2 * time.Second // of it, for one address of several
	idleTime = time.Minute     // a connection is kept unused
	maxIdle  = maxRunning
)

// httpClient fetches from trackers over one family of addresses. It is what an
// announcement needs of net/http's Transport, and costs a fraction: the goroutine
// that asks writes and reads itself, and the deadlines of the connection end what
// takes too long. There are no proxies.
type httpClient struct {
	family family
	tls    *tls.Config
	dial   func(context.Context, site, time.Time) (net.Conn, error)

	mu     sync.Mutex
	idle   []*httpConn // the longest unused first
	sweeps *time.Timer // nil: nothing was kept so far
	closed bool
}

func newHTTPClient(f family) *httpClient {
	c := &httpClient{family: f, tls: &tls.Config{
		NextProtos:         []string{"http/1.1"},
		ClientSessionCache: tls.NewLRUClientSessionCache(maxIdle),
	}}
	c.dial = c.dialTCP
	return c
}

// fetch asks a site for a target, path and query, and reads the answer, all until end. A connection
// that was kept and turns out to be closed is replaced by a new one, once.
func (c *httpClient) fetch(ctx context.Context, s site, target string, end time.Time) (*page, error) {
	if k := c.take(s); k != nil {
		p, err := c.exchange(ctx, k, target, end)
		if !errors.Is(err, errGone) {
			return p, err
		}
	}
	k, err := c.open(ctx, s, end)
	if err != nil {
		return nil, err
	}
	return c.exchange(ctx, k, target, end)
}

// exchange makes a request on a connection, and keeps that if it can serve again.
func (c *httpClient) exchange(ctx context.Context, k *httpConn, target string, end time.Time) (*page, error) {
	stop := context.AfterFunc(ctx, k.close)
	p, err := k.exchange(target, end)
	switch {
	case !stop():
		return nil, ctx.Err()
	case err == nil && k.reusable(p):
		c.keep(k)
	default:
		k.close()
	}
	return p, err
}

// open connects to a site.
func (c *httpClient) open(ctx context.Context, s site, end time.Time) (*httpConn, error) {
	conn, err := c.dial(ctx, s, earlier(end, time.Now().Add(dialTime)))
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	k := newHTTPConn(s, conn)
	if s.scheme != "https" {
		return k, nil
	}
	stop := context.AfterFunc(ctx, k.close)
	err = k.encrypt(c.tls, end)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

// dialTCP tries the addresses of a tracker's host, one after the other, all until end.
// Where a redirect led is looked up each time, and is not in the local network.
func (c *httpClient) dialTCP(ctx context.Context, s site, end time.Time) (net.Conn, error) {
	network := c.family.network("tcp")
	d := net.Dialer{KeepAlive: -1}
	if s.link == nil {
		d.Control, d.Deadline = refuseLocal, end
		return d.DialContext(ctx, network, net.JoinHostPort(s.host, s.port))
	}
	addrs, err := s.link.resolve(ctx, c.family)
	if err != nil {
		return nil, err
	}
	each := max(dialTime/time.Duration(len(addrs)), leastTry)
	for _, a := range addrs {
		var conn net.Conn
		try := limited{ctx, earlier(end, time.Now().Add(each))}
		if conn, err = d.DialContext(try, network, net.JoinHostPort(a.String(), s.port)); err == nil {
			return conn, nil
		}
		s.link.pass(c.family, a)
	}
	s.link.outdate(c.family)
	return nil, err
}

// limited is a context for dialling an address, which heeds the deadline by itself:
// without a timer.
type limited struct {
	context.Context
	end time.Time
}

func (l limited) Deadline() (time.Time, bool) { return l.end, true }

// refuseLocal keeps redirects out of the local network: a tracker must not make us
// call on machines it cannot reach itself.
func refuseLocal(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err == nil && local(to.Addr()) {
		err = errors.New("redirected into the local network")
	}
	return err
}

func local(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified()
}

// take picks the connection to a site that was used last, if there is one. What a
// tracker's own announcements opened into the local network serves no redirect.
func (c *httpClient) take(s site) *httpConn {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, k := range slices.Backward(c.idle) {
		if k.site.same(s) && (s.link != nil || !k.local()) {
			c.idle = slices.Delete(c.idle, i, i+1)
			return k
		}
	}
	return nil
}

// keep has a connection wait for the next request.
func (c *httpClient) keep(k *httpConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		k.close()
		return
	}
	k.used = time.Now()
	c.idle = append(c.idle, k)
	switch {
	case len(c.idle) > maxIdle:
		c.dropLocked()
	case c.sweeps == nil:
		c.sweeps = time.AfterFunc(idleTime, c.sweep)
	case len(c.idle) == 1:
		c.sweeps.Reset(idleTime)
	}
}

// sweep closes what is unused for long.
func (c *httpClient) sweep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.idle) > 0 {
		if rest := time.Until(c.idle[0].used.Add(idleTime)); rest > 0 {
			c.sweeps.Reset(rest)
			return
		}
		c.dropLocked()
	}
}

func (c *httpClient) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for len(c.idle) > 0 {
		c.dropLocked()
	}
	if c.sweeps != nil {
		c.sweeps.Stop()
	}
}

func (c *httpClient) dropLocked() {
	c.idle[0].close()
	c.idle = slices.Delete(c.idle, 0, 1)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

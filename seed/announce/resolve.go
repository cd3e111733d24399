package announce

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

const (
	resolveTime  = 10 * time.Second
	resolveAgain = 30 * time.Minute
	maxAddresses = 8 // of a host
)

// addresses is where a host was found over one family.
type addresses struct {
	list     []netip.Addr
	resolved time.Time // zero: to be looked up
	turn     int       // which of them is in use
}

// resolve looks up the tracker's host, now and then, and lists its addresses, the
// one in use first.
func (l *link) resolve(ctx context.Context, f family) ([]netip.Addr, error) {
	l.mu.Lock()
	at := l.paths[f].addresses
	l.mu.Unlock()
	if len(at.list) == 0 || time.Since(at.resolved) > resolveAgain {
		found, err := lookup(ctx, f, l.url.Hostname())
		if err != nil && len(at.list) == 0 {
			return nil, err
		}
		if err == nil {
			at.list = found
		}
		l.mu.Lock()
		l.paths[f].list, l.paths[f].resolved = at.list, time.Now()
		l.mu.Unlock()
	}
	n := len(at.list)
	turn := at.turn % n
	return append(at.list[turn:n:n], at.list[:turn]...), nil
}

// pass goes on to the next address, if the one that failed is still in use.
func (l *link) pass(f family, failed netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := &l.paths[f].addresses
	if n := len(at.list); n > 0 && at.list[at.turn%n] == failed {
		at.turn = (at.turn + 1) % n
	}
}

// outdate has the host looked up before it is used again.
func (l *link) outdate(f family) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paths[f].resolved = time.Time{}
}

// lookup finds addresses of a host, one at least.
func lookup(ctx context.Context, f family, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, f.network("ip"), host)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errors.New("tracker has no address")
	}
	list := found[:min(len(found), maxAddresses)]
	for i := range list {
		list[i] = list[i].Unmap()
	}
	return list, nil
}

// portOf reads a port that can be sent to.
func portOf(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("no port %q", s)
	}
	return uint16(n), nil
}

package origin

import (
	"net/netip"
	"time"
)

// Bounds of connections that have not shaken hands. Beyond, the oldest gives way
// if it had a fair chance.
const (
	handshakeTime = 15 * time.Second
	maxGreeting   = 128
	fairChance    = 2 * time.Second
	idleTime      = time.Minute // after which a peer that wants nothing gives way when all is full
)

// enterConn counts a new connection in, unless there is no room. It may send
// away one that is of no use to make room.
func (e *Engine) enterConn(c *conn) bool {
	limits := e.limits.Load()
	net := network(remote(c.nc).Addr())
	e.mu.Lock()
	if e.closed || net.IsValid() && e.byNet[net] >= limits.AddressPeers {
		e.mu.Unlock()
		return false
	}
	var victim *conn
	if len(e.conns) >= limits.Peers || e.greeting >= maxGreeting {
		if victim = e.leastUseful(c.since, len(e.conns) < limits.Peers); victim == nil {
			e.mu.Unlock()
			return false
		}
		e.leaveLocked(victim)
	}
	e.conns[c] = struct{}{}
	e.byNet[net]++
	e.greeting++
	e.wg.Add(1)
	e.mu.Unlock()
	if victim != nil {
		victim.close()
	}
	return true
}

// leastUseful finds a connection that may give way: the oldest that has not
// shaken hands for a while, else, if those count, the longest silent of the
// peers that want nothing. nil: none.
func (e *Engine) leastUseful(now time.Time, greetingOnly bool) (worst *conn) {
	var idlest *conn
	for c := range e.conns {
		if !c.greeted.Load() {
			if now.Sub(c.since) > fairChance && (worst == nil || c.since.Before(worst.since)) {
				worst = c
			}
			continue
		}
		idle := now.UnixNano() - c.heard.Load()
		if idle > int64(idleTime) && !c.wants() && (idlest == nil || c.heard.Load() < idlest.heard.Load()) {
			idlest = c
		}
	}
	if worst == nil && !greetingOnly {
		return idlest
	}
	return worst
}

// wants says whether the peer is interested.
func (c *conn) wants() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.interested
}

// greeted notes that a connection has shaken hands.
func (e *Engine) greeted(c *conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.conns[c]; ok && !c.greeted.Swap(true) {
		e.greeting--
	}
	if a := remote(c.nc).Addr(); !c.dialled && a.IsGlobalUnicast() && !a.IsPrivate() {
		e.incoming = time.Now()
	}
}

func (e *Engine) leave(c *conn) {
	c.close()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.leaveLocked(c)
}

func (e *Engine) leaveLocked(c *conn) {
	if _, ok := e.conns[c]; !ok {
		return
	}
	delete(e.conns, c)
	if !c.greeted.Load() {
		e.greeting--
	}
	net := network(remote(c.nc).Addr())
	if e.byNet[net]--; e.byNet[net] <= 0 {
		delete(e.byNet, net)
	}
}

// network is what counts as one place: an IPv4 address or an IPv6 /64. It is
// invalid where no limit holds.
func network(a netip.Addr) netip.Prefix {
	if !a.IsValid() || a.IsLoopback() {
		return netip.Prefix{}
	}
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.WithZone("").Prefix(bits)
	return p
}

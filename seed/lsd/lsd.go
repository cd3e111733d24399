// Package lsd finds peers on the local network and is found by them, by Local
// Service Discovery. BEP 14
//
//   - lsd.go     Options, Discovery: what is announced and heard
//   - packet.go  the announcement on the wire
//   - group.go   the multicast groups, on all interfaces
//
// One packet a minute is enough for a seeder with any number of torrents: who
// wants one announces itself when it starts, and is heard at once.
//
// A private torrent must never be announced, nor its peers taken from here
// (BEP 27). The caller sees to that: it names the infohashes.
package lsd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Bounds on what is heard.
const (
	maxHeard  = 100 // announcements a second; a local network has far fewer
	maxPacket = 2048
)

// Options configures a Discovery.
type Options struct {
	Port       uint16                                       // where we listen for peers, by TCP
	Next       func() [][20]byte                            // asked once an interval what to announce, the most urgent first; beyond MaxHashes is left out
	Found      func(infohash [20]byte, peer netip.AddrPort) // told of each announcement, from several goroutines; any infohash may come
	Interval   time.Duration                                // between announcements; 0: a minute, than which BEP 14 wants no less
	Interfaces []string                                     // by name; nil: all that are up and know multicast
	Logger     *slog.Logger                                 // nil: no log
}

// A Discovery announces and listens until it is closed.
type Discovery struct {
	o      Options
	cookie string // by which our own announcements are known
	heard  *rate.Limiter
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// New starts to announce, and listens. A machine without a network is no error:
// it may have one later.
func New(o Options) *Discovery {
	if o.Interval <= 0 {
		o.Interval = time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Discovery{
		o:      o,
		cookie: fmt.Sprintf("%08x", rand.Uint32()>>1), // libtorrent reads a signed number
		heard:  rate.NewLimiter(maxHeard, maxHeard),
	}
	var ctx context.Context
	ctx, d.cancel = context.WithCancel(context.Background())
	d.wg.Go(func() { d.run(ctx) })
	return d
}

// Close stops both.
func (d *Discovery) Close() {
	d.cancel()
	d.wg.Wait()
}

// run announces once an interval, and follows the machine to other networks.
func (d *Discovery) run(ctx context.Context) {
	var groups []*group
	var known string
	defer func() { leave(groups) }()
	tick := time.NewTicker(d.o.Interval)
	defer tick.Stop()
	for ctx.Err() == nil {
		all := places()
		if now := fmt.Sprint(all); now != known {
			known = now
			leave(groups)
			groups = join(all, d.o.Interfaces, d.o.Logger)
			for _, g := range groups {
				d.wg.Go(func() { d.listen(g) })
			}
		}
		d.announce(groups)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (d *Discovery) announce(groups []*group) {
	if len(groups) == 0 {
		return
	}
	hashes := d.o.Next()
	hashes = hashes[:min(len(hashes), MaxHashes)]
	if len(hashes) == 0 {
		return
	}
	for _, g := range groups {
		if err := g.send(format(g.addr, d.o.Port, d.cookie, hashes)); err != nil {
			d.o.Logger.Debug("not announced on the local network", "group", g.addr, "err", err)
		}
	}
}

// listen hears a group until it is left. Only who is on one of our networks is
// believed to be: packets from elsewhere can reach the port too.
func (d *Discovery) listen(g *group) {
	buf := make([]byte, maxPacket)
	for {
		n, from, err := g.read(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(time.Second) // the network is down, most likely
			continue
		}
		if !d.heard.Allow() || !g.near(from) {
			continue
		}
		a, ok := parse(buf[:n])
		if !ok || a.cookie == d.cookie {
			continue
		}
		for _, h := range a.hashes {
			d.o.Found(h, netip.AddrPortFrom(from, a.port))
		}
	}
}

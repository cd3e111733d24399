package announce

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/anacrolix/dht/v2"
	"github.com/anacrolix/dht/v2/krpc"
	alog "github.com/anacrolix/log"
	"golang.org/x/time/rate"
)

// dhtURL stands for the distributed hash table among the trackers.
const dhtURL = "dht:"

// The budget of the DHT. An announcement is a traversal: queries to 20 to 60
// nodes on the way to the eight closest to an infohash, and one to each of those.
// 30 a minute are up to 35 packets a second: 4 KB/s out, 15 KB/s in, and some
// thousandths of a core. A peer is forgotten by the nodes after about half an
// hour, so 750 infohashes are always found; more of them take turns, those of
// 100,000 hybrids in five days.
const (
	dhtSlots    = 4 // traversals at once
	dhtPace     = 2 * time.Second
	dhtInterval = 25 * time.Minute
	dhtLeast    = 22 * time.Minute
	dhtRetry    = 5 * time.Minute // at most: the network may be back
	dhtPackets  = 100             // a second, answers to others among them
	maxAsked    = 150             // nodes in a traversal: liars could lead on for ever
	maxSaved    = 50
)

// dhtNodes are our nodes of the distributed hash table: one for IPv4, one for
// IPv6, which are tables of their own. BEP 5, BEP 32
type dhtNodes struct {
	servers map[family]*dht.Server
	closed  chan struct{}
	wg      sync.WaitGroup
}

func newDHTNodes(o DHT, log *slog.Logger) (*dhtNodes, error) {
	d := &dhtNodes{servers: map[family]*dht.Server{}, closed: make(chan struct{})}
	for f, conn := range []net.PacketConn{o.Conn, o.Conn6} {
		if conn == nil {
			continue
		}
		config := dhtConfig(family(f), conn, o, log)
		server, err := dht.NewServer(config)
		if err != nil {
			d.close()
			conn.Close()
			return nil, fmt.Errorf("start DHT: %w", err)
		}
		d.servers[family(f)] = server
		d.wg.Go(func() { d.maintain(server, config.StartingNodes) })
	}
	return d, nil
}

// maintain keeps the table of a node. It begins when there is a node to join
// through, since the library leaks a goroutine each time it finds none.
func (d *dhtNodes) maintain(s *dht.Server, nodes func() ([]dht.Addr, error)) {
	for s.NumNodes() == 0 {
		if _, err := nodes(); err == nil {
			break
		}
		select {
		case <-d.closed:
			return
		case <-time.After(time.Minute):
		}
	}
	s.TableMaintainer()
}

func (d *dhtNodes) close() {
	close(d.closed)
	for _, s := range d.servers {
		s.Close()
	}
}

func dhtConfig(f family, conn net.PacketConn, o DHT, log *slog.Logger) *dht.ServerConfig {
	logger := alog.NewLogger().WithDefaultLevel(alog.Debug).FilterLevel(alog.Warning)
	logger.SetHandlers(alog.SlogHandlerAsHandler{SlogHandler: log.Handler()})
	nodes := o.Nodes
	if nodes == nil {
		nodes = dht.DefaultGlobalBootstrapHostPorts
	}
	return &dht.ServerConfig{
		Conn:          newGuard(conn),
		NoSecurity:    true, // our public address, which BEP 42 ties the node id to, is not known
		StartingNodes: startingNodes(f, append(slices.Clone(o.Saved), nodes...)),
		DefaultWant:   [][]krpc.Want{{krpc.WantNodes}, {krpc.WantNodes6}}[f],
		SendLimiter:   rate.NewLimiter(dhtPackets, dhtPackets/4),
		Logger:        logger,
	}
}

// startingNodes resolves host:ports to the addresses of one family, now and
// then. What was found once serves until something else is.
func startingNodes(f family, nodes []string) func() ([]dht.Addr, error) {
	var mu sync.Mutex
	var addrs []dht.Addr
	var resolved time.Time
	return func() ([]dht.Addr, error) {
		mu.Lock()
		defer mu.Unlock()
		if len(addrs) > 0 && time.Since(resolved) < resolveAgain {
			return addrs, nil
		}
		resolved = time.Now()
		found, err := resolveNodes(f, nodes)
		if len(found) > 0 {
			addrs = found
		}
		if len(addrs) == 0 {
			return nil, fmt.Errorf("no node of the DHT to join through: %w", err)
		}
		return addrs, nil
	}
}

func resolveNodes(f family, nodes []string) (addrs []dht.Addr, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), resolveTime)
	defer cancel()
	err = errors.New("none is named")
	for _, n := range nodes {
		host, port, splitErr := net.SplitHostPort(n)
		if splitErr != nil {
			err = splitErr
			continue
		}
		to, portErr := portOf(port)
		if portErr != nil {
			err = portErr
			continue
		}
		found, lookupErr := lookup(ctx, f, host)
		if lookupErr != nil {
			err = lookupErr
			continue
		}
		for _, a := range found {
			addrs = append(addrs, dht.NewAddr(net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, to))))
		}
	}
	return addrs, err
}

// nodes lists some that answer, host:port.
func (d *dhtNodes) nodes() (out []string) {
	for _, s := range d.servers {
		n := 0
		for _, node := range s.Nodes() {
			if n++; n > maxSaved {
				break
			}
			out = append(out, node.Addr.String())
		}
	}
	return out
}

// announce says in all tables that we are a peer of an infohash. It went well
// if one node took it.
func (d *dhtNodes) announce(ctx context.Context, hash [20]byte, w *wire) (answer, error) {
	var mu sync.Mutex
	a := answer{interval: dhtInterval, least: dhtLeast, seeds: -1, leechers: -1}
	err := errors.New("no DHT node")
	var wg sync.WaitGroup
	for f, s := range d.servers {
		wg.Go(func() {
			peers, failed := traverse(ctx, s, hash, w.port(f))
			mu.Lock()
			defer mu.Unlock()
			a.peers = append(a.peers, peers...)
			if err != nil {
				err = failed
			}
		})
	}
	wg.Wait()
	a.peers = validPeers(a.peers)
	return a, err
}

// traverse goes to the nodes closest to an infohash, and announces a port to them.
func traverse(ctx context.Context, s *dht.Server, hash [20]byte, port uint16) (peers []netip.AddrPort, err error) {
	op, err := s.AnnounceTraversal(hash, dht.AnnouncePeer(dht.AnnouncePeerOpts{Port: int(port)}))
	if err != nil {
		return nil, err
	}
	defer op.Close()
	asked, tokens := 0, 0
	for {
		select {
		case <-ctx.Done():
			return nil, errors.New("DHT announce took too long")
		case found, ok := <-op.Peers:
			if !ok && tokens == 0 {
				return nil, errors.New("no node of the DHT answers")
			}
			if !ok {
				return peers, nil
			}
			if asked++; asked == maxAsked {
				op.StopTraversing()
			}
			if found.Token != nil {
				tokens++
			}
			for _, p := range found.Peers {
				if addr, ok := netip.AddrFromSlice(p.IP); ok && len(peers) < maxPeers {
					peers = append(peers, netip.AddrPortFrom(addr, uint16(p.Port)))
				}
			}
		}
	}
}

package origin

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/anacrolix/dht/v2"
	alog "github.com/anacrolix/log"
)

// A peer is forgotten by the nodes of the table after about half an hour.
const dhtInterval = 25 * time.Minute

// dhtNode is our node of the distributed hash table. BEP 5
type dhtNode struct{ server *dht.Server }

// newDHTNode takes over packets. It joins through nodes, or the well-known ones.
func newDHTNode(packets net.PacketConn, nodes []string, log *slog.Logger) (*dhtNode, error) {
	if nodes == nil {
		nodes = dht.DefaultGlobalBootstrapHostPorts
	}
	logger := alog.NewLogger().WithDefaultLevel(alog.Debug)
	logger.SetHandlers(alog.SlogHandlerAsHandler{SlogHandler: log.Handler()})
	server, err := dht.NewServer(&dht.ServerConfig{
		Conn:          packets,
		NoSecurity:    true, // our public address, which BEP 42 ties the node id to, is not known
		StartingNodes: func() ([]dht.Addr, error) { return resolveNodes(nodes) },
		Logger:        logger,
	})
	if err != nil {
		return nil, err
	}
	go server.TableMaintainer()
	return &dhtNode{server}, nil
}

func resolveNodes(nodes []string) (addrs []dht.Addr, err error) {
	for _, n := range nodes {
		a, resolveErr := net.ResolveUDPAddr("udp4", n)
		if resolveErr != nil {
			err = resolveErr
			continue
		}
		addrs = append(addrs, dht.NewAddr(a))
	}
	if len(addrs) > 0 {
		return addrs, nil
	}
	return nil, err
}

func (d *dhtNode) close() { d.server.Close() }

func (e *Engine) announceDHT(ctx context.Context, a announcement) (reply, error) {
	if a.event == eventStopped { // the table has no such message
		return reply{}, nil
	}
	op, err := e.dht.server.AnnounceTraversal(a.infohash, dht.AnnouncePeer(dht.AnnouncePeerOpts{Port: e.PeerPort()}))
	if err != nil {
		return reply{}, err
	}
	defer op.Close()
	r := reply{interval: dhtInterval}
	for {
		select {
		case <-ctx.Done():
			return reply{}, errors.New("DHT announce took too long")
		case found, ok := <-op.Peers:
			if !ok {
				return r, nil
			}
			for _, p := range found.Peers {
				if addr, ok := netip.AddrFromSlice(p.IP); ok && len(r.peers) < maxCandidates {
					r.peers = append(r.peers, netip.AddrPortFrom(addr, uint16(p.Port)))
				}
			}
		}
	}
}

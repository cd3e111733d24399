package origin

import (
	"encoding/hex"
	"net"
	"net/netip"
	"time"

	"commonseed/seed/announce"
)

// ownSeeds is how many of the seeds that a tracker counts may be ourselves: one
// over IPv4 and one over IPv6.
const ownSeeds = 2

// newAnnouncer has trackers and the DHT told of what is seeded. The DHT speaks
// through those of the packet connections that it takes over.
func (e *Engine) newAnnouncer(o Options, packets []net.PacketConn) (*announce.Announcer, error) {
	port := uint16(e.PeerPort())
	options := announce.Options{
		PeerID: e.peerID, Port: port, Uploaded: e.uploadedOf, Found: e.found, Logger: o.Logger,
	}
	if o.DHT {
		options.DHT.Nodes = o.DHTNodes
		for _, p := range packets {
			if a, ok := p.LocalAddr().(*net.UDPAddr); ok && a.IP.To4() == nil {
				options.DHT.Conn6 = p
			} else {
				options.DHT.Conn = p
			}
		}
	}
	return announce.New(options)
}

// announced is what the announcer calls a torrent with these trackers.
func (t *torrent) announced(tiers [][]string) announce.Torrent {
	return announce.Torrent{ID: t.id, Hashes: t.swarms, Tiers: tiers, Private: t.private}
}

func (e *Engine) uploadedOf(id string) int64 {
	if t := e.byID(id); t != nil {
		return t.uploaded.Load()
	}
	return 0
}

// found takes what a tracker or the DHT says of a swarm.
func (e *Engine) found(f announce.Found) {
	t := e.byID(f.ID)
	if t == nil {
		return
	}
	now := time.Now()
	if f.Seeds > ownSeeds {
		t.heardOfSeed(now)
	}
	if len(f.Peers) > 0 { // else the dialer would look after a swarm of nobody
		e.dialer.offer(t, f.Hash, f.Peers, now)
	}
	if f.External.IsValid() {
		e.mu.Lock()
		e.external = f.External
		e.mu.Unlock()
	}
}

// byID finds a torrent by its name in the Seeder interface, or nil.
func (e *Engine) byID(id string) *torrent {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) < 20 {
		return nil
	}
	if t := e.bySwarm([20]byte(raw[:20])); t != nil && t.id == id {
		return t
	}
	return nil
}

// Announce tells trackers, the DHT and peers the ports under which the world reaches
// us, over IPv4 and IPv6, where a router gave others than PeerPort; 0: PeerPort.
func (e *Engine) Announce(port, port6 uint16) {
	own := uint16(e.PeerPort())
	port, port6 = orDefault(port, own), orDefault(port6, own)
	e.announced.Store(uint32(port))
	e.announcer.SetPorts(port, port6)
}

// AddressChanged has everything announced again soon: our address is another one,
// or the network is back.
func (e *Engine) AddressChanged() { e.announcer.AddressChanged() }

// Trackers lists where a torrent is announced, the DHT too. nil: it is not.
func (e *Engine) Trackers(infohash string) []announce.TrackerStatus {
	return e.announcer.Status(infohash)
}

// TrackerHealth lists how all trackers fare, the DHT too, those that fail first.
func (e *Engine) TrackerHealth() []announce.TrackerHealth { return e.announcer.Trackers() }

// External is our address as trackers last saw it, invalid if none said.
func (e *Engine) External() netip.Addr {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.external
}

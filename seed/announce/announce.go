// Package announce tells trackers and the distributed hash table which torrents
// are seeded here, for 100,000 torrents and for months.
//
//   - announce.go  Options, Torrent, Announcer: what is announced, and where we are
//   - torrent.go   one torrent and its entries, one for each infohash and tier
//   - tiers.go     announce lists, shared by the torrents that have the same
//   - tracker.go   one tracker: its queue, its pace, its health
//   - schedule.go  picks what is due, and draws the conclusions
//   - workers.go, alarm*.go  who announces, and is woken for it
//   - farewell.go  the end: trackers are told that we leave
//   - status.go    how it stands, by torrent and by tracker
//   - usable.go    which URLs can be announced to
//   - wire.go      one announcement on its way: what it says, over which families
//   - http.go, httpanswer.go, bencode.go  BEP 3, 7, 23, 24, 31
//   - httpclient.go, httpconn.go, httpsilent*.go  light connections to HTTP trackers
//   - resolve.go   the addresses of a tracker's host
//   - udp.go, udpsocket.go    BEP 15, 41
//   - dht.go, dhtguard.go     BEP 5, 32
//
// One alarm is set for all torrents, to the time when the next is due. A torrent
// costs the memory of its entries (64 bytes each) and no goroutine, timer or
// closure. Goroutines run for the announcements on their way, which are 64 at most.
//
// Each tracker has a queue and a beat: its interval divided by the number of
// torrents it knows. At every beat the entry that has waited longest is
// announced, so that a tracker hears of us evenly, whatever happened before.
// What is new, or overdue after an outage, does not wait for the beat; it is
// held to the tracker's pace alone.
package announce

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Torrent is what is announced.
type Torrent struct {
	ID      string     // the caller's name for it, unique
	Hashes  [][20]byte // each is announced: v1, and v2 cut to 20 bytes. BEP 52
	Tiers   [][]string // announce URLs; what is not Usable is left out. BEP 12
	Private bool       // announced to its trackers alone. BEP 27
}

// Found is what a tracker or the DHT says about a swarm.
type Found struct {
	ID       string
	Hash     [20]byte
	Peers    []netip.AddrPort // 200 at most
	Seeds    int              // in the swarm, ourselves among them; -1: not said
	Leechers int              // -1: not said
	External netip.Addr       // our address as the tracker sees it; invalid: not said. BEP 24
}

// Options configures an Announcer.
type Options struct {
	PeerID   [20]byte
	Port     uint16                // peers reach us at, over IPv4
	Port6    uint16                // over IPv6; 0: Port
	Uploaded func(id string) int64 // bytes of a torrent so far, asked from several goroutines; nil: 0 is announced
	Found    func(Found)           // called from several goroutines; nil: nobody wants to know
	DHT      DHT
	Logger   *slog.Logger // nil: no log
}

// DHT are the nodes of the distributed hash table to run. Without a connection
// there is none. An Announcer closes the connections when it is closed.
type DHT struct {
	Conn  net.PacketConn // UDP over IPv4; nil: none
	Conn6 net.PacketConn // UDP over IPv6; nil: none
	Nodes []string       // host:port to join through; nil: the well-known ones
	Saved []string       // what Announcer.Nodes said in an earlier run
}

// Announcer announces torrents. It may be used from several goroutines.
type Announcer struct {
	log   *slog.Logger
	found func(Found)
	dht   bool
	wire  *wire
	ask   func(context.Context, request) (answer, error)
	begin time.Time

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	alarms func() alarm

	mu       sync.Mutex
	closed   bool
	torrents map[string]*torrent
	lists    map[string]*list
	trackers map[string]*tracker
	ready    agenda        // trackers with something to do
	running  int           // announcements on their way
	watch    *worker       // whose alarm is set for what is due next; nil: nobody's
	armed    time.Duration // to when
	woken    time.Duration // when the last alarm went off
	idle     []*worker     // the others that do nothing
	added    time.Duration // counts entries: the later, the earlier in the queue
	moved    time.Duration // when our address changed last
}

// New starts an Announcer. It fails if a node of the DHT cannot be started.
func New(o Options) (*Announcer, error) {
	w, err := newWire(o)
	if err != nil {
		return nil, err
	}
	return start(o, w, w.ask, newAlarm), nil
}

// start makes an Announcer that announces through ask, woken by such alarms.
func start(o Options, w *wire, ask func(context.Context, request) (answer, error), alarms func() alarm) *Announcer {
	ctx, cancel := context.WithCancel(context.Background())
	return &Announcer{
		log: logger(o), found: o.Found, dht: o.DHT.Conn != nil || o.DHT.Conn6 != nil,
		wire: w, ask: ask, begin: time.Now(),
		ctx: ctx, cancel: cancel, alarms: alarms,
		torrents: map[string]*torrent{}, lists: map[string]*list{}, trackers: map[string]*tracker{},
	}
}

func logger(o Options) *slog.Logger {
	if o.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Logger
}

// now is the time since the Announcer began.
func (a *Announcer) now() time.Duration { return time.Since(a.begin) }

// Add announces a torrent from now on. What was added last is announced first.
// Adding what is there changes nothing, not even its trackers.
func (a *Announcer) Add(t Torrent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	if old := a.torrents[t.ID]; old != nil {
		if !old.leaving {
			return
		}
		if old.again = &t; !a.hushLocked(old) {
			return // it is just saying goodbye
		}
	} else {
		a.enterLocked(t)
	}
	a.watchLocked()
}

// Remove ends the announcing of a torrent. The trackers that heard of it are
// told, once; those that do not answer at the time are not.
func (a *Announcer) Remove(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.torrents[id]
	if t == nil || a.closed {
		return
	}
	t.again = nil
	if !t.leaving {
		a.leaveLocked(t)
		a.watchLocked()
	}
}

// SetPorts changes the ports peers reach us at, over IPv4 and IPv6 (0: as over
// IPv4). If they differ from before, everything is announced again.
func (a *Announcer) SetPorts(port, port6 uint16) {
	if a.wire.setPorts(port, port6) {
		a.AddressChanged()
	}
}

// AddressChanged has everything announced again soon, because our address
// changed or the network is back: as fast as the pace of each tracker permits,
// and nothing more than once a minute.
func (a *Announcer) AddressChanged() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.moved = a.now()
	for _, t := range a.trackers {
		t.hurry(a.moved)
		a.reckonLocked(t)
	}
	a.watchLocked()
}

// Nodes lists good nodes of the DHT, host:port, to join through after a restart.
func (a *Announcer) Nodes() []string { return a.wire.dht.nodes() }

// Package origin is the embedded seeder: it speaks BitTorrent v1, v2 and hybrid
// to peers and uploads. It never asks for a piece, and never writes, renames or
// creates anything beside a payload.
//
//   - origin.go        Options, Engine and its life
//   - listen.go, utp.go the peer port; uTP is refused at once
//   - metainfo.go, filelist.go a .torrent, read with suspicion, becomes a layout
//   - layout.go         the byte space: files, pads, pieces, hashes
//   - torrent.go        what is kept of a torrent that sleeps
//   - again.go          what changes when it is added again
//   - awake.go          what is in memory while peers are there
//   - check.go, hash.go compare payloads with torrents
//   - patrol.go         notices files that change while they are served
//   - scrub.go          notices what a disk loses by itself
//   - resume.go         remembers checked files over restarts
//   - payload.go        reads payload files, and only those that were checked
//   - room.go           how many connections there may be, and who gives way
//   - accept.go, mse.go incoming connections, plain or encrypted
//   - dial.go           outgoing connections to leechers that cannot reach us
//   - conn.go           one peer: its greeting, what it is told
//   - messages.go       what a peer may ask
//   - write.go          the answers on their way
//   - wire.go, bitset.go the messages on the wire
//   - superseed.go, window.go who is told of which piece while we are alone
//   - choke.go, allowedfast.go who may ask otherwise
//   - hashrequest.go, hashtree.go proofs of v2 hashes
//   - pex.go            peers are told of each other
//   - limits.go, housekeeping.go, meter.go, report.go what bounds and tells
//   - found.go          what trackers and the DHT are told, and say
//   - local.go          the same on the local network
//
// What is guaranteed about the bytes: a block is sent only if the file it came
// from has, after the read, the same size, modification time, change time and
// inode as when all of it was compared with the torrent. What the file system
// does not note down in these (a write through an old memory mapping, two writes
// within one tick of its clock) is not noticed until the next check.
//
// A torrent that nobody asks for sleeps: some hundred bytes are kept, and its
// .torrent file is read again for the first peer.
//
// A torrent is served whole or not at all: while one of its files is missing or
// wrong, its peers are disconnected and new ones refused.
package origin

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"commonseed/seed"
	"commonseed/seed/announce"
	"commonseed/seed/lsd"
)

// Options configures an Engine. The zero value is usable.
type Options struct {
	ListenHost string // address to listen on; "": all, IPv4 and IPv6
	PeerPort   int    // TCP and UDP port; 0 picks a free one
	ResumeFile string // remembers checked files over restarts; "": nothing is remembered
	Limits     Limits
	DHT        bool          // announce to the distributed hash table too, over IPv4 unless ListenHost is IPv6
	DHTNodes   []string      // host:port to join the table through; nil: the well-known ones
	LSD        bool          // announce on the local network too. BEP 14
	Recheck    time.Duration // between two looks at the files that are served; 0: 5 s
	Logger     *slog.Logger  // nil: no log
}

// Engine is the embedded seeder. It implements seed.Seeder.
type Engine struct {
	log       *slog.Logger
	peerID    [20]byte
	listener  net.Listener
	packets   []net.PacketConn
	limit     *rate.Limiter // upload of all torrents
	limits    atomic.Pointer[Limits]
	recheck   time.Duration
	clock     atomic.Int64  // ns since 1970, exact to a second
	uploaded  atomic.Int64  // bytes of blocks, in all
	announced atomic.Uint32 // the port that peers are told

	handles   *handles
	resume    *resume
	announcer *announce.Announcer
	dialer    *dialer
	dhtPort   int // 0: none
	choker    *choker
	lsd       *lsd.Discovery // nil: none

	ctx        context.Context // ends with Close
	cancel     context.CancelFunc
	wg         sync.WaitGroup
	checkWake  chan struct{}
	spreadWake chan struct{}

	mu       sync.Mutex
	closed   bool
	torrents []*torrent             // in order of Add
	swarms   map[[20]byte]*torrent  // by each infohash peers use
	secrets  map[secretKey]*torrent // by how encryption handshakes name each infohash
	checks   []*torrent             // waiting for the checker
	conns    map[*conn]struct{}     // also those still shaking hands
	greeting int                    // of which shake hands
	byNet    map[netip.Prefix]int   // conns from one place
	awake    map[*torrent]struct{}
	meter    meter      // of uploaded
	external netip.Addr // ours, as trackers see it
	incoming time.Time  // when somebody last came in from beyond the local network
}

var _ seed.Seeder = (*Engine)(nil)

// New starts an engine that listens for peers. A port that is taken gives an
// error that is syscall.EADDRINUSE; nothing was read or written then.
func New(o Options) (*Engine, error) {
	listener, packets, err := listen(o)
	if err != nil {
		return nil, fmt.Errorf("listen for peers: %w", err)
	}
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	e := &Engine{
		log:        log,
		peerID:     newPeerID(),
		listener:   listener,
		limit:      rate.NewLimiter(rate.Inf, maxBlock),
		recheck:    orDefault(o.Recheck, 5*time.Second),
		handles:    newHandles(128),
		choker:     newChoker(),
		ctx:        ctx,
		cancel:     cancel,
		checkWake:  make(chan struct{}, 1),
		spreadWake: make(chan struct{}, 1),
		swarms:     map[[20]byte]*torrent{},
		secrets:    map[secretKey]*torrent{},
		conns:      map[*conn]struct{}{},
		byNet:      map[netip.Prefix]int{},
		awake:      map[*torrent]struct{}{},
	}
	e.clock.Store(time.Now().UnixNano())
	e.SetLimits(o.Limits)
	if e.resume, err = openResume(o.ResumeFile); err != nil {
		log.Warn("payloads will be checked again", "err", err)
	}
	e.dialer = newDialer(e)
	if e.announcer, err = e.newAnnouncer(o, packets); err != nil {
		cancel()
		listener.Close()
		e.closePackets()
		return nil, fmt.Errorf("start announcing: %w", err)
	}
	e.packets = packets
	e.announced.Store(uint32(e.PeerPort()))
	if o.DHT {
		e.dhtPort = e.PeerPort()
	} else {
		for _, p := range packets {
			e.wg.Go(func() { drain(p) })
		}
	}
	if o.LSD {
		e.lsd = e.newDiscovery(o)
	}
	e.start(ctx)
	return e, nil
}

func (e *Engine) start(ctx context.Context) {
	for _, run := range []func(context.Context){
		e.acceptLoop, e.checkLoop, e.patrolLoop, e.scrubLoop, e.housekeeping, e.spreading, e.choker.run, e.dialer.run,
	} {
		e.wg.Go(func() { run(ctx) })
	}
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// newPeerID names the program and is random else. BEP 20
func newPeerID() (id [20]byte) {
	copy(id[:], "-CS0100-")
	rand.Read(id[8:])
	return id
}

// PeerPort is the port peers connect to.
func (e *Engine) PeerPort() int { return e.listener.Addr().(*net.TCPAddr).Port }

// Add implements seed.Seeder.
func (e *Engine) Add(ctx context.Context, t seed.Torrent) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	n, l, err := newTorrent(t)
	if err != nil {
		return "", err
	}
	n.good = e.resume.recall(n.id, len(l.files))
	known, err := e.enter(n)
	if err != nil {
		return "", err
	}
	if known != nil {
		e.again(known, n, l.trackers)
		return known.id, nil
	}
	if stamps, err := n.survey(l); err == nil && l.doubtful(n.good, printsOf(stamps)) == nil {
		e.commission(n, l.trackers) // nothing changed since it was last served
	} else {
		e.queueCheck(n)
	}
	return n.id, nil
}

// enter lists t, or answers with the torrent that is already there.
func (e *Engine) enter(t *torrent) (known *torrent, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, seed.ErrClosed
	}
	for _, h := range t.swarms {
		if known := e.swarms[h]; known != nil {
			return known, nil
		}
	}
	for _, h := range t.swarms {
		e.swarms[h] = t
		e.secrets[secretKeyOf(h)] = t
	}
	e.torrents = append(e.torrents, t)
	return nil, nil
}

// Status implements seed.Seeder.
func (e *Engine) Status() []seed.Status {
	now := time.Now()
	all := e.list()
	out := make([]seed.Status, 0, len(all))
	for _, t := range all {
		out = append(out, t.status(now))
	}
	return out
}

// Find is the Status of one torrent. false: there is none with this infohash.
func (e *Engine) Find(infohash string) (seed.Status, bool) {
	t := e.byID(infohash)
	if t == nil {
		return seed.Status{}, false
	}
	return t.status(time.Now()), true
}

func (e *Engine) list() []*torrent {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]*torrent(nil), e.torrents...)
}

// Remove implements seed.Seeder.
func (e *Engine) Remove(ctx context.Context, infohash string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t, err := e.drop(infohash)
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.gone = true
	good := t.good
	t.mu.Unlock()
	t.halt(seed.Failed, "removed")
	e.retire(t)
	return e.resume.forget(t.id, good)
}

func (e *Engine) drop(infohash string) (*torrent, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, seed.ErrClosed
	}
	for i, t := range e.torrents {
		if t.id != infohash {
			continue
		}
		e.torrents = append(e.torrents[:i:i], e.torrents[i+1:]...)
		for _, h := range t.swarms {
			delete(e.swarms, h)
			delete(e.secrets, secretKeyOf(h))
		}
		return t, nil
	}
	return nil, seed.ErrUnknown
}

func (e *Engine) closePackets() {
	for _, p := range e.packets {
		p.Close()
	}
}

// bySwarm finds a torrent by an infohash peers use, or nil.
func (e *Engine) bySwarm(h [20]byte) *torrent {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.swarms[h]
}

func (e *Engine) bySecret(k secretKey) (infohash [20]byte, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.secrets[k]; t != nil {
		for _, h := range t.swarms {
			if secretKeyOf(h) == k {
				return h, true
			}
		}
	}
	return infohash, false
}

// Close implements seed.Seeder. Trackers get two seconds to hear of it.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	conns := make([]*conn, 0, len(e.conns))
	for c := range e.conns {
		conns = append(conns, c)
	}
	e.mu.Unlock()
	e.cancel()
	e.listener.Close()
	for _, c := range conns {
		c.close()
	}
	if e.lsd != nil {
		e.lsd.Close()
	}
	e.announcer.Close(2 * time.Second)
	e.closePackets()
	e.wg.Wait()
	e.handles.forget(nil)
	return e.resume.close(e.list())
}

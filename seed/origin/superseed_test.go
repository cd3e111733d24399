package origin

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"

	"commonseed/seed"
	"commonseed/seed/seedtest"
)

// alone starts an engine whose torrent nobody else is known to have.
func alone(t *testing.T, o Options) (*Engine, seedtest.Payload) {
	t.Helper()
	p := seedtest.PayloadOf(t, seedtest.Hybrid, map[string]int64{"film.bin": 40 * 32 << 10})
	e := open(t, o)
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	seedtest.Await(t, e, id, seed.Seeding)
	return e, p
}

// told waits until the probe is told of a piece.
func (p *probe) told() uint32 {
	p.t.Helper()
	if len(p.haves) > 0 {
		piece := p.haves[0]
		p.haves = p.haves[1:]
		return piece
	}
	m, err := p.next(msgHave)
	check(p.t, err)
	return binary.BigEndian.Uint32(m)
}

// fetch asks for all blocks of a piece and says that it has it.
func (p *probe) fetch(piece uint32, want []byte) {
	p.t.Helper()
	for begin := uint32(0); begin < 32<<10; begin += 16 << 10 {
		got, err := p.block(block{piece, begin, 16 << 10})
		check(p.t, err)
		at := int(piece)*32<<10 + int(begin)
		if !bytes.Equal(got, want[at:at+16<<10]) {
			p.t.Errorf("wrong bytes in piece %d", piece)
		}
	}
	p.have(piece)
}

func (p *probe) have(piece uint32) { p.send(msgHave, binary.BigEndian.AppendUint32(nil, piece)) }

func TestNobodyIsToldThatWeHaveEverythingWhileWeAreAlone(t *testing.T) {
	e, p := alone(t, Options{})
	pr := mustProbe(t, e, p, true)
	ext, err := pr.next(msgExtended)
	check(t, err)
	var h extendedHandshake
	check(t, bencode.Unmarshal(ext[1:], &h))
	if h.UploadOnly != 0 {
		t.Error("upload_only is told")
	}
	if _, err := pr.next(msgHaveNone); err != nil {
		t.Errorf("no have-none: %v", err)
	}
	piece := pr.told()
	other := (piece + 20) % 40
	pr.send(msgRequest, block{other, 0, 16 << 10}.append(nil))
	if got, err := pr.next(msgReject); err != nil || binary.BigEndian.Uint32(got) != other {
		t.Errorf("a piece that was not told of is not rejected: %v", err)
	}
	pr.fetch(piece, content(t, p))
	if st := e.Status()[0]; !st.SuperSeeding {
		t.Errorf("status %+v", st)
	}
}

// bare is a torrent of 32 KiB pieces with peers that do only what the test does.
func bare(t *testing.T, pieces, peers int) (*awake, []*conn) {
	t.Helper()
	e := open(t, Options{})
	l := &layout{pieceLength: 32 << 10, length: int64(pieces) * 32 << 10}
	a := newAwake(&torrent{}, newHandles(1), l, nil, make(chan struct{}, 1))
	a.spread.window = window{size: 2 * l.pieceLength} // stays as it is
	var conns []*conn
	for range peers {
		near, far := net.Pipe()
		go io.Copy(io.Discard, far)
		c := newConn(e, near)
		t.Cleanup(func() { c.close(); c.writers.Wait(); far.Close() })
		c.t, c.a, c.have, c.told = a.t, a, newBitset(pieces), newBitset(pieces)
		c.super.Store(true)
		a.join(c, peers)
		conns = append(conns, c)
	}
	return a, conns
}

// arrive has the oldest piece that c was told of arrive.
func arrive(a *awake, c *conn) (piece int, ok bool) {
	if len(c.errands) == 0 {
		return 0, false
	}
	piece = c.errands[0].piece
	a.noteHave(c, piece, time.Now())
	return piece, true
}

func TestEveryPieceLeavesOnceBeforeAnyLeavesTwice(t *testing.T) {
	a, conns := bare(t, 40, 4)
	a.begin()
	for n := 0; n < 40; n++ {
		for i, c := range a.avail {
			if c > 1 {
				t.Fatalf("piece %d is there %d times when %d have arrived", i, c, n)
			}
		}
		var next *conn
		for _, c := range conns {
			if len(c.errands) > 0 && (next == nil || c.errands[0].begun.Before(next.errands[0].begun)) {
				next = c
			}
		}
		if next == nil {
			t.Fatalf("nobody is told of anything when %d have arrived", n)
		}
		arrive(a, next)
	}
	for i, c := range conns {
		if c.have.count != 10 {
			t.Errorf("peer %d got %d pieces of 40", i, c.have.count)
		}
	}
}

func TestWhoPassesOnComesFirst(t *testing.T) {
	a, conns := bare(t, 400, 3)
	giver, keeper, watcher := conns[0], conns[1], conns[2]
	watcher.super.Store(false) // gets what giver has, and nothing from us
	a.spread.window.size = a.pieceLength
	a.begin()
	for range 100 {
		if piece, ok := arrive(a, giver); ok {
			a.noteHave(watcher, piece, time.Now())
		}
		arrive(a, keeper)
	}
	if giver.given < 10*keeper.given || giver.passed != giver.given-1 {
		t.Errorf("told of %d pieces who passes them on, of %d who does not", giver.given, keeper.given)
	}
}

// Who is told of pieces and does not ask for them, or does not take them, holds
// up nobody else.
func TestIdlersHoldUpNobody(t *testing.T) {
	t.Parallel()
	e, p := alone(t, Options{})
	want := content(t, p)
	for range 5 {
		mustProbe(t, e, p, true).told()
	}
	greedy := mustProbe(t, e, p, true)
	for piece := range uint32(8) { // asks for a lot and does not read
		greedy.send(msgRequest, block{piece, 0, 16 << 10}.append(nil))
	}
	pr := mustProbe(t, e, p, true)
	for range 30 {
		pr.fetch(pr.told(), want)
	}
}

func TestSuperSeedingEndsWhenThereIsAnotherSeed(t *testing.T) {
	e, p := alone(t, Options{})
	pr := mustProbe(t, e, p, true)
	seen := map[uint32]bool{pr.told(): true}
	mustProbe(t, e, p, true).send(msgHaveAll, nil)
	for len(seen) < 40 {
		seen[pr.told()] = true
	}
	got, err := pr.block(block{39, 0, 16 << 10})
	if want := content(t, p); err != nil || !bytes.Equal(got, want[39*32<<10:][:16<<10]) {
		t.Errorf("the last piece: %v", err)
	}
	if _, err := mustProbe(t, e, p, true).next(msgHaveAll); err != nil {
		t.Errorf("the next peer is not told of everything: %v", err)
	}
}

// A peer that never tells what it got is told of further pieces all the same.
func TestPeersThatDoNotTellAreServed(t *testing.T) {
	t.Parallel()
	e, p := alone(t, Options{})
	pr := mustProbe(t, e, p, true)
	for range 4 {
		piece := pr.told()
		for begin := uint32(0); begin < 32<<10; begin += 16 << 10 {
			_, err := pr.block(block{piece, begin, 16 << 10})
			check(t, err)
		}
	}
}

// Peers that cannot reach each other gain nothing from it.
func TestSuperSeedingInVainEnds(t *testing.T) {
	a, conns := bare(t, 40, 4)
	a.begin()
	for n := 0; a.superSeeded(time.Now()); n++ {
		if n > 100 {
			t.Fatal("everything was sent twice, nothing passed on, and it goes on")
		}
		for _, c := range conns {
			arrive(a, c)
		}
	}
	if a.spread.given < 80 {
		t.Errorf("ended after %d pieces", a.spread.given)
	}
	a.endSuperSeeding()
	for _, c := range conns {
		if c.super.Load() {
			t.Error("a peer is still told of single pieces")
		}
	}
}

// swarm is a torrent whose peers have given each other much for ten seconds.
type swarm struct {
	*awake
	conns []*conn
	now   time.Time
}

func carried(t *testing.T) *swarm {
	a, conns := bare(t, 40, 20)
	s := &swarm{a, conns, time.Now()}
	if !a.superSeeded(s.now) {
		t.Fatal("is not super-seeded")
	}
	a.begin()
	for range 10 {
		s.second(100<<20, 1<<20)
	}
	return s
}

// second passes, in which peers got bytes and we sent some.
func (s *swarm) second(arrived, sent int64) {
	s.now = s.now.Add(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spread.arrived += arrived
	s.spread.weigh(s.awake, float64(sent), s.now)
}

// given is how many pieces we sent.
func (s *swarm) given() (n int) {
	for _, c := range s.conns {
		n += c.given
	}
	return n
}

// settle has everything arrive that is sent.
func (s *swarm) settle() {
	s.begin()
	for range 1000 {
		for _, c := range s.conns {
			arrive(s.awake, c)
		}
	}
}

// Once every piece is out a few times, a swarm that gives itself much more than
// we could is left alone, and helped again when it stalls.
func TestASwarmThatCarriesItselfIsLeftAlone(t *testing.T) {
	s := carried(t)
	s.settle()
	sent := s.given()
	if sent < 40*(spreadCopies-1) || sent > 40*(spreadCopies+1) {
		t.Errorf("%d pieces sent of 40, with %d copies each left to the swarm", sent, spreadCopies)
	}
	for range 10 {
		s.second(0, 0)
	}
	if s.begin(); s.given() == sent {
		t.Error("a swarm that stalls is not helped")
	}
}

// Nor is everybody told of all pieces when the first peer is complete: the others
// would ask us for what they give each other.
func TestASwarmThatCarriesItselfIsLeftAloneToItsEnd(t *testing.T) {
	s := carried(t)
	s.t.heardOfSeed(s.now)
	if !s.superSeeded(s.now) {
		t.Error("it ends although the peers give each other all they need")
	}
	for range 10 {
		s.second(0, 0)
	}
	if s.superSeeded(s.now) {
		t.Error("it goes on although there is another seed and the swarm stalls")
	}
	for range 10 {
		s.second(100<<20, 1<<20)
	}
	if s.superSeeded(s.now) {
		t.Error("it begins although there is another seed")
	}
}

// Others may lie about what they get: who wants pieces and gets none is helped.
func TestWhoIsNotCarriedIsHelped(t *testing.T) {
	s := carried(t)
	s.settle()
	sent := s.given()
	s.conns[0].interested = true
	for range int(stallTime/time.Second) + 1 {
		s.second(100<<20, 1<<20)
	}
	if s.settle(); s.given() == sent {
		t.Error("nothing is sent to a peer that gets nothing")
	}
	for range int(doubtTime/time.Second) + 1 {
		s.conns[0].grew = s.now
		s.second(100<<20, 1<<20)
	}
	if !s.spread.carried {
		t.Error("the swarm is doubted for ever")
	}
}

func TestWindowKeepsTheUplinkBusyAndNoMore(t *testing.T) {
	w := newWindow(100)
	now := time.Unix(1000, 0)
	// The uplink is found idle: more is let under way.
	for range 100 {
		now = now.Add(20 * time.Millisecond)
		w.took(50 * time.Millisecond)
		w.saw(0, now)
	}
	if w.size < 1000 {
		t.Errorf("grew to %d", w.size)
	}
	// Much waits to leave all the time: less is.
	for range 100_000 {
		now = now.Add(20 * time.Millisecond)
		w.saw(500, now)
	}
	if w.size != w.least {
		t.Errorf("shrank to %d, not %d", w.size, w.least)
	}
	for range 1_000 {
		now = now.Add(20 * time.Millisecond)
		w.saw(80, now)
	}
	if w.size != w.least {
		t.Errorf("became %d without need", w.size)
	}
}

// BEP 6 gives this example.
func TestAllowedFastSetIsThatOfTheSpecification(t *testing.T) {
	var infohash [20]byte
	for i := range infohash {
		infohash[i] = 0xaa
	}
	got := allowedFast(netip.MustParseAddr("80.4.4.200"), infohash, 1313)
	want := []uint32{1059, 431, 808, 1217, 287, 376, 1188, 353, 508}
	if !slices.Equal(got[:9], want) || len(got) != fastPieces {
		t.Errorf("%v, want %v", got, want)
	}
	if got := allowedFast(netip.MustParseAddr("80.4.4.200"), infohash, 3); len(got) != 3 {
		t.Errorf("of 3 pieces %v", got)
	}
}

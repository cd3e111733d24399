package origin

import (
	"context"
	"slices"
	"testing"
	"time"

	"commonseed/seed"
	"commonseed/seed/seedtest"
)

// With more interested peers than slots each gets its turn, and no more than
// there are slots ask at a time.
func TestSlotsGoRound(t *testing.T) {
	_, conns := bare(t, 10, 20)
	k := newChoker()
	now := time.Now()
	for _, c := range conns {
		c.super.Store(false)
		k.want(c)
	}
	served := map[*conn]int{}
	for range 60 {
		held := 0
		for _, c := range conns {
			if !c.choked {
				held++
				served[c]++
			}
		}
		if held > leastSlots+1 || held < leastSlots {
			t.Fatalf("%d peers may ask, with %d slots", held, leastSlots)
		}
		now = now.Add(slotRound)
		for _, c := range conns { // a slot is held for as long as the clock of the test says
			c.turn = c.turn.Add(-slotRound)
		}
		k.round(time.Now())
	}
	for i, c := range conns {
		if served[c] < 10 {
			t.Errorf("peer %d of 20 had a slot in %d of 60 rounds", i, served[c])
		}
	}
}

func TestAFreeSlotIsGivenAtOnce(t *testing.T) {
	_, conns := bare(t, 10, leastSlots+1)
	k := newChoker()
	for _, c := range conns {
		k.want(c)
	}
	last := conns[leastSlots]
	if !last.choked {
		t.Fatal("more peers may ask than there are slots")
	}
	k.drop(conns[3])
	if last.choked || !conns[3].choked {
		t.Error("the slot was not passed on")
	}
	k.drop(conns[3]) // changes nothing
	k.want(last)
	if slots, waiting := k.count(); slots != leastSlots || waiting != 0 {
		t.Errorf("%d slots, %d peers wait", slots, waiting)
	}
}

func TestSlotsFollowTheUplink(t *testing.T) {
	a, conns := bare(t, 10, 100)
	k := newChoker()
	rates := func(perPeer int64) {
		now := time.Now()
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, c := range conns {
			c.meter = meter{}
			c.meter.add(now.Add(-time.Second), 0)
			c.meter.add(now, perPeer)
		}
	}
	for _, c := range conns {
		k.want(c)
	}
	rates(1 << 20)
	for range 200 {
		k.round(time.Now())
	}
	if slots, _ := k.count(); slots < 100 {
		t.Errorf("%d slots for 100 peers that get 1 MiB/s each", slots)
	}
	rates(20 << 10)
	k.round(time.Now())
	if slots, _ := k.count(); slots < 20 || slots > 21 {
		t.Errorf("%d slots for peers that get 20 KiB/s each", slots)
	}
	rates(0)
	k.round(time.Now())
	if slots, _ := k.count(); slots != leastSlots {
		t.Errorf("%d slots while nobody takes anything", slots)
	}
}

// Who is choked may ask for the pieces that it was told of as allowed, and what
// else it asks for is rejected.
func TestAllowedPiecesAreServedWhileChoked(t *testing.T) {
	p := seedtest.PayloadOf(t, seedtest.Hybrid, map[string]int64{"film.bin": 40 * 32 << 10})
	e := open(t, Options{})
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	seedtest.Await(t, e, id, seed.Seeding)
	e.list()[0].heardOfSeed(time.Now())
	for range leastSlots {
		pr := mustProbe(t, e, p, true)
		if _, err := pr.next(msgUnchoke); err != nil {
			t.Fatal(err)
		}
	}
	pr := mustProbe(t, e, p, true)
	allowed := allowedFast(remote(pr.nc).Addr(), swarmsOf(t, p)[0], 40)
	want := content(t, p)
	for _, piece := range allowed {
		got, err := pr.block(block{piece, 0, 16 << 10})
		check(t, err)
		if !slices.Equal(got, want[int(piece)*32<<10:][:16<<10]) {
			t.Errorf("wrong bytes in piece %d", piece)
		}
	}
	for piece := range uint32(40) {
		if slices.Contains(allowed, piece) {
			continue
		}
		pr.send(msgRequest, block{piece, 0, 16 << 10}.append(nil))
		if _, err := pr.next(msgReject); err != nil {
			t.Fatalf("piece %d is not rejected: %v", piece, err)
		}
	}
}

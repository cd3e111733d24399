package origin

import (
	"net/netip"
	"testing"
	"time"

	"commonseed/seed/seedtest"
)

// Limits hold from the moment they are set, also for what waits already.
func TestLimitsChangeWhileRunning(t *testing.T) {
	t.Parallel()
	e, p := seeding(t, seedtest.V1, Options{Limits: Limits{Upload: 100 << 10, TorrentUpload: 50 << 10}})
	begin := time.Now()
	pr := mustProbe(t, e, p, true)
	for i := range uint32(6) { // the first two are free: a burst of 128 KiB
		_, err := pr.block(block{i, 0, 32 << 10})
		check(t, err)
	}
	if took := time.Since(begin); took < time.Second {
		t.Errorf("192 KiB at 50 KiB/s in %v", took)
	}
	e.SetLimits(Limits{})
	completes(t, e, p)
	if l := e.Report().Limits; l.Peers != defaultPeers || l.TorrentPeers != defaultPeers || l.AddressPeers != defaultAddressPeers {
		t.Errorf("limits %+v", l)
	}
}

func TestOnePlaceHasOneLimit(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.7": "203.0.113.7/32", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
		"127.0.0.1": "invalid Prefix", "::1": "invalid Prefix",
	} {
		if got := network(netip.MustParseAddr(in)).String(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	e, p := seeding(t, seedtest.V1, Options{Limits: Limits{TorrentPeers: 2}})
	for range 2 {
		mustProbe(t, e, p, true)
	}
	awaitTrue(t, "two peers", func() bool { return e.Status()[0].Peers == 2 })
	if pr := mustProbe(t, e, p, true); !pr.closed() {
		t.Error("a third peer is served")
	}
}

func TestSleepersWake(t *testing.T) {
	e, p := seeding(t, seedtest.Hybrid, Options{})
	pr := mustProbe(t, e, p, true)
	awaitTrue(t, "the peer to come", func() bool { return e.Status()[0].Peers == 1 })
	pr.nc.Close()
	tor := e.list()[0]
	awaitTrue(t, "the peer to leave", func() bool { return e.Status()[0].Peers == 0 })
	a := tor.current()
	a.mu.Lock()
	a.empty = time.Now().Add(-2 * linger)
	a.mu.Unlock()
	awaitTrue(t, "sleep", func() bool { return tor.current() == nil && e.Report().Awake == 0 })
	completes(t, e, p)
}

package origin

import (
	"net/netip"
	"testing"

	"github.com/anacrolix/torrent/bencode"

	"commonseed/seed/seedtest"
)

func TestPeersAreToldOfEachOther(t *testing.T) {
	e, p := seeding(t, seedtest.Hybrid, Options{})
	first := mustProbe(t, e, p, true)
	first.send(msgExtended, []byte("\x00d1:md6:ut_pexi9ee1:pi7001ee"))
	awaitTrue(t, "the first peer's port to be known", func() bool {
		for _, c := range e.list()[0].current().peers() {
			if at, _ := c.listensAt(); at.Port() == 7001 {
				return true
			}
		}
		return false
	})
	second := mustProbe(t, e, p, true)
	second.send(msgExtended, []byte("\x00d1:md6:ut_pexi9ee1:pi7002ee"))
	for {
		m, err := second.next(msgExtended)
		check(t, err)
		if m[0] != 9 { // our number for it, as we told
			continue
		}
		peers, err := parsePex(m[1:])
		check(t, err)
		if len(peers) != 1 || peers[0] != netip.MustParseAddrPort("127.0.0.1:7001") {
			t.Errorf("told of %v", peers)
		}
		return
	}
}

func TestPrivateTorrentsExchangeNoPeers(t *testing.T) {
	p := seedtest.NewPayload(t, seedtest.V1)
	p.Metainfo = edit(t, p.Metainfo, func(_, info map[string]any) { info["private"] = 1 })
	l, err := readMetainfo(p.Metainfo)
	check(t, err)
	_, conns := bare(t, 1, 1)
	c := conns[0]
	c.t.private = true
	c.a.layout = l
	if m := c.extendedGreeting(); containsKey(m[6:], "ut_pex") {
		t.Errorf("offered: %q", m)
	}
	check(t, c.onPex([]byte("d5:added6:\x7f\x00\x00\x01\x1b\x58e")))
	if n := len(c.e.dialer.candidates[c.t]); n != 0 {
		t.Errorf("%d addresses taken", n)
	}
}

func containsKey(handshake []byte, key string) bool {
	var h extendedHandshake
	if err := bencode.Unmarshal(handshake, &h); err != nil {
		return false
	}
	_, ok := h.M[key]
	return ok
}

func TestPexTellsOfWhatChanged(t *testing.T) {
	at := netip.MustParseAddrPort
	before := map[netip.AddrPort]byte{at("1.2.3.4:5"): 0, at("[2001:db8::1]:6"): 0}
	now := map[netip.AddrPort]byte{at("1.2.3.4:5"): 0, at("9.9.9.9:9"): pexEncrypts, at("[2001:db8::2]:7"): pexReachable}
	var m pexMessage
	check(t, bencode.Unmarshal(pexDiff(before, now, at("8.8.8.8:8")), &m))
	if string(m.Added) != "\x09\x09\x09\x09\x00\x09" || string(m.AddedF) != "\x01" ||
		len(m.Added6) != 18 || string(m.Added6F) != "\x10" || len(m.Dropped) != 0 || len(m.Dropped6) != 18 {
		t.Errorf("%+v", m)
	}
	if pexDiff(now, now, netip.AddrPort{}) != nil || pexDiff(nil, map[netip.AddrPort]byte{at("1.1.1.1:1"): 0}, at("1.1.1.1:1")) != nil {
		t.Error("told of nothing new")
	}
}

func FuzzParsePex(f *testing.F) {
	f.Add([]byte("d5:added6:\x7f\x00\x00\x01\x1b\x587:added.f1:\x006:added618:aaaaaaaaaaaaaaaaaae"))
	f.Fuzz(func(t *testing.T, data []byte) {
		peers, err := parsePex(data)
		if err == nil && len(peers) > maxPexTaken {
			t.Errorf("%d addresses", len(peers))
		}
	})
}

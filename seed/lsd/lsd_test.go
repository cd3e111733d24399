package lsd

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// found collects what a Discovery finds.
type found struct {
	mu    sync.Mutex
	peers map[[20]byte]map[netip.AddrPort]int
}

func (f *found) add(h [20]byte, peer netip.AddrPort) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.peers == nil {
		f.peers = map[[20]byte]map[netip.AddrPort]int{}
	}
	if f.peers[h] == nil {
		f.peers[h] = map[netip.AddrPort]int{}
	}
	f.peers[h][peer]++
}

func (f *found) count(h [20]byte, peer string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.peers[h][netip.MustParseAddrPort(peer)]
}

// at counts by port alone: on the loopback interface, multicast comes from any
// address of the machine.
func (f *found) at(h [20]byte, port uint16) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for peer, times := range f.peers[h] {
		if peer.Port() == port {
			n += times
		}
	}
	return n
}

// eventually waits for what must come.
func eventually(t *testing.T, what string, come func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !come(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("does not come: ", what)
		}
	}
}

func always(hashes ...[20]byte) func() [][20]byte {
	return func() [][20]byte { return hashes }
}

// Two on one machine find each other, but not themselves. IPv6 knows no
// multicast on the loopback interface.
func TestFindEachOther(t *testing.T) {
	h, other := [20]byte{1}, [20]byte{0xab, 2}
	var a, b found
	lo := []string{loopback(t)}
	defer New(Options{Port: 1001, Next: always(h, other), Found: a.add, Interval: 50 * time.Millisecond, Interfaces: lo}).Close()
	defer New(Options{Port: 1002, Next: always(h), Found: b.add, Interval: 50 * time.Millisecond, Interfaces: lo}).Close()
	eventually(t, "b is found", func() bool { return a.at(h, 1002) > 1 })
	eventually(t, "a is found", func() bool { return b.at(h, 1001) > 1 && b.at(other, 1001) > 1 })
	if a.at(h, 1001) > 0 || b.at(h, 1002) > 0 {
		t.Error("found itself")
	}
}

func loopback(t *testing.T) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name
		}
	}
	t.Skip("no loopback interface")
	return ""
}

// A flood is heard in part, and no more.
func TestFlood(t *testing.T) {
	var a found
	h := [20]byte{1}
	d := New(Options{Port: 1001, Next: always(h), Found: a.add, Interval: time.Hour, Interfaces: []string{loopback(t)}})
	defer d.Close()
	c, err := net.Dial("udp4", "127.0.0.1:6771")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	packet := format(group4, 1003, "other", [][20]byte{h})
	begin := time.Now()
	eventually(t, "one is heard", func() bool { c.Write(packet); return a.count(h, "127.0.0.1:1003") > 0 })
	for range 5000 {
		c.Write(packet)
	}
	if heard, most := a.count(h, "127.0.0.1:1003"), maxHeard*(2+int(time.Since(begin)/time.Second)); heard > most {
		t.Errorf("heard %d announcements, want at most %d", heard, most)
	}
}

func TestPackets(t *testing.T) {
	many := make([][20]byte, MaxHashes)
	for i := range many {
		many[i][19] = byte(i)
	}
	if full := format(group6, 65535, "7fffffff", many); len(full) > 1400 || len(full)+hashLine <= 1400 {
		t.Errorf("a full announcement has %d bytes", len(full))
	} else if a, ok := parse(full); !ok || len(a.hashes) != MaxHashes || a.hashes[3] != many[3] || a.port != 65535 || a.cookie != "7fffffff" {
		t.Errorf("read back: %+v %v", a, ok)
	}
	want := "BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 7448\r\n" +
		"Infohash: 0100000000000000000000000000000000000000\r\ncookie: 01234567\r\n\r\n\r\n"
	if got := string(format(group4, 7448, "01234567", [][20]byte{{1}})); got != want {
		t.Errorf("%q", got)
	}
	const hash = "Infohash: ABCDEF0123456789abcdef0123456789ABCDEF01\r\n"
	for _, c := range []struct {
		packet string
		hashes int // 0: no announcement
	}{
		{"BT-SEARCH * HTTP/1.1\r\nHOST: x\r\nPORT:6881\r\nX-New: thing\r\n" + hash + "\r\n", 1},
		{"BT-SEARCH * HTTP/1.1\nport: 6881\n" + hash + hash, 2},
		{"BT-SEARCH * HTTP/1.1\r\n" + hash + "Port: 6881", 1},
		{"BT-SEARCH * HTTP/1.1\r\nPort: 6881\r\nInfohash: 1234\r\n" + hash, 1},
		{"BT-SEARCH * HTTP/1.1\r\nPort: 6881\r\n", 0},
		{"BT-SEARCH * HTTP/1.1\r\n" + hash, 0},
		{"BT-SEARCH * HTTP/1.1\r\nPort: 0\r\n" + hash, 0},
		{"BT-SEARCH * HTTP/1.1\r\nPort: 65536\r\n" + hash, 0},
		{"BT-SEARCH * HTTP/1.1\r\nPort: -1\r\n" + hash, 0},
		{"M-SEARCH * HTTP/1.1\r\nPort: 6881\r\n" + hash, 0},
		{"", 0},
	} {
		if a, ok := parse([]byte(c.packet)); ok != (c.hashes > 0) || ok && len(a.hashes) != c.hashes {
			t.Errorf("%q: %+v %v", c.packet, a, ok)
		}
	}
}

func FuzzPacket(f *testing.F) {
	f.Add(format(group4, 7448, "01234567", [][20]byte{{1}, {2}}))
	f.Add([]byte("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash:" + strings.Repeat("a", 40)))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := parse(b)
		if ok && (a.port == 0 || len(a.hashes) == 0 || len(a.hashes) > len(b)/40) {
			t.Errorf("%+v", a)
		}
		if again, ok2 := parse(format(group4, a.port, "1", a.hashes)); ok && (!ok2 || len(again.hashes) != len(a.hashes) || again.port != a.port) {
			t.Errorf("%+v is read back as %+v", a, again)
		}
	})
}

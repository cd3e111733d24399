package announce

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// udpTracker is one of a test: what it does with a packet is up to the test.
type udpTracker struct {
	*net.UDPConn
	url string

	mu      sync.Mutex
	packets [][]byte
}

// serveUDP answers packets with what reply makes of them; nil is no answer. The
// number counts packets from 0.
func serveUDP(t testing.TB, reply func(n int, packet []byte) []byte) *udpTracker {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(t, err)
	tr := &udpTracker{UDPConn: conn, url: fmt.Sprintf("udp://%s/announce", conn.LocalAddr())}
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 4096)
		for n := 0; ; n++ {
			size, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			packet := append([]byte(nil), buf[:size]...)
			tr.mu.Lock()
			tr.packets = append(tr.packets, packet)
			tr.mu.Unlock()
			if out := reply(n, packet); out != nil {
				conn.WriteToUDPAddrPort(out, from)
			}
		}
	})
	t.Cleanup(func() { conn.Close(); wg.Wait() })
	return tr
}

func (tr *udpTracker) received() [][]byte {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return append([][]byte(nil), tr.packets...)
}

// honest answers as BEP 15 says, with connection id 42.
func honest(_ int, p []byte) []byte {
	switch binary.BigEndian.Uint32(p[8:]) {
	case udpConnect:
		return append(append(be32(udpConnect), p[12:16]...), 0, 0, 0, 0, 0, 0, 0, 42)
	case udpAnnounce:
		return append(append(be32(udpAnnounce), p[12:16]...),
			0, 0, 7, 8, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 0, 80, 5, 6, 7, 8, 0, 0)
	}
	return nil
}

func be32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func TestUDPAnnounce(t *testing.T) {
	tr := serveUDP(t, honest)
	w := testWire(t, Options{Uploaded: func(string) int64 { return 77 }})
	target := newTracker(tr.url + "?" + strings.Repeat("k", 300))
	for _, event := range []string{eventStarted, eventNone, eventStopped} {
		a, err := w.ask(context.Background(), request{tracker: target, id: "1", hash: hashOf(1), event: event})
		check(t, err)
		if got := describe(a, nil); got != "30m0s 0s 3 2 [1.2.3.4:80]" {
			t.Errorf("answer %s", got)
		}
	}
	packets := tr.received()
	if len(packets) != 4 { // one connection id is enough
		t.Fatalf("%d packets", len(packets))
	}
	if p := packets[0]; len(p) != 16 || binary.BigEndian.Uint64(p) != udpMagic || p[11] != 0 {
		t.Errorf("connect %x", p)
	}
	path := "/announce?" + strings.Repeat("k", 300)
	options := "\x02\xff" + path[:255] + "\x02" + string(rune(len(path)-255)) + path[255:] // BEP 41
	for i, event := range []byte{2, 0, 3} {
		p := packets[1+i]
		want := "\x00\x00\x00\x00\x00\x00\x00\x2a\x00\x00\x00\x01" + string(p[12:16])
		hash := hashOf(1)
		want += string(hash[:]) + string(us[:]) + strings.Repeat("\x00", 23) + "\x4d"
		want += "\x00\x00\x00" + string(event) + "\x00\x00\x00\x00\xde\xad\xbe\xef\x00\x00\x00" + string([]byte{50, 50, 0}[i]) + "\x1d\x18"
		if string(p) != want+options {
			t.Errorf("announce %d:\n got %q\nwant %q", i, p, want+options)
		}
	}
}

func TestUDPTrackersThatFail(t *testing.T) {
	for name, tc := range map[string]struct {
		reply func(int, []byte) []byte
		want  string
		sent  int
	}{
		"silent": {func(int, []byte) []byte { return nil }, "does not answer", udpTries},
		"refusal": {func(n int, p []byte) []byte {
			if p[11] == udpConnect {
				return honest(n, p)
			}
			return append(append(be32(udpError), p[12:16]...), "no\x1b such torrent\x00"...)
		}, "no? such torrent", 2},
		"another transaction": {func(n int, p []byte) []byte { p[13]++; return honest(n, p) }, "does not answer", udpTries},
		"another action":      {func(n int, p []byte) []byte { a := honest(n, p); a[3] = 9; return a }, "does not answer", udpTries},
		"no connection id":    {func(n int, p []byte) []byte { return honest(n, p)[:12] }, "no connection id", 1},
		"short answer": {func(n int, p []byte) []byte {
			a := honest(n, p)
			return a[:min(len(a), 19)]
		}, "too short", 2},
		"tiny": {func(n int, p []byte) []byte { return []byte{0, 0, 0} }, "does not answer", udpTries},
	} {
		t.Run(name, func(t *testing.T) {
			tr := serveUDP(t, tc.reply)
			_, err := askAt(t, testWire(t, Options{}), tr.url, eventStarted)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one about %q", err, tc.want)
			}
			if n := len(tr.received()); n != tc.sent {
				t.Errorf("%d packets, want %d", n, tc.sent)
			}
		})
	}
}

func TestLostPacketsAreSentAgain(t *testing.T) {
	lost := map[int]bool{0: true, 2: true}
	tr := serveUDP(t, func(n int, p []byte) []byte {
		if lost[n] {
			return nil
		}
		return honest(n, p)
	})
	_, err := askAt(t, testWire(t, Options{}), tr.url, eventStarted)
	check(t, err)
	if n := len(tr.received()); n != 4 {
		t.Errorf("%d packets", n)
	}
}

// An answer counts only from where it was asked for.
func TestUDPAnswersOfOthersAreIgnored(t *testing.T) {
	other, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(t, err)
	defer other.Close()
	w := testWire(t, Options{})
	tr := serveUDP(t, func(n int, p []byte) []byte {
		conn, err := w.udp[v4].open()
		if err == nil {
			to := conn.LocalAddr().(*net.UDPAddr).AddrPort()
			other.WriteToUDPAddrPort(honest(n, p), netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), to.Port()))
		}
		return nil
	})
	if _, err := askAt(t, w, tr.url, eventStarted); err == nil {
		t.Error("an answer of somebody else was taken")
	}
}

func TestAnOldConnectionIDIsRenewed(t *testing.T) {
	announces := 0
	tr := serveUDP(t, func(n int, p []byte) []byte {
		if p[11] == udpAnnounce {
			if announces++; announces == 2 {
				return append(append(be32(udpError), p[12:16]...), "Connection ID missmatch."...)
			}
		}
		return honest(n, p)
	})
	w := testWire(t, Options{})
	target := newTracker(tr.url)
	for range 2 {
		_, err := w.ask(context.Background(), request{tracker: target, hash: hashOf(1)})
		check(t, err)
	}
	if n := len(tr.received()); n != 5 {
		t.Errorf("%d packets", n)
	}
	target.link.paths[v4].udp.connected = time.Now().Add(-2 * time.Minute)
	_, err := w.ask(context.Background(), request{tracker: target, hash: hashOf(1)})
	check(t, err)
	if n := len(tr.received()); n != 7 {
		t.Errorf("%d packets", n)
	}
}

func TestAllAddressesOfAHostAreTried(t *testing.T) {
	alive := serveUDP(t, honest).LocalAddr().(*net.UDPAddr).AddrPort()
	w := testWire(t, Options{})
	target := newTracker(fmt.Sprintf("udp://tracker.example:%d", alive.Port()))
	target.link.has = []family{v4}
	target.link.paths[v4].addresses = addresses{resolved: time.Now(), list: []netip.Addr{netip.MustParseAddr("127.0.0.2"), alive.Addr()}}
	var errs []error
	for range 3 {
		_, err := w.ask(context.Background(), request{tracker: target, hash: hashOf(1)})
		errs = append(errs, err)
	}
	if errs[0] == nil || errs[1] != nil || errs[2] != nil {
		t.Errorf("%v", errs)
	}
}

func TestUDPOverIPv6(t *testing.T) {
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skip("no IPv6 here")
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			out := honest(0, buf[:n])
			if buf[11] == udpAnnounce {
				out = append(out[:20], make([]byte, 18)...)
				copy(out[20:], netip.MustParseAddr("2001:db8::7").AsSlice())
				out[37] = 80
			}
			conn.WriteToUDPAddrPort(out, from)
		}
	})
	defer wg.Wait()
	defer conn.Close()
	a, err := askAt(t, testWire(t, Options{}), "udp://"+conn.LocalAddr().String(), eventNone)
	if err != nil || fmt.Sprint(a.peers) != "[[2001:db8::7]:80]" {
		t.Errorf("%v, %v", a.peers, err)
	}
}

// At the end nobody waits: 500 torrents say goodbye to a tracker that answers
// no announce any more.
func TestUDPFarewellIsABurst(t *testing.T) {
	gone := map[string]bool{}
	var mu sync.Mutex
	tr := serveUDP(t, func(n int, p []byte) []byte {
		if p[11] == udpAnnounce && binary.BigEndian.Uint32(p[80:]) == 3 {
			mu.Lock()
			gone[string(p[16:36])] = true
			mu.Unlock()
			return nil
		}
		return honest(n, p)
	})
	a, err := New(Options{PeerID: us, Port: 1})
	check(t, err)
	const torrents = 100
	for i := range torrents {
		a.Add(some(i, []string{tr.url}))
	}
	await(t, "all to be announced", func() bool { return a.Trackers()[0].Good == torrents })
	a.Close(20 * time.Second)
	await(t, "all to be gone", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(gone) == torrents
	})
}

// await gives a condition 20 seconds.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func FuzzUDPAnswer(f *testing.F) {
	f.Add([]byte("\x00\x00\x07\x08\x00\x00\x00\x02\x00\x00\x00\x03\x01\x02\x03\x04\x00\x50"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add([]byte("no such torrent\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, f := range []family{v4, v6} {
			if a, err := parseUDPAnswer(body, f); err == nil {
				checkAnswer(t, a)
			}
		}
	})
}

// Whatever comes to the socket, from the tracker itself, an announce ends with
// an answer or an error.
func FuzzUDPPackets(f *testing.F) {
	f.Add(uint8(0), []byte("\x00\x00\x00\x00\x00\x00\x00\x2a"))
	f.Add(uint8(1), []byte("\x00\x00\x07\x08\x00\x00\x00\x02\x00\x00\x00\x03"))
	f.Add(uint8(3), []byte("nope"))
	w := testWire(f, Options{})
	w.udp[v4].wait = time.Millisecond
	var mu sync.Mutex
	var action uint8
	var rest []byte
	tr := serveUDP(f, func(n int, p []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		return append(append(be32(uint32(action)), p[12:16]...), rest...)
	})
	f.Fuzz(func(t *testing.T, a uint8, b []byte) {
		mu.Lock()
		action, rest = a, b[:min(len(b), 2000)]
		mu.Unlock()
		got, err := askAt(t, w, tr.url, eventNone)
		if err == nil {
			checkAnswer(t, got)
		}
		if len(w.udp[v4].waiting) != 0 || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%d still wait, %v", len(w.udp[v4].waiting), err)
		}
	})
}

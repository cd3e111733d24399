package announce

import (
	"context"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"commonseed/internal/peers"
)

// What an announce costs us, the tracker being another process: CPU time of
// this one, and allocations.
func BenchmarkAnnounce(b *testing.B) {
	peers.Need(b, "opentracker")
	host := startOpentracker(b, hashOf(1))
	for _, scheme := range []string{"http", "udp"} {
		b.Run(scheme, func(b *testing.B) {
			w := testWire(b, Options{})
			r := request{tracker: newTracker(scheme + "://" + host + "/announce"), id: "1", hash: hashOf(1)}
			b.ReportAllocs()
			measure(b, func() {
				_, err := w.ask(context.Background(), r)
				check(b, err)
			})
		})
	}
}

// What the schedule costs for each announce, with 100,000 torrents at a tracker.
func BenchmarkSchedule(b *testing.B) {
	a := start(Options{}, nil, every(maxInterval), newClockAlarm)
	defer a.Close(0)
	for i := range 100_000 {
		a.Add(some(i, []string{"http://a/"}))
	}
	a.mu.Lock()
	a.dismissLocked() // we turn the handle ourselves
	a.mu.Unlock()
	a.wg.Wait()
	now := time.Duration(0)
	b.ReportAllocs()
	measure(b, func() {
		a.mu.Lock()
		t := a.ready[0]
		now = max(now, t.wake)
		s := a.sendLocked(t, now)
		a.mu.Unlock()
		a.once(s)
	})
}

// What a traversal of a DHT of 150 nodes, and all it takes, costs.
func BenchmarkDHT(b *testing.B) {
	o := startDHT(b, 150, v4)
	for i, s := range o.servers { // the library names only nodes that answered it
		for k := range 40 {
			s.Ping(o.servers[(i+1+k*k)%len(o.servers)].Addr().(*net.UDPAddr))
		}
	}
	conn := &counting{PacketConn: listenUDP(b, v4)}
	a, err := New(Options{Port: 7448, DHT: DHT{Conn: conn, Nodes: []string{o.node(0), o.node(75)}}})
	check(b, err)
	defer a.waitForDHT()
	defer a.Close(0)
	await(b, "a table", func() bool { return len(a.Nodes()) >= 8 })
	n := 0
	conn.packets.Store(0)
	conn.bytes.Store(0)
	measure(b, func() {
		n++
		_, err := a.wire.dht.announce(context.Background(), hashOf(n*0x10001), a.wire)
		check(b, err)
	})
	b.ReportMetric(float64(conn.packets.Load())/float64(b.N), "packets/op")
	b.ReportMetric(float64(conn.bytes.Load())/float64(b.N), "bytes/op")
}

// counting counts what is sent.
type counting struct {
	net.PacketConn
	packets, bytes atomic.Int64
}

func (c *counting) WriteTo(b []byte, to net.Addr) (int, error) {
	c.packets.Add(1)
	c.bytes.Add(int64(len(b)))
	return c.PacketConn.WriteTo(b, to)
}

func measure(b *testing.B, f func()) {
	before := cpu()
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(cpu()-before)/float64(time.Microsecond)/float64(b.N), "cpu-µs/op")
}

func cpu() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

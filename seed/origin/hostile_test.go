package origin

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"commonseed/seed"
	"commonseed/seed/seedtest"
)

// memory is what this process holds for good, in bytes.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// crowd connects n peers, as far as the system lets this process have files.
func crowd(t *testing.T, e *Engine, p seedtest.Payload, n int) []*probe {
	t.Helper()
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err == nil && int(r.Cur) < 2*n+200 {
		n = (int(r.Cur) - 200) / 2
	}
	var out []*probe
	for range n {
		out = append(out, mustProbe(t, e, p, true))
	}
	return out
}

func completes(t *testing.T, e *Engine, p seedtest.Payload) {
	t.Helper()
	dir := t.TempDir()
	check(t, seedtest.Leech(p.Metainfo, peerAddr(e), dir, 30*time.Second))
	if diff := seedtest.Diff(t, p.Root, dir); diff != "" {
		t.Error(diff)
	}
}

// A connection that does nothing costs less than 24 KiB with all that is around
// it, here with both of its ends, and holds up nobody.
func TestIdleConnectionsCostLittle(t *testing.T) {
	e, p := seeding(t, seedtest.Hybrid, Options{Limits: Limits{Peers: 10_000}})
	before := memory()
	idle := crowd(t, e, p, 5000)
	awaitTrue(t, "all to be served", func() bool { return e.Status()[0].Peers == len(idle) })
	each := (memory() - before) / int64(len(idle))
	t.Logf("%d connections, %d bytes each", len(idle), each)
	if each > 24<<10 {
		t.Errorf("an idle connection costs %d bytes", each)
	}
	for _, pr := range idle {
		pr.send(msgNotInterested, nil)
	}
	completes(t, e, p)
}

// Peers that ask for all they can and take nothing are held to little memory
// each, and an honest one gets everything meanwhile.
func TestFloodsOfRequestsAreBounded(t *testing.T) {
	e, p := seeding(t, seedtest.Hybrid, Options{})
	before := memory()
	var root hash32
	for _, f := range layoutOf(t, p).files {
		if f.length > 100_000 {
			root = f.root
		}
	}
	flood := bytes.Repeat(message(msgRequest, block{1, 0, 16 << 10}.append(nil)), 4*maxQueue)
	for range 200 {
		flood = append(flood, message(msgHashRequest, hashRequest{root: root, count: 2, index: 4}.append(nil))...)
		flood = append(flood, message(msgHashRequest, hashRequest{root: root, base: 1, count: 8}.append(nil))...)
		flood = append(flood, message(msgExtended, append([]byte{ourMetadataID}, "d8:msg_typei0e5:piecei0ee"...))...)
	}
	const n = 40
	for _, pr := range crowd(t, e, p, n) {
		pr.send(msgExtended, append([]byte{0}, "d1:md11:ut_metadatai7eee"...))
		pr.nc.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		pr.nc.Write(flood)
	}
	each := (memory() - before) / n
	t.Logf("%d bytes for each of %d", each, n)
	if each > 1<<20 {
		t.Errorf("each of %d flooding peers costs %d bytes", n, each)
	}
	completes(t, e, p)
}

// Connections that say nothing give way to those who do.
func TestHalfOpenHandshakesGiveWay(t *testing.T) {
	e, p := seeding(t, seedtest.Hybrid, Options{})
	for range maxGreeting + 50 {
		nc, err := net.Dial("tcp", peerAddr(e))
		check(t, err)
		defer nc.Close()
	}
	awaitTrue(t, "an honest peer to get in", func() bool {
		pr, err := dialProbe(t, peerAddr(e), swarmsOf(t, p)[0], true)
		if err != nil {
			return false
		}
		_, err = pr.next(msgUnchoke)
		return err == nil
	})
}

// A fault while one peer is served ends that connection alone.
func TestAFaultIsContained(t *testing.T) {
	var log syncBuffer
	e, p := seeding(t, seedtest.Hybrid, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	other := mustProbe(t, e, p, true)
	pr := mustProbe(t, e, p, true)
	awaitTrue(t, "both to be served", func() bool { return e.Status()[0].Peers == 2 })
	a := e.list()[0].current()
	for _, c := range a.peers() {
		if c.nc.RemoteAddr().String() == pr.nc.LocalAddr().String() {
			func() {
				defer c.contain()
				panic("what no peer can bring about")
			}()
		}
	}
	if !pr.closed() {
		t.Error("still connected")
	}
	if _, err := other.block(block{0, 0, 100}); err != nil {
		t.Errorf("the other peer: %v", err)
	}
	if st := e.Status()[0]; st.State != seed.Seeding || !strings.Contains(log.String(), "fault") {
		t.Errorf("status %+v, log %q", st, log.String())
	}
}

func TestEncryptionHandshakesOfUnknownTorrentsEnd(t *testing.T) {
	e, p := seeding(t, seedtest.V1, Options{})
	for name, infohash := range map[string][20]byte{"known": swarmsOf(t, p)[0], "unknown": {1}} {
		nc, err := net.Dial("tcp", peerAddr(e))
		check(t, err)
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(5 * time.Second))
		c := newConn(e, nc)
		h := hello{infohash: infohash, peerID: [20]byte{'p'}}
		err = c.offerEncrypted(infohash, h.bytes())
		if known := name == "known"; (err == nil) != known {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzEncryptionHandshake is the part that a peer encrypts.
func FuzzEncryptionHandshake(f *testing.F) {
	f.Add(append(make([]byte, 8), 0, 0, 0, 3, 0, 0, 0, 4, 'a', 'b', 'c', 'd'))
	f.Add(append(make([]byte, 8), 0, 0, 0, 1, 0, 2, 9, 9, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		_, first, err := readOffer(r)
		if err == nil && len(first) > 1<<10 {
			t.Errorf("took %d bytes", len(first))
		}
		io.Copy(io.Discard, r)
	})
}

package origin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"commonseed/seed"
	"commonseed/seed/seedtest"
)

func TestATakenPortIsSaidBeforeAnythingElse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	// The resume file could not be read: nothing is looked at before the port.
	if _, err := New(Options{ListenHost: "127.0.0.1", PeerPort: port}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("TCP: %v", err)
	}
	u, err := net.ListenPacket("udp4", "127.0.0.1:0")
	check(t, err)
	defer u.Close()
	port = u.LocalAddr().(*net.UDPAddr).Port
	if _, err := New(Options{ListenHost: "127.0.0.1", PeerPort: port, DHT: true}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("UDP: %v", err)
	}
	again, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Errorf("the TCP port was not given back: %v", err)
	} else {
		again.Close()
	}
}

func TestListensOnBothFamilies(t *testing.T) {
	e, err := New(Options{})
	check(t, err)
	defer e.Close()
	for _, host := range []string{"127.0.0.1", "::1"} {
		nc, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(e.PeerPort())))
		if host == "::1" && err != nil {
			if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
				continue // no IPv6 here
			} else {
				l.Close()
			}
		}
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		nc.Close()
	}
}

func TestManyTorrentsAtOnce(t *testing.T) {
	t.Parallel()
	e := open(t, Options{})
	var wg sync.WaitGroup
	payloads := make([]seedtest.Payload, 30)
	for i := range payloads {
		payloads[i] = seedtest.PayloadOf(t, seedtest.Version(i%3), map[string]int64{"a": int64(1000 * i), fmt.Sprint(i): 40_000})
	}
	for _, p := range payloads {
		wg.Go(func() {
			for range 3 {
				if _, err := e.Add(context.Background(), p.Torrent()); err != nil {
					t.Error(err)
				}
				e.Status()
			}
		})
	}
	wg.Wait()
	if n := len(e.Status()); n != len(payloads) {
		t.Fatalf("%d torrents, want %d", n, len(payloads))
	}
	for _, p := range payloads {
		seedtest.Await(t, e, p.Infohash, seed.Seeding)
		wg.Go(func() {
			if err := e.Remove(context.Background(), p.Infohash); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(e.Status()); n != 0 {
		t.Errorf("%d torrents are left", n)
	}
}

func TestCloseWhileChecking(t *testing.T) {
	t.Parallel()
	p := seedtest.PayloadOf(t, seedtest.Hybrid, map[string]int64{"big.bin": 64 << 20, "b": 1})
	e := open(t, Options{})
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	awaitTrue(t, "progress of the check", func() bool {
		st := e.Status()[0]
		return st.Checked > 0 && st.Checked < st.Size
	})
	if st := e.Status()[0]; st.State != seed.Checking || st.Infohash != id {
		t.Errorf("status %+v", st)
	}
	begin := time.Now()
	check(t, e.Close())
	if took := time.Since(begin); took > time.Second {
		t.Errorf("Close took %v", took)
	}
}

func TestCloseWithPeersConnected(t *testing.T) {
	e, p := seeding(t, seedtest.V1, Options{Limits: Limits{Upload: 1}}) // blocks never arrive
	for range 5 {
		pr := mustProbe(t, e, p, true)
		pr.send(msgRequest, block{0, 0, 16384}.append(nil))
	}
	idle, err := net.Dial("tcp", peerAddr(e)) // never shakes hands
	check(t, err)
	defer idle.Close()
	time.Sleep(20 * time.Millisecond)
	begin := time.Now()
	check(t, e.Close())
	if took := time.Since(begin); took > time.Second {
		t.Errorf("Close took %v", took)
	}
}

func TestOnlyTheGivenLoggerSpeaks(t *testing.T) {
	var log syncBuffer
	e, p := seeding(t, seedtest.V1, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	check(t, seedtest.Leech(p.Metainfo, peerAddr(e), t.TempDir(), 10*time.Second))
	check(t, e.Close())
	if out := log.String(); !strings.Contains(out, "seeding") || !strings.Contains(out, p.Infohash) {
		t.Errorf("log %q", out)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

package announce

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const fine = "d8:intervali77e5:peers0:e"

// rawTracker is an HTTP tracker that says what a test has it say.
type rawTracker struct {
	url   string
	conns atomic.Int32 // that were made to it
}

// serveRaw reads requests, and calls say for each, with its number on its connection.
// The connection stays open as long as say is true.
func serveRaw(t *testing.T, say func(c net.Conn, n int) bool) *rawTracker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	tr := &rawTracker{url: "http://" + l.Addr().String() + "/announce"}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			tr.conns.Add(1)
			wg.Go(func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for n := 0; ; n++ {
					if _, err := http.ReadRequest(in); err != nil || !say(c, n) {
						return
					}
				}
			})
		}
	})
	return tr
}

func answerOf(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// What trackers may say, how often one can be asked over the same connection, and
// what comes of it.
func TestWaysToAnswerOverHTTP(t *testing.T) {
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, tc := range map[string]struct {
		say  string
		keep bool
		want string // in the error; "": none
	}{
		"plain":                   {answerOf(fine), true, ""},
		"in chunks":               {chunked + "5\r\nd8:in\r\n14;x=y\r\ntervali77e5:peers0:e\r\n0\r\n\r\n", true, ""},
		"bare line feeds":         {strings.ReplaceAll(answerOf(fine), "\r\n", "\n"), true, ""},
		"the connection closes":   {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 25\r\n\r\n" + fine, false, ""},
		"HTTP/1.0":                {"HTTP/1.0 200 OK\r\n\r\n" + fine, false, ""},
		"HTTP/1.0 that stays":     {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 25\r\n\r\n" + fine, true, ""},
		"no length":               {"HTTP/1.1 200 OK\r\n\r\n" + fine, false, ""},
		"first 100":               {"HTTP/1.1 100 Continue\r\n\r\n" + answerOf(fine), true, ""},
		"first 103":               {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answerOf(fine), true, ""},
		"more than was asked for": {answerOf(fine) + "HTTP/1.1 200 OK\r\n", false, ""},
		"100 a thousand times":    {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 1000) + answerOf(fine), false, "1xx"},
		"another protocol":        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", false, "answered 101"},
		"nothing":                 {"HTTP/1.1 204 No Content\r\n\r\n", true, "answered 204"},
		"garbage":                 {strings.Repeat("\x00\xff\r\n", 100_000), false, "malformed"},
		"a line without end":      {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20), false, "header without end"},
		"headers without end":     {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 1<<18), false, "header without end"},
		"a status without end":    {strings.Repeat("H", 1<<20), false, "header without end"},
		"too long":                {answerOf("d1:x300000:" + strings.Repeat("x", 300_000) + "e"), false, "too long"},
		"too long, in chunks":     {chunked + "fffff\r\n" + strings.Repeat("x", 0xfffff), false, "too long"},
		"a chunk of no size":      {chunked + "zz\r\n", false, "chunk"},
		"cut off":                 {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + fine, false, "EOF"},
		"a length that is none":   {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", false, "Content-Length"},
		"two lengths":             {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", false, "Content-Length"},
	} {
		t.Run(name, func(t *testing.T) {
			tr := serveRaw(t, func(c net.Conn, _ int) bool {
				_, err := io.WriteString(c, tc.say)
				return err == nil && tc.keep
			})
			w := testWire(t, Options{})
			for range 3 {
				got, err := askAt(t, w, tr.url, eventNone)
				if tc.want == "" && (err != nil || got.interval != 77*time.Second) {
					t.Fatalf("%+v, %v", got, err)
				}
				if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
					t.Fatalf("error %v, want one about %q", err, tc.want)
				}
			}
			if made, want := tr.conns.Load(), map[bool]int32{true: 1, false: 3}[tc.keep]; made != want {
				t.Errorf("%d connections for three announces, want %d", made, want)
			}
		})
	}
}

// A tracker may close a kept connection at any time: nobody notices.
func TestAConnectionThatWentAwayIsReplaced(t *testing.T) {
	for name, leave := range map[string]func(c net.Conn, n int) bool{
		"before the next request": func(c net.Conn, n int) bool {
			io.WriteString(c, answerOf(fine))
			return false
		},
		"instead of an answer": func(c net.Conn, n int) bool {
			if n == 0 {
				io.WriteString(c, answerOf(fine))
			}
			return n == 0
		},
		"reset": func(c net.Conn, n int) bool {
			io.WriteString(c, answerOf(fine))
			c.(*net.TCPConn).SetLinger(0)
			return n == 0
		},
		"with a last word": func(c net.Conn, n int) bool {
			io.WriteString(c, answerOf(fine))
			time.Sleep(20 * time.Millisecond)
			io.WriteString(c, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			tr := serveRaw(t, leave)
			w := testWire(t, Options{})
			for range 4 {
				if _, err := askAt(t, w, tr.url, eventNone); err != nil {
					t.Fatal(err)
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
}

// Once is enough: a tracker that hangs up on everybody is one that does not answer.
func TestATrackerThatHangsUpIsNotAskedForEver(t *testing.T) {
	first := atomic.Bool{}
	first.Store(true)
	tr := serveRaw(t, func(c net.Conn, n int) bool {
		if first.Swap(false) {
			io.WriteString(c, answerOf(fine))
			return true
		}
		return false
	})
	w := testWire(t, Options{})
	_, err := askAt(t, w, tr.url, eventNone)
	check(t, err)
	if _, err := askAt(t, w, tr.url, eventNone); err == nil || tr.conns.Load() != 2 {
		t.Errorf("error %v after %d connections", err, tr.conns.Load())
	}
}

func TestHTTPS(t *testing.T) {
	var conns, unencrypted atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || r.TLS.NegotiatedProtocol != "http/1.1" || r.ProtoMajor != 1 {
			unencrypted.Add(1)
		}
		io.WriteString(w, fine)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1"}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	w := testWire(t, Options{})
	if _, err := askAt(t, w, s.URL, eventNone); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of nobody: error %v", err)
	}
	w.http[v4].tls.RootCAs = x509.NewCertPool()
	w.http[v4].tls.RootCAs.AddCert(s.Certificate())
	conns.Store(0)
	for range 3 {
		if a, err := askAt(t, w, s.URL+"/announce", eventNone); err != nil || a.interval != 77*time.Second {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	if conns.Load() != 1 || unencrypted.Load() != 0 {
		t.Errorf("%d connections for three announces, %d requests not by HTTP/1.1 over TLS", conns.Load(), unencrypted.Load())
	}
	plain := serveRaw(t, func(c net.Conn, _ int) bool { return false })
	if _, err := askAt(t, w, strings.Replace(plain.url, "http:", "https:", 1), eventNone); err == nil {
		t.Error("a tracker without TLS answered")
	}
}

// The whole of an announce has a time, whatever the tracker does with it.
func TestTheTimeOfARequest(t *testing.T) {
	for name, say := range map[string]func(c net.Conn, n int) bool{
		"silence":     func(c net.Conn, _ int) bool { return true },
		"slow header": drip("HTTP/1.1 200 OK\r\n", "X: y\r\n"),
		"slow body":   drip("HTTP/1.1 200 OK\r\n\r\n", "d"),
	} {
		t.Run(name, func(t *testing.T) {
			tr := serveRaw(t, say)
			c := newHTTPClient(v4)
			defer c.close()
			l := newTracker(tr.url).link
			_, err := c.fetch(context.Background(), l.site, "/announce", time.Now().Add(200*time.Millisecond))
			if !errors.Is(err, os.ErrDeadlineExceeded) || tr.conns.Load() != 1 || len(c.idle) != 0 {
				t.Errorf("error %v, %d connections, %d kept", err, tr.conns.Load(), len(c.idle))
			}
		})
	}
}

// drip says something, and then something again and again.
func drip(first, then string) func(net.Conn, int) bool {
	return func(c net.Conn, _ int) bool {
		_, err := io.WriteString(c, first)
		for err == nil {
			time.Sleep(5 * time.Millisecond)
			_, err = io.WriteString(c, then)
		}
		return false
	}
}

// A tracker in the local network is one of the user's. Another one must not send us
// there, not even by the connection that the first one has.
func TestARedirectTakesNoKeptConnectionIntoTheLocalNetwork(t *testing.T) {
	mine := serveRaw(t, func(c net.Conn, _ int) bool {
		io.WriteString(c, answerOf(fine))
		return true
	})
	w := testWire(t, Options{})
	_, err := askAt(t, w, mine.url, eventNone)
	check(t, err)
	u := newTracker(mine.url).link.url
	elsewhere := newTracker("http://tracker.example/").link
	if k := w.http[v4].take(siteOf(u, elsewhere)); k != nil {
		t.Error("a redirect gets a connection into the local network")
	}
	if k := w.http[v4].take(siteOf(u, newTracker(mine.url).link)); k == nil {
		t.Error("the tracker itself does not")
	} else {
		k.close()
	}
}

func TestUnusedConnectionsAreClosed(t *testing.T) {
	tr := serveRaw(t, func(c net.Conn, _ int) bool {
		io.WriteString(c, answerOf(fine))
		return true
	})
	w := testWire(t, Options{})
	_, err := askAt(t, w, tr.url, eventNone)
	check(t, err)
	c := w.http[v4]
	c.sweep()
	if len(c.idle) != 1 {
		t.Fatalf("%d kept", len(c.idle))
	}
	c.idle[0].used = time.Now().Add(-idleTime)
	c.sweep()
	if len(c.idle) != 0 {
		t.Error("kept for ever")
	}
	for range maxIdle + 5 {
		conn, err := net.Dial("tcp", strings.Split(tr.url, "/")[2])
		check(t, err)
		c.keep(newHTTPConn(site{host: "a"}, conn))
	}
	if len(c.idle) != maxIdle {
		t.Errorf("%d kept", len(c.idle))
	}
}

func TestSitesOfURLs(t *testing.T) {
	for u, want := range map[string]string{
		"http://a.example/announce":        "a.example 80 a.example",
		"https://a.example/announce":       "a.example 443 a.example",
		"http://a.example:6969/":           "a.example 6969 a.example:6969",
		"http://[2001:db8::1]:80/":         "2001:db8::1 80 [2001:db8::1]:80",
		"http://[fe80::1%25eth0]:80/":      "fe80::1%eth0 80 [fe80::1]:80",
		"http://[fe80::1%25eth0]/announce": "fe80::1%eth0 80 [fe80::1]",
		"http://a%25b/":                    "a%b 80 a%b",
	} {
		s := newTracker(u).link.site
		if got := s.host + " " + s.port + " " + s.name; got != want {
			t.Errorf("%s: %s, want %s", u, got, want)
		}
	}
}

// Whatever comes over a connection, a request ends with an answer within its bounds
// or with an error.
func FuzzHTTPExchange(f *testing.F) {
	f.Add([]byte(answerOf(fine)))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nx"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: a\r\n\r\n1\r\nx\r\n0\r\na: b\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 302 Found\r\nLocation: http://a/\r\nContent-Length: 3\r\n\r\nabc"))
	f.Fuzz(func(t *testing.T, said []byte) {
		near, far := net.Pipe()
		var wg sync.WaitGroup
		wg.Go(func() {
			defer far.Close()
			if _, err := http.ReadRequest(bufio.NewReader(far)); err == nil {
				far.Write(said)
			}
		})
		k := newHTTPConn(site{name: "a"}, near)
		p, err := k.exchange("/", time.Now().Add(5*time.Second))
		if err == nil && (len(p.body) > maxBody || p.status/100 == 1 && p.status != 101) {
			t.Errorf("%d, %d bytes", p.status, len(p.body))
		}
		k.close()
		wg.Wait()
	})
}

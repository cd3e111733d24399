package web

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// clocked records the deadlines that an answer sets.
type clocked struct {
	httptest.ResponseRecorder
	deadlines int
	at        []int // bytes written when each was set
}

func (c *clocked) SetWriteDeadline(t time.Time) error {
	if left := time.Until(t); left < stall/2 || left > stall {
		return http.ErrNotSupported
	}
	c.deadlines++
	c.at = append(c.at, c.Body.Len())
	return nil
}

func TestEachChunkHasItsOwnDeadline(t *testing.T) {
	data := bytes.Repeat([]byte("x"), 5*chunk/2)
	w := &clocked{ResponseRecorder: httptest.ResponseRecorder{Body: &bytes.Buffer{}}}
	r := &io.LimitedReader{R: bytes.NewReader(data), N: int64(len(data)) - 7}
	n, err := (&patient{w}).ReadFrom(r)
	if err != nil || n != int64(len(data))-7 || r.N != 0 || w.Body.Len() != len(data)-7 {
		t.Errorf("%d bytes, %v, %d left", n, err, r.N)
	}
	if len(w.at) != 3 || w.at[1] != chunk || w.at[2] != 2*chunk {
		t.Errorf("deadlines after %v bytes", w.at)
	}
}

// The deadline of one answer must not cut off the next on the same connection.
func TestEachRequestHasItsOwnDeadline(t *testing.T) {
	w := &clocked{ResponseRecorder: httptest.ResponseRecorder{Body: &bytes.Buffer{}}}
	h := NewServer(http.NotFoundHandler()).Handler
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.deadlines != 1 {
		t.Errorf("%d deadlines set", w.deadlines)
	}
}

func TestTooManyConnectionsAreClosed(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config = NewServer(http.NotFoundHandler())
	srv.Config.ConnState = (&crowd{most: 2}).watch
	srv.Start()
	defer srv.Close()
	dial := func() (net.Conn, bool) {
		nc, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.Close() })
		nc.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(nc, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		b := make([]byte, 12)
		_, err = io.ReadFull(nc, b)
		return nc, err == nil && strings.HasPrefix(string(b), "HTTP/1.1 404")
	}
	first, ok1 := dial()
	_, ok2 := dial()
	_, ok3 := dial()
	if !ok1 || !ok2 || ok3 {
		t.Errorf("served: %v %v %v, want the third to be closed", ok1, ok2, ok3)
	}
	first.Close()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, ok := dial(); ok {
			break
		}
		if time.Now().After(end) {
			t.Fatal("no connection is taken after one ended")
		}
	}
}

func TestHeadersThatNeverEndAreCutOff(t *testing.T) {
	url, _ := site(t)
	resp, _ := ask(t, "GET", url+"/", "X-Long", strings.Repeat("y", 40<<10))
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", resp.StatusCode)
	}
}

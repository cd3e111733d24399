package web

import (
	"io"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// stall is how long a reader may take for a chunk before it is let go.
	stall = time.Minute
	chunk = 1 << 20 // bytes
)

// maxConns bounds the open connections of a server.
const maxConns = 4096

// NewServer returns a server with limits that suit a public seeder: requests
// have to arrive soon, answers may take as long as they keep moving, and of too
// many connections the newest is closed. It logs nothing: set ErrorLog.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           fresh{h},
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ConnState:         (&crowd{most: maxConns}).watch,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
}

// fresh gives each request of a connection a new deadline: that of the request
// before may be over.
type fresh struct{ http.Handler }

func (f fresh) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(&patient{w}).extend()
	f.Handler.ServeHTTP(w, r)
}

// crowd counts connections.
type crowd struct {
	most int64
	n    atomic.Int64
}

func (c *crowd) watch(nc net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if c.n.Add(1) > c.most {
			nc.Close()
		}
	case http.StateClosed, http.StateHijacked:
		c.n.Add(-1)
	}
}

// patient gives each chunk of an answer a deadline of its own, so that a large
// file may take hours and a reader that stands still may not.
type patient struct{ http.ResponseWriter }

func (p *patient) extend() {
	// Recorders in tests and HTTP/2 may not support deadlines; then there is none.
	_ = http.NewResponseController(p.ResponseWriter).SetWriteDeadline(time.Now().Add(stall))
}

func (p *patient) Write(b []byte) (int, error) {
	p.extend()
	return p.ResponseWriter.Write(b)
}

// ReadFrom hands chunks of the file on as limited readers, which is the shape
// that the connection sends without copying (sendfile).
func (p *patient) ReadFrom(r io.Reader) (total int64, err error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		limited = &io.LimitedReader{R: r, N: 1 << 62}
	}
	for limited.N > 0 {
		p.extend()
		part := &io.LimitedReader{R: limited.R, N: min(limited.N, chunk)}
		n, err := io.Copy(p.ResponseWriter, part)
		total += n
		limited.N -= n
		if err != nil || n == 0 {
			return total, err
		}
	}
	return total, nil
}

// Unwrap lets http.ResponseController reach the connection.
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }

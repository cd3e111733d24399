package announce

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Bounds on one request, beside its time as a whole.
const (
	tlsTime    = 10 * time.Second
	headerTime = 20 * time.Second // until the header of the answer is there
	maxHeader  = 32 << 10         // bytes, with the answers of 1xx before it
	maxInterim = 5                // of these
	maxBody    = 256 << 10
)

// site is where requests go.
type site struct {
	scheme, host, port string
	name               string // as it is called in a request
	link               *link  // of the tracker whose host it is; nil: a redirect led here
}

// siteOf is the site of a URL that a tracker's link has, or was redirected to.
func siteOf(u *url.URL, l *link) site {
	s := site{scheme: u.Scheme, host: u.Hostname(), port: u.Port()}
	if s.port == "" {
		s.port = "80"
		if s.scheme == "https" {
			s.port = "443"
		}
	}
	if s.host == l.url.Hostname() {
		s.link = l
	}
	s.name = u.Host
	if zone, end := strings.IndexByte(s.name, '%'), strings.IndexByte(s.name, ']'); 0 <= zone && zone < end {
		s.name = s.name[:zone] + s.name[end:] // it means nothing elsewhere
	}
	return s
}

// appendRequest appends a GET. RFC 9112
func (s site) appendRequest(b []byte, target string) []byte {
	b = append(append(b, "GET "...), target...)
	b = append(append(b, " HTTP/1.1\r\nHost: "...), s.name...)
	return append(b, "\r\nUser-Agent: commonseed\r\n\r\n"...)
}

// same says whether connections to one serve the other.
func (s site) same(o site) bool { return s.host == o.host && s.port == o.port && s.scheme == o.scheme }

// page is an answer, with its body read.
type page struct {
	status int
	header http.Header
	body   []byte
	close  bool // nothing follows it on the connection
}

// redirects says whether the answer is to be had elsewhere.
func (p *page) redirects() bool {
	switch p.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// httpConn is a connection to a site, for one request at a time.
type httpConn struct {
	site site
	used time.Time // when it was last

	raw   net.Conn
	sys   syscall.RawConn  // of raw; nil: unknown
	conn  net.Conn         // TLS over it, or the same
	bound io.LimitedReader // how much more is read from conn
	in    *bufio.Reader    // of bound
	out   []byte
	fresh bool // nothing was asked so far
}

func newHTTPConn(s site, raw net.Conn) *httpConn {
	k := &httpConn{site: s, raw: raw, conn: raw, fresh: true}
	k.bound.R = k
	if c, ok := raw.(syscall.Conn); ok {
		k.sys, _ = c.SyscallConn()
	}
	k.in = bufio.NewReader(&k.bound)
	return k
}

// Read reads from the connection.
func (k *httpConn) Read(b []byte) (int, error) { return k.conn.Read(b) }

// close is safe at any time.
func (k *httpConn) close() { k.raw.Close() }

// local says whether its other end is in the local network, or may be.
func (k *httpConn) local() bool {
	at, err := netip.ParseAddrPort(k.raw.RemoteAddr().String())
	return err != nil || local(at.Addr())
}

// encrypt begins TLS.
func (k *httpConn) encrypt(base *tls.Config, end time.Time) error {
	config := base.Clone()
	config.ServerName = k.site.host
	if err := k.raw.SetDeadline(earlier(end, time.Now().Add(tlsTime))); err != nil {
		return err
	}
	conn := tls.Client(k.raw, config)
	k.conn = conn
	return conn.Handshake()
}

// errGone is a connection that was closed while it was kept.
var errGone = errors.New("tracker closed the connection")

// exchange sends a request and reads the answer.
func (k *httpConn) exchange(target string, end time.Time) (*page, error) {
	fresh := k.fresh
	k.fresh = false
	if !fresh && !silent(k.sys) {
		return nil, errGone
	}
	if err := k.raw.SetDeadline(earlier(end, time.Now().Add(headerTime))); err != nil {
		return nil, err
	}
	k.out = k.site.appendRequest(k.out[:0], target)
	k.bound.N = maxHeader
	_, err := k.conn.Write(k.out)
	if err == nil {
		_, err = k.in.Peek(1)
	}
	if err != nil && !fresh && !isTimeout(err) {
		return nil, errGone
	}
	if err != nil {
		return nil, err
	}
	res, err := k.readHeader()
	if err != nil {
		return nil, err
	}
	return k.readBody(res, end)
}

// readHeader reads up to the end of the header. Answers of 1xx only say that there
// will be another.
func (k *httpConn) readHeader() (*http.Response, error) {
	for range maxInterim {
		res, err := http.ReadResponse(k.in, nil)
		if err != nil && k.bound.N <= 0 {
			err = errors.New("tracker sends a header without end")
		}
		if err != nil || res.StatusCode/100 != 1 || res.StatusCode == http.StatusSwitchingProtocols {
			return res, err
		}
	}
	return nil, errors.New("tracker sends no answer but 1xx")
}

// readBody reads an answer to its end. Of a redirect only the header matters: what
// may be long is left, and the connection with it.
func (k *httpConn) readBody(res *http.Response, end time.Time) (*page, error) {
	p := &page{status: res.StatusCode, header: res.Header, close: res.Close}
	if p.redirects() && (res.ContentLength < 0 || res.ContentLength > maxBody) {
		p.close = true
		return p, nil
	}
	if err := k.raw.SetDeadline(end); err != nil {
		return nil, err
	}
	k.bound.N = 2 * maxBody // in chunks it is longer on its way
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if len(body) > maxBody {
		err = errors.New("tracker answer is too long")
	}
	p.body = body
	return p, err
}

// reusable says whether the next request can follow on the connection: the answer
// is over, and nothing came after it.
func (k *httpConn) reusable(p *page) bool { return !p.close && k.in.Buffered() == 0 }

func isTimeout(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

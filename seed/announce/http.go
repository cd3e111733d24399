package announce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

const (
	httpTime      = 30 * time.Second
	maxBody       = 256 << 10
	maxRedirects  = 3
	maxTrackerID  = 256 // bytes
	maxRetryAfter = 1 << 20
)

var httpHeader = http.Header{"User-Agent": {"commonseed"}}

// newTransport makes connections over one family, and times out all stages.
func newTransport(f family) *http.Transport {
	d := net.Dialer{Timeout: 10 * time.Second, ControlContext: refuseLocal}
	return &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return d.DialContext(ctx, f.network("tcp"), address)
		},
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  20 * time.Second,
		MaxResponseHeaderBytes: 32 << 10,
		MaxIdleConns:           maxRunning,
		MaxIdleConnsPerHost:    maxSlots,
		IdleConnTimeout:        time.Minute,
		DisableCompression:     true, // answers are short
	}
}

// strayed marks the context of a request that a redirect sent to another host.
type strayed struct{}

// refuseLocal keeps redirects out of the local network: a tracker must not make
// us call on machines it cannot reach itself.
func refuseLocal(ctx context.Context, _, address string, _ syscall.RawConn) error {
	if ctx.Value(strayed{}) == nil {
		return nil
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if a := ap.Addr().Unmap(); a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() {
		return errors.New("redirected into the local network")
	}
	return nil
}

func (w *wire) askHTTP(ctx context.Context, f family, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, httpTime)
	defer cancel()
	l := r.tracker.link
	u := *l.url
	u.RawQuery = w.query(f, r)
	res, err := w.get(ctx, f, &u)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return answer{}, err
	}
	if len(body) > maxBody {
		return answer{}, errors.New("tracker answer is too long")
	}
	got, trackerID, err := parseHTTPAnswer(body)
	if res.StatusCode != http.StatusOK {
		if _, refused := errors.AsType[*failure](err); refused {
			return answer{}, err
		}
		after, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		retry := time.Duration(min(max(after, 0), maxRetryAfter)) * time.Second
		return answer{}, &failure{why: fmt.Sprintf("tracker answered %d", res.StatusCode), retry: retry}
	}
	if trackerID != "" && len(trackerID) <= maxTrackerID {
		l.mu.Lock()
		l.id = trackerID
		l.mu.Unlock()
	}
	return got, err
}

// get follows redirects, a few, and to trackers only.
func (w *wire) get(ctx context.Context, f family, u *url.URL) (*http.Response, error) {
	for hops := 0; ; hops++ {
		req := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: httpHeader}).WithContext(ctx)
		res, err := w.http[f].RoundTrip(req)
		if err != nil {
			return nil, err
		}
		switch res.StatusCode {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
			http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		default:
			return res, nil
		}
		res.Body.Close()
		if hops == maxRedirects {
			return nil, errors.New("tracker redirects too often")
		}
		next, err := u.Parse(res.Header.Get("Location"))
		if err != nil || next.Scheme != "http" && next.Scheme != "https" || next.Host == "" || next.User != nil {
			return nil, errors.New("tracker redirects to what is no tracker")
		}
		if next.Hostname() != u.Hostname() {
			ctx = context.WithValue(ctx, strayed{}, true)
		}
		u = next
	}
}

// query is that of BEP 3, 7, 23 behind what the URL has itself.
func (w *wire) query(f family, r request) string {
	l := r.tracker.link
	b := make([]byte, 0, 320+len(l.url.RawQuery))
	if l.url.RawQuery != "" {
		b = append(append(b, l.url.RawQuery...), '&')
	}
	b = appendEscaped(append(b, "info_hash="...), r.hash[:])
	b = appendEscaped(append(b, "&peer_id="...), w.peerID[:])
	b = strconv.AppendUint(append(b, "&port="...), uint64(w.port(f)), 10)
	b = strconv.AppendInt(append(b, "&uploaded="...), w.uploaded(r.id), 10)
	b = append(b, "&downloaded=0&left=0&compact=1&key="...)
	b = strconv.AppendUint(b, uint64(w.key()), 16)
	b = strconv.AppendInt(append(b, "&numwant="...), int64(wanted(r)), 10)
	if r.event != eventNone {
		b = append(append(b, "&event="...), r.event...)
	}
	l.mu.Lock()
	id := l.id
	l.mu.Unlock()
	if id != "" {
		b = appendEscaped(append(b, "&trackerid="...), []byte(id))
	}
	return string(b)
}

// wanted is how many peers to ask for.
func wanted(r request) int {
	if r.event == eventStopped {
		return 0
	}
	return numWant
}

// appendEscaped escapes all but what no tracker can misread.
func appendEscaped(b, raw []byte) []byte {
	const hex = "0123456789ABCDEF"
	for _, c := range raw {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			b = append(b, c)
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

package announce

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	httpTime      = 30 * time.Second
	maxRedirects  = 3
	maxTrackerID  = 256 // bytes
	maxRetryAfter = 1 << 20
)

func (w *wire) askHTTP(ctx context.Context, f family, r request) (answer, error) {
	l := r.tracker.link
	p, err := w.get(ctx, f, l, w.target(f, r))
	if err != nil {
		return answer{}, err
	}
	got, trackerID, err := parseHTTPAnswer(p.body)
	if p.status != http.StatusOK {
		if _, refused := errors.AsType[*failure](err); refused {
			return answer{}, err
		}
		after, _ := strconv.Atoi(p.header.Get("Retry-After"))
		retry := time.Duration(min(max(after, 0), maxRetryAfter)) * time.Second
		return answer{}, &failure{why: fmt.Sprintf("tracker answered %d", p.status), retry: retry}
	}
	if trackerID != "" && len(trackerID) <= maxTrackerID {
		l.mu.Lock()
		l.id = trackerID
		l.mu.Unlock()
	}
	return got, err
}

// get follows redirects, a few, and to trackers only.
func (w *wire) get(ctx context.Context, f family, l *link, target string) (*page, error) {
	end := time.Now().Add(httpTime)
	u, s := l.url, l.site
	for hops := 0; ; hops++ {
		if strings.ContainsAny(s.name, " \r\n") || strings.ContainsAny(target, " \r\n") {
			return nil, errors.New("the URL of a tracker has a space in it")
		}
		p, err := w.http[f].fetch(ctx, s, target, end)
		if err != nil || !p.redirects() {
			return p, err
		}
		if hops == maxRedirects {
			return nil, errors.New("tracker redirects too often")
		}
		next, err := u.Parse(p.header.Get("Location"))
		if err != nil || next.Scheme != "http" && next.Scheme != "https" || next.Host == "" || next.User != nil {
			return nil, errors.New("tracker redirects to what is no tracker")
		}
		u, s, target = next, siteOf(next, l), next.RequestURI()
	}
}

// target is the path of the tracker's URL with the query of BEP 3, 7, 23 behind what
// it has itself.
func (w *wire) target(f family, r request) string {
	l := r.tracker.link
	b := make([]byte, 0, 512)
	b = append(b, l.url.EscapedPath()...)
	if len(b) == 0 {
		b = append(b, '/')
	}
	b = append(b, '?')
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

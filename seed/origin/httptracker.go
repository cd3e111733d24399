package origin

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
	"strings"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// newTrackerClient makes the HTTP client all announces go through.
func newTrackerClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  20 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			MaxConnsPerHost:        maxPerHost,
			MaxIdleConns:           maxAnnouncing,
			IdleConnTimeout:        30 * time.Second,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > 3 {
				return errors.New("too many redirects")
			}
			return nil
		},
	}
}

// announceURL adds the query of BEP 3 to a tracker's URL.
func (e *Engine) announceURL(a announcement) string {
	q := []string{
		"info_hash=" + escapeBytes(a.infohash[:]),
		"peer_id=" + escapeBytes(e.peerID[:]),
		"port=" + strconv.Itoa(e.PeerPort()),
		"uploaded=" + strconv.FormatInt(a.t.uploaded.Load(), 10),
		"downloaded=0", "left=0", "compact=1", "numwant=50",
		"key=" + fmt.Sprintf("%x", e.peerID[12:]),
	}
	if a.event != eventNone {
		q = append(q, "event="+a.event)
	}
	sep := "?"
	if strings.Contains(a.url, "?") {
		sep = "&"
	}
	return a.url + sep + strings.Join(q, "&")
}

// escapeBytes is query escaping with %20 for a space, which trackers expect.
func escapeBytes(b []byte) string {
	return strings.ReplaceAll(url.QueryEscape(string(b)), "+", "%20")
}

func (e *Engine) announceHTTP(ctx context.Context, a announcement) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.announceURL(a), nil)
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("User-Agent", "commonseed")
	res, err := e.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxTrackerAnswer))
	if err != nil {
		return reply{}, err
	}
	if res.StatusCode != http.StatusOK {
		return reply{}, fmt.Errorf("tracker answered %s", res.Status)
	}
	return parseTrackerAnswer(body)
}

type trackerAnswer struct {
	Failure  string        `bencode:"failure reason"`
	Interval int64         `bencode:"interval"`
	Peers    bencode.Bytes `bencode:"peers"` // string, or list of dictionaries
	Peers6   []byte        `bencode:"peers6"`
}

// parseTrackerAnswer reads the bencoded body of an HTTP tracker. BEP 3, 7, 23
func parseTrackerAnswer(body []byte) (reply, error) {
	var t trackerAnswer
	if err := unmarshalPrefix(body, &t); err != nil {
		return reply{}, fmt.Errorf("tracker answer: %w", err)
	}
	if t.Failure != "" {
		return reply{}, fmt.Errorf("tracker refused: %.200q", t.Failure)
	}
	r := reply{interval: seconds(t.Interval)}
	var compact []byte
	if bencode.Unmarshal(t.Peers, &compact) == nil {
		r.peers = compactPeers(compact, 4)
	} else {
		r.peers = listedPeers(t.Peers)
	}
	r.peers = append(r.peers, compactPeers(t.Peers6, 16)...)
	return r, nil
}

// seconds bounds a tracker's number before it becomes a Duration.
func seconds(n int64) time.Duration {
	return time.Duration(min(max(n, 0), int64(maxInterval/time.Second))) * time.Second
}

// listedPeers reads the older list form. Peers named by host are left out.
func listedPeers(b []byte) (peers []netip.AddrPort) {
	var list []struct {
		IP   string `bencode:"ip"`
		Port int    `bencode:"port"`
	}
	if bencode.Unmarshal(b, &list) != nil {
		return nil
	}
	for _, p := range list {
		if addr, err := netip.ParseAddr(p.IP); err == nil && p.Port > 0 && p.Port < 1<<16 {
			peers = append(peers, netip.AddrPortFrom(addr, uint16(p.Port)))
		}
	}
	return peers
}

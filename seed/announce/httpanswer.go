package announce

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// httpAnswer is the body a tracker answers with. Some fields come as whatever a
// tracker's author liked, and must not spoil the rest.
type httpAnswer struct {
	Failure    string        `bencode:"failure reason"`
	Retry      bencode.Bytes `bencode:"retry in"` // minutes, or "never". BEP 31
	Warning    string        `bencode:"warning message"`
	Interval   int64         `bencode:"interval"`
	Least      bencode.Bytes `bencode:"min interval"`
	TrackerID  string        `bencode:"tracker id"`
	Complete   bencode.Bytes `bencode:"complete"`
	Incomplete bencode.Bytes `bencode:"incomplete"`
	External   bencode.Bytes `bencode:"external ip"` // 4 or 16 bytes. BEP 24
	Peers      bencode.Bytes `bencode:"peers"`       // string, or list of dictionaries
	Peers6     bencode.Bytes `bencode:"peers6"`
}

// parseHTTPAnswer reads the bencoded body of an HTTP tracker. BEP 3, 7, 23, 24, 31
func parseHTTPAnswer(body []byte) (a answer, trackerID string, err error) {
	var t httpAnswer
	if err := unmarshalPrefix(body, &t); err != nil {
		return answer{}, "", fmt.Errorf("tracker answer: %w", err)
	}
	if t.Failure != "" {
		return answer{}, "", &failure{why: brief(t.Failure), refused: true, retry: retryIn(t.Retry)}
	}
	a = answer{
		interval: seconds(t.Interval),
		least:    seconds(number(t.Least, 0)),
		seeds:    count(number(t.Complete, -1)),
		leechers: count(number(t.Incomplete, -1)),
		warning:  brief(t.Warning),
	}
	var external []byte
	if bencode.Unmarshal(t.External, &external) == nil {
		a.external, _ = netip.AddrFromSlice(external)
		a.external = a.external.Unmap()
	}
	var compact, compact6 []byte
	if bencode.Unmarshal(t.Peers, &compact) == nil {
		a.peers = compactPeers(compact, 4)
	} else {
		a.peers = listedPeers(t.Peers)
	}
	if bencode.Unmarshal(t.Peers6, &compact6) == nil {
		a.peers = append(a.peers, compactPeers(compact6, 16)...)
	}
	a.peers = validPeers(a.peers)
	return a, t.TrackerID, nil
}

// unmarshalPrefix decodes one bencoded value that more bytes may follow.
func unmarshalPrefix(p []byte, v any) error {
	err := bencode.Unmarshal(p, v)
	if _, trailing := err.(bencode.ErrUnusedTrailingBytes); trailing {
		return nil
	}
	return err
}

func number(b bencode.Bytes, otherwise int64) int64 {
	var n int64
	if bencode.Unmarshal(b, &n) != nil {
		return otherwise
	}
	return n
}

// count bounds how many peers a swarm is said to have; -1: not said.
func count(n int64) int { return int(min(max(n, -1), math.MaxInt32)) }

// seconds bounds a tracker's number before it becomes a Duration.
func seconds(n int64) time.Duration {
	return time.Duration(min(max(n, 0), int64(maxInterval/time.Second))) * time.Second
}

// retryIn reads when a refused torrent may be announced again. BEP 31
func retryIn(b bencode.Bytes) time.Duration {
	minutes := number(b, 0)
	var word string
	if bencode.Unmarshal(b, &word) == nil {
		if word == "never" {
			return never
		}
		minutes, _ = strconv.ParseInt(word, 10, 64)
	}
	return time.Duration(min(max(minutes, 0), 7*24*60)) * time.Minute
}

// compactPeers reads addresses of size bytes, each with a port. BEP 7, BEP 23
func compactPeers(b []byte, size int) (peers []netip.AddrPort) {
	for ; len(b) >= size+2 && len(peers) < maxPeers; b = b[size+2:] {
		addr, _ := netip.AddrFromSlice(b[:size])
		peers = append(peers, netip.AddrPortFrom(addr, binary.BigEndian.Uint16(b[size:])))
	}
	return peers
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
		if addr, err := netip.ParseAddr(p.IP); err == nil && p.Port > 0 && p.Port < 1<<16 && len(peers) < maxPeers {
			peers = append(peers, netip.AddrPortFrom(addr, uint16(p.Port)))
		}
	}
	return peers
}

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

// parseHTTPAnswer reads the bencoded body of an HTTP tracker. Some fields come as
// whatever a tracker's author liked, and must not spoil the rest. BEP 3, 7, 23, 24, 31
func parseHTTPAnswer(body []byte) (a answer, trackerID string, err error) {
	a = answer{seeds: -1, leechers: -1}
	var refusal string
	var retry, peers, peers6 []byte
	err = eachField(body, func(key string, v []byte) {
		switch key {
		case "failure reason":
			refusal = string(text(v))
		case "retry in": // BEP 31
			retry = v
		case "warning message":
			a.warning = brief(string(text(v)))
		case "interval":
			a.interval = seconds(number(v, 0))
		case "min interval":
			a.least = seconds(number(v, 0))
		case "tracker id":
			trackerID = string(text(v))
		case "complete":
			a.seeds = count(number(v, -1))
		case "incomplete":
			a.leechers = count(number(v, -1))
		case "external ip": // 4 or 16 bytes. BEP 24
			a.external, _ = netip.AddrFromSlice(text(v))
			a.external = a.external.Unmap()
		case "peers":
			peers = v
		case "peers6":
			peers6 = v
		}
	})
	if err != nil {
		return answer{}, "", fmt.Errorf("tracker answer: %w", err)
	}
	if refusal != "" {
		return answer{}, "", &failure{why: brief(refusal), refused: true, retry: retryIn(retry)}
	}
	if isText(peers) {
		a.peers = compactPeers(text(peers), 4)
	} else {
		a.peers = listedPeers(peers)
	}
	a.peers = validPeers(append(a.peers, compactPeers(text(peers6), 16)...))
	return a, trackerID, nil
}

// retryIn reads when a refused torrent may be announced again: minutes, or "never".
// BEP 31
func retryIn(b []byte) time.Duration {
	minutes := number(b, 0)
	if isText(b) {
		if string(text(b)) == "never" {
			return never
		}
		minutes, _ = strconv.ParseInt(string(text(b)), 10, 64)
	}
	return time.Duration(min(max(minutes, 0), 7*24*60)) * time.Minute
}

// count bounds how many peers a swarm is said to have; -1: not said.
func count(n int64) int { return int(min(max(n, -1), math.MaxInt32)) }

// seconds bounds a tracker's number before it becomes a Duration.
func seconds(n int64) time.Duration {
	return time.Duration(min(max(n, 0), int64(maxInterval/time.Second))) * time.Second
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

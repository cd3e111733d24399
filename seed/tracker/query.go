package tracker

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
)

// Bounds of a request.
const (
	maxQuery       = 8 << 10
	maxScrape      = 74 // infohashes, what fits a UDP scrape too. BEP 15
	defaultNumwant = 50
	maxNumwant     = 200
)

var (
	errUnregistered = errors.New("this torrent is not tracked here")
	errQuery        = errors.New("malformed query")
	errInfohash     = errors.New("info_hash must be 20 bytes")
	errPeerID       = errors.New("peer_id must be 20 bytes")
	errPort         = errors.New("port must be 1 to 65535")
	errLeft         = errors.New("left must be a number of bytes")
	errAddress      = errors.New("unknown peer address")
	errScrape       = errors.New("scrape needs 1 to " + strconv.Itoa(maxScrape) + " info_hash")
)

// announceQuery is what an announce says that matters here. Addresses in the
// query (ip, ipv4, ipv6) are ignored: a peer could name a victim.
type announceQuery struct {
	infohash [20]byte
	port     uint16
	left     int64 // 0: a seed
	event    string
	numwant  int
}

func parseAnnounce(raw string) (q announceQuery, err error) {
	v, err := parseQuery(raw)
	if err != nil {
		return q, err
	}
	if q.infohash, err = parseHash(v.Get("info_hash")); err != nil {
		return q, err
	}
	if len(v.Get("peer_id")) != 20 {
		return q, errPeerID
	}
	port, err := strconv.ParseUint(v.Get("port"), 10, 16)
	if err != nil || port == 0 {
		return q, errPort
	}
	q.port = uint16(port)
	if q.left, err = parseLeft(v.Get("left")); err != nil {
		return q, err
	}
	switch e := v.Get("event"); e {
	case "started", "stopped", "completed":
		q.event = e
	}
	q.numwant = parseNumwant(v.Get("numwant"))
	return q, nil
}

// parseLeft reads the bytes a peer lacks. Clients that do not know yet leave it
// out, or send a number beyond 63 bits.
func parseLeft(s string) (int64, error) {
	if s == "" {
		return 1, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 1, nil
	}
	if err != nil || n < -1 {
		return 0, errLeft
	}
	return n, nil
}

func parseNumwant(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return defaultNumwant
	}
	return min(n, maxNumwant)
}

func parseScrape(raw string) (hashes [][20]byte, err error) {
	v, err := parseQuery(raw)
	if err != nil {
		return nil, err
	}
	if n := len(v["info_hash"]); n == 0 || n > maxScrape {
		return nil, errScrape
	}
	for _, s := range v["info_hash"] {
		h, err := parseHash(s)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, h)
	}
	return hashes, nil
}

func parseQuery(raw string) (url.Values, error) {
	if len(raw) > maxQuery {
		return nil, errQuery
	}
	v, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errQuery
	}
	return v, nil
}

func parseHash(s string) (h [20]byte, err error) {
	if len(s) != len(h) {
		return h, errInfohash
	}
	copy(h[:], s)
	return h, nil
}

// clientAddr is where the connection comes from.
func clientAddr(r *http.Request) (netip.Addr, error) {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, errAddress
	}
	return ap.Addr().Unmap().WithZone(""), nil
}

// localAddr is where the connection arrived, invalid if that is not known.
func localAddr(r *http.Request) netip.Addr {
	a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return a.AddrPort().Addr().Unmap().WithZone("")
}

package tracker

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
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

// params walks over the parameters of a raw query, without allocating. The values
// are still escaped.
func params(raw string, each func(key, value string) error) error {
	if len(raw) > maxQuery {
		return errQuery
	}
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		key, value, _ := strings.Cut(pair, "=")
		if err := each(key, value); err != nil {
			return err
		}
	}
	return nil
}

// query is an announce over HTTP.
type query struct {
	announcement
	listed bool // the peers are wanted as a list of dictionaries: compact=0. BEP 3
}

// parseAnnounce reads an announce. A parameter that is there twice counts as it
// is there last.
func parseAnnounce(raw string, q *query) error {
	*q = query{announcement: announcement{numwant: defaultNumwant, v4: true, v6: true}}
	var hash, id bool
	err := params(raw, func(key, value string) (err error) {
		switch key {
		case "info_hash":
			hash, err = true, parseHash(&q.infohash, value)
		case "peer_id":
			var ignored [20]byte
			if id = unescape(ignored[:], value); !id {
				err = errPeerID
			}
		case "port":
			q.port, err = parsePort(value)
		case "left":
			q.seed, err = parseLeft(value)
		case "event":
			q.event = parseEvent(value)
		case "numwant":
			q.numwant = parseNumwant(value)
		case "compact":
			q.listed = value == "0"
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !hash:
		return errInfohash
	case !id:
		return errPeerID
	case q.port == 0:
		return errPort
	}
	return nil
}

func parsePort(s string) (uint16, error) {
	port, err := strconv.ParseUint(s, 10, 16)
	if err != nil || port == 0 {
		return 0, errPort
	}
	return uint16(port), nil
}

// parseLeft reads the bytes a peer lacks, and says whether there are none.
// Clients that do not know yet leave it out, or send a number beyond 63 bits.
func parseLeft(s string) (seed bool, err error) {
	if s == "" {
		return false, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return false, nil
	}
	if err != nil || n < -1 {
		return false, errLeft
	}
	return n == 0, nil
}

func parseEvent(s string) event {
	switch s {
	case "completed":
		return eventCompleted
	case "started":
		return eventStarted
	case "stopped":
		return eventStopped
	case "paused":
		return eventPaused
	}
	return eventNone
}

func parseNumwant(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return defaultNumwant
	}
	return min(n, maxNumwant)
}

// parseScrape reads the infohashes of a scrape. Nobody is told about all torrents.
func parseScrape(raw string) (hashes [][20]byte, err error) {
	err = params(raw, func(key, value string) error {
		if key != "info_hash" {
			return nil
		}
		if len(hashes) == maxScrape {
			return errScrape
		}
		hashes = append(hashes, [20]byte{})
		return parseHash(&hashes[len(hashes)-1], value)
	})
	if err == nil && len(hashes) == 0 {
		err = errScrape
	}
	return hashes, err
}

func parseHash(h *[20]byte, s string) error {
	if !unescape(h[:], s) {
		return errInfohash
	}
	return nil
}

// unescape fills dst with a value, and is false if it does not fit exactly.
func unescape(dst []byte, s string) bool {
	for i := range dst {
		if s == "" {
			return false
		}
		c := s[0]
		switch {
		case c == '+':
			c = ' '
		case c == '%':
			if len(s) < 3 || unhex[s[1]] < 0 || unhex[s[2]] < 0 {
				return false
			}
			c, s = byte(unhex[s[1]])<<4|byte(unhex[s[2]]), s[2:]
		}
		dst[i], s = c, s[1:]
	}
	return s == ""
}

// unhex is the value of each hexadecimal digit, and -1 elsewhere.
var unhex = func() (table [256]int8) {
	for i := range table {
		table[i] = -1
	}
	for i, c := range "0123456789" {
		table[c] = int8(i)
	}
	for i, c := range "abcdef" {
		table[c], table[c-'a'+'A'] = int8(10+i), int8(10+i)
	}
	return table
}()

// clientAddr is where the connection comes from.
func clientAddr(r *http.Request) (netip.Addr, error) {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, errAddress
	}
	return plain(ap.Addr()), nil
}

// localAddr is where the connection arrived, invalid if that is not known.
func localAddr(r *http.Request) netip.Addr {
	a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return plain(a.AddrPort().Addr())
}

// plain is an address in its one form.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

package lsd

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
)

// MaxHashes is how many infohashes fit into an announcement of 1400 bytes,
// beside the longest of all other lines. BEP 14
const MaxHashes = (1400 - len(firstLine+"Host: [ff15::efc0:988f]:6771\r\nPort: 65535\r\ncookie: 01234567\r\n\r\n\r\n")) / hashLine

const (
	firstLine = "BT-SEARCH * HTTP/1.1\r\n"
	hashLine  = len("Infohash: \r\n") + 40
)

// format is an announcement to a group.
func format(group netip.AddrPort, port uint16, cookie string, hashes [][20]byte) []byte {
	b := append(make([]byte, 0, 1400), firstLine...)
	b = append(b, "Host: "+group.String()+"\r\nPort: "+strconv.Itoa(int(port))+"\r\n"...)
	for _, h := range hashes {
		b = append(b, "Infohash: "...)
		b = hex.AppendEncode(b, h[:])
		b = append(b, "\r\n"...)
	}
	return append(b, "cookie: "+cookie+"\r\n\r\n\r\n"...)
}

// announcement is what a peer says: that it is in the swarms of hashes, and
// listens at port.
type announcement struct {
	port   uint16
	cookie string
	hashes [][20]byte
}

// parse reads a packet from anybody. Lines that mean nothing to us are allowed.
func parse(packet []byte) (a announcement, ok bool) {
	rest, ok := strings.CutPrefix(string(packet), "BT-SEARCH ")
	if !ok {
		return a, false
	}
	for line := range strings.Lines(rest) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "port":
			port, err := strconv.ParseUint(value, 10, 16)
			if err != nil || port == 0 {
				return a, false
			}
			a.port = uint16(port)
		case "cookie":
			a.cookie = value
		case "infohash":
			if h, err := hex.DecodeString(value); err == nil && len(h) == 20 {
				a.hashes = append(a.hashes, [20]byte(h))
			}
		}
	}
	return a, a.port != 0 && len(a.hashes) > 0
}

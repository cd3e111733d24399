package origin

import (
	"crypto/sha1"
	"encoding/binary"
	"net/netip"
	"slices"
)

// fastPieces is how many pieces a peer may ask for while it is choked.
const fastPieces = 10

// allowedFast chooses the pieces that a peer at an IPv4 address may ask for
// while it is choked. The choice depends on the address alone, so that coming
// back gains nothing. BEP 6
func allowedFast(addr netip.Addr, infohash [20]byte, pieces int) (set []uint32) {
	if !addr.Is4() {
		return nil
	}
	network := addr.As4()
	network[3] = 0
	x := sha1.Sum(append(network[:], infohash[:]...))
	for len(set) < min(fastPieces, pieces) {
		for i := 0; i < len(x) && len(set) < min(fastPieces, pieces); i += 4 {
			if p := binary.BigEndian.Uint32(x[i:]) % uint32(pieces); !slices.Contains(set, p) {
				set = append(set, p)
			}
		}
		x = sha1.Sum(x[:])
	}
	return set
}

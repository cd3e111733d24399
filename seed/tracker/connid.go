package tracker

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"net/netip"
	"time"
)

// ticket is how long a connection id is given out. It counts for this long and
// once or twice as long more. BEP 15 wants two minutes.
const ticket = time.Minute

// mint makes connection ids: a keyed checksum of the client's address and the time.
// So nobody can make one for an address where he does not receive, and nothing
// has to be remembered. A mint is for one goroutine.
type mint struct {
	mac  hash.Hash
	text [24]byte
	sum  [sha256.Size]byte
}

func newKey() []byte {
	key := make([]byte, sha256.Size)
	rand.Read(key) // never fails
	return key
}

func newMint(key []byte) *mint { return &mint{mac: hmac.New(sha256.New, key)} }

// id is the connection id for an address at a time, in tickets.
func (m *mint) id(addr netip.Addr, at int64) uint64 {
	ip := addr.As16()
	copy(m.text[:], ip[:])
	binary.BigEndian.PutUint64(m.text[len(ip):], uint64(at))
	m.mac.Reset()
	m.mac.Write(m.text[:])
	return binary.BigEndian.Uint64(m.mac.Sum(m.sum[:0]))
}

// valid says whether an id was given to an address lately.
func (m *mint) valid(id uint64, addr netip.Addr, at int64) bool {
	return id == m.id(addr, at) || id == m.id(addr, at-1) || id == m.id(addr, at-2)
}

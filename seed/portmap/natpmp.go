package portmap

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// Requests of NAT-PMP. RFC 6886 §3
const (
	pmpAddress = 0
	pmpMapUDP  = 1
	pmpMapTCP  = 2
	pmpAnswer  = 128 // added to the request
)

// natpmp is a router that speaks NAT-PMP.
type natpmp struct {
	net      network
	way      way
	epoch    epoch
	external netip.Addr
}

func (r *natpmp) String() string { return "NAT-PMP" }

// look asks for the external address. RFC 6886 §3.2
func (r *natpmp) look(ctx context.Context) (lost bool, err error) {
	a, err := r.ask(ctx, []byte{0, pmpAddress})
	if err != nil {
		return false, err
	}
	r.epoch.tell(a.epoch)
	changed := r.external.IsValid() && r.external != a.external
	r.external = a.external
	return r.epoch.takeLost() || changed, nil
}

func (r *natpmp) add(ctx context.Context, l *lease) (grant, error) {
	a, err := r.ask(ctx, pmpMapRequest(l.Port, l.wish.Port(), leaseTime))
	if err != nil {
		return grant{}, err
	}
	r.epoch.tell(a.epoch)
	return grant{netip.AddrPortFrom(r.external, a.port), max(a.life, minLife)}, nil
}

func (r *natpmp) remove(ctx context.Context, l *lease) error {
	_, err := r.ask(ctx, pmpMapRequest(l.Port, 0, 0))
	return err
}

// pmpMapRequest asks for a mapping, or with no life for its end. RFC 6886 §3.3
func pmpMapRequest(p Port, external uint16, life time.Duration) []byte {
	b := []byte{0, pmpMapTCP, 0, 0}
	if p.Network == "udp" {
		b[1] = pmpMapUDP
	}
	b = binary.BigEndian.AppendUint16(b, p.Number)
	b = binary.BigEndian.AppendUint16(b, external)
	return binary.BigEndian.AppendUint32(b, uint32(life/time.Second))
}

// ask sends a request and returns its answer.
func (r *natpmp) ask(ctx context.Context, request []byte) (a pmpReply, err error) {
	var wrong error
	err = r.net.ask(ctx, r.way, request, func(b []byte) (ours bool) {
		a, ours, wrong = parsePMP(b, request)
		return ours
	})
	if err == nil {
		err = wrong
	}
	return a, err
}

// pmpReply is an answer: of the external address, or of a mapping.
type pmpReply struct {
	epoch    uint32
	external netip.Addr
	port     uint16
	life     time.Duration
}

var pmpResults = []string{
	1: "unsupported version", 2: "not authorized", 3: "network failure", 4: "out of resources", 5: "unsupported request",
}

// parsePMP reads an answer, and says whether it is one to the request at all.
// Some routers cut refusals short, and some answer as PCP does.
func parsePMP(b, request []byte) (a pmpReply, ours bool, err error) {
	op := request[1]
	if len(b) < 2 || b[1] != op+pmpAnswer {
		return a, false, nil
	}
	if b[0] != 0 {
		return a, true, fmt.Errorf("router speaks version %d, not NAT-PMP", b[0])
	}
	if len(b) >= 4 && (b[2] != 0 || b[3] != 0) {
		return a, true, refusalOf(pmpResults, int(binary.BigEndian.Uint16(b[2:])))
	}
	size := 16
	if op == pmpAddress {
		size = 12
	}
	if len(b) < size {
		return a, false, nil
	}
	a.epoch = binary.BigEndian.Uint32(b[4:])
	if op == pmpAddress {
		a.external = netip.AddrFrom4([4]byte(b[8:12]))
		return a, true, nil
	}
	a.port = binary.BigEndian.Uint16(b[10:])
	a.life = time.Duration(binary.BigEndian.Uint32(b[12:])) * time.Second
	return a, [2]byte(b[8:10]) == [2]byte(request[4:6]), nil
}

package portmap

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Of the wire of PCP. RFC 6887 §7, §11.1, §19.1
const (
	pcpVersion  = 2
	pcpAnnounce = 0
	pcpMap      = 1
	pcpAnswer   = 128 // added to the request
	pcpHeader   = 24
	pcpMapSize  = pcpHeader + 36

	pcpUnsupportedVersion = 1
	pcpTCP                = 6
	pcpUDP                = 17
)

// pcp is a router that speaks PCP. With IPv6 it opens its firewall; external
// and local addresses are the same then.
type pcp struct {
	net   network
	way   way
	epoch epoch
}

func (r *pcp) String() string { return "PCP" }

// look asks for nothing but an answer, which holds the epoch. It also starts
// anew when the router's address changes. RFC 6887 §8.5, §14.1
func (r *pcp) look(ctx context.Context) (lost bool, err error) {
	a, err := r.ask(ctx, r.request(pcpAnnounce, 0))
	if refused := refusal(""); err != nil && !errors.As(err, &refused) {
		return false, err // but whoever refuses to announce can map all the same
	}
	r.epoch.tell(a.epoch)
	return r.epoch.takeLost(), nil
}

func (r *pcp) add(ctx context.Context, l *lease) (grant, error) {
	a, err := r.ask(ctx, r.mapRequest(l, l.wish, leaseTime))
	if err != nil {
		return grant{}, err
	}
	r.epoch.tell(a.epoch)
	return grant{a.external, max(a.life, minLife)}, nil
}

func (r *pcp) remove(ctx context.Context, l *lease) error {
	_, err := r.ask(ctx, r.mapRequest(l, netip.AddrPort{}, 0))
	return err
}

// request is the head of all requests. RFC 6887 §7.1
func (r *pcp) request(op byte, life time.Duration) []byte {
	b := append(make([]byte, 0, pcpMapSize), pcpVersion, op, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(life/time.Second))
	client := r.way.local.As16()
	return append(b, client[:]...)
}

// mapRequest asks for a mapping, or with no life for its end. RFC 6887 §11.1
func (r *pcp) mapRequest(l *lease, wish netip.AddrPort, life time.Duration) []byte {
	b := append(r.request(pcpMap, life), l.nonce[:]...)
	protocol := byte(pcpTCP)
	if l.Port.Network == "udp" {
		protocol = pcpUDP
	}
	b = append(b, protocol, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, l.Port.Number)
	b = binary.BigEndian.AppendUint16(b, wish.Port())
	external := wish.Addr()
	if external.Is4() != r.way.local.Is4() || !external.IsValid() { // any, of the family wanted
		external = netip.IPv6Unspecified()
		if r.way.local.Is4() {
			external = netip.IPv4Unspecified()
		}
	}
	a := external.As16()
	return append(b, a[:]...)
}

func (r *pcp) ask(ctx context.Context, request []byte) (a pcpReply, err error) {
	var wrong error
	err = r.net.ask(ctx, r.way, request, func(b []byte) (ours bool) {
		a, ours, wrong = parsePCP(b, request)
		return ours
	})
	if err == nil {
		err = wrong
	}
	return a, err
}

// pcpReply is an answer; all but epoch are those of a mapping.
type pcpReply struct {
	epoch    uint32
	life     time.Duration
	external netip.AddrPort
}

var pcpResults = []string{
	1: "unsupported version", 2: "not authorized", 3: "malformed request", 4: "unsupported request", 5: "unsupported option",
	6: "malformed option", 7: "network failure", 8: "out of resources", 9: "unsupported protocol", 10: "too many mappings",
	11: "no external address or port to give", 12: "another router lies between", 13: "too many peers",
}

// parsePCP reads an answer, and says whether it is one to the request at all.
// A router that speaks only NAT-PMP says so in a packet of its own, often cut
// short. RFC 6887 §7.2, §11.1, appendix A
func parsePCP(b, request []byte) (a pcpReply, ours bool, err error) {
	op := request[1]
	if len(b) >= 4 && b[0] != pcpVersion && b[3] == pcpUnsupportedVersion {
		return a, true, fmt.Errorf("router speaks version %d, not PCP", b[0])
	}
	if len(b) < pcpHeader || b[0] != pcpVersion || b[1] != op+pcpAnswer {
		return a, false, nil
	}
	a.epoch = binary.BigEndian.Uint32(b[8:])
	a.life = time.Duration(binary.BigEndian.Uint32(b[4:])) * time.Second
	if b[3] == pcpUnsupportedVersion {
		return a, true, fmt.Errorf("router does not speak PCP version %d", pcpVersion)
	}
	if b[3] != 0 {
		return a, true, refusalOf(pcpResults, int(b[3]))
	}
	if op == pcpAnnounce {
		return a, true, nil
	}
	// Nonce, protocol and port say which mapping it is about.
	if len(b) < pcpMapSize || string(b[24:37]) != string(request[24:37]) || string(b[40:42]) != string(request[40:42]) {
		return a, false, nil
	}
	external := netip.AddrFrom16([16]byte(b[44:60])).Unmap()
	a.external = netip.AddrPortFrom(external, binary.BigEndian.Uint16(b[42:]))
	return a, true, nil
}

package portmap

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Error codes of the service. WANIPConnection:2 §2.5
const (
	upnpInvalidArgs   = 402 // by some routers for a lease that ends
	upnpActionFailed  = 501 // by some routers for a conflict
	upnpNoSuchEntry   = 714
	upnpConflict      = 718
	upnpOnlyPermanent = 725
	upnpOtherConflict = 729
)

const maxConflicts = 5 // calls for one port, before it is given up for now

// upnp is a router that speaks UPnP.
type upnp struct {
	net       network
	way       way
	local     netip.Addr // this machine, as seen from the router
	service   service
	external  netip.Addr
	permanent bool            // the router knows no other leases
	ports     map[Port]uint16 // the external ports it granted
}

func (r *upnp) String() string { return "UPnP" }

// look searches the router, the first time, and asks whether all is as it was.
// There is no epoch to tell that.
func (r *upnp) look(ctx context.Context) (lost bool, err error) {
	if r.service.control == nil {
		return false, r.search(ctx)
	}
	external, err := r.address(ctx, r.service)
	if err != nil {
		return false, err
	}
	lost = external != r.external
	r.external = external
	for p, port := range r.ports {
		e, err := r.entry(ctx, p, port)
		if err != nil && !isFault(err) {
			return false, err
		}
		lost = lost || e == entryGone || e == entryOthers
	}
	return lost, nil
}

// search takes the first device that answers as a gateway does.
func (r *upnp) search(ctx context.Context) error {
	seen := map[string]bool{}
	why := errors.New("no gateway device")
	err := r.net.search(ctx, r.way, func(from, local netip.Addr, packet []byte) bool {
		location, err := parseFound(from, packet)
		if err != nil || !credible(from, r.way) || seen[location.String()] || len(seen) == maxDevices {
			return false
		}
		seen[location.String()] = true
		r.local = local
		if why = r.open(ctx, location); why != nil {
			return false
		}
		return true
	})
	if r.service.control == nil && err == nil {
		err = why
	}
	return err
}

// open reads a device's description and chooses a service: a router with
// several ways out has one for each, also for those that are down.
func (r *upnp) open(ctx context.Context, location *url.URL) error {
	services, err := r.describe(ctx, location)
	if err != nil {
		return err
	}
	best := -1
	for _, s := range services {
		external, err := r.address(ctx, s)
		if err != nil {
			continue
		}
		rank := 0
		if !external.IsUnspecified() {
			rank++
		}
		if !isLocal(external) {
			rank++
		}
		if rank > best {
			best, r.service, r.external = rank, s, external
		}
	}
	if best < 0 {
		return errors.New("no service of the gateway device answers")
	}
	return nil
}

// address asks for the external address; unspecified if it is not told.
func (r *upnp) address(ctx context.Context, s service) (netip.Addr, error) {
	v, err := r.call(ctx, s, "GetExternalIPAddress")
	if err != nil && !isFault(err) {
		return netip.Addr{}, err
	}
	if a, err := netip.ParseAddr(v["NewExternalIPAddress"]); err == nil && a.Is4() {
		return a, nil
	}
	return netip.IPv4Unspecified(), nil
}

// add tries the external port that is wished for, then others.
func (r *upnp) add(ctx context.Context, l *lease) (grant, error) {
	port := l.wish.Port()
	tidied := false
	for range maxConflicts {
		err := r.addPort(ctx, l.Port, port)
		switch faultCode(err) {
		case 0:
			if err != nil {
				return grant{}, err
			}
			r.ports[l.Port] = port
			return grant{netip.AddrPortFrom(r.external, port), r.life()}, nil
		case upnpConflict, upnpOtherConflict, upnpActionFailed:
			// Some routers take even our own old mapping for a conflict.
			if e, _ := r.entry(ctx, l.Port, port); e == entryOurs && !tidied {
				tidied = true
				r.removePort(ctx, l.Port, port)
				continue
			}
			port = uint16(1024 + rand.N(64512))
		case upnpOnlyPermanent, upnpInvalidArgs:
			if r.permanent {
				return grant{}, err
			}
			r.permanent = true
		default:
			return grant{}, err
		}
	}
	return grant{}, errors.New("no external port is free")
}

func (r *upnp) life() time.Duration {
	if r.permanent {
		return 0
	}
	return leaseTime
}

// addPort makes one call; WANIPConnection:2 §2.5.16. The order of its arguments
// matters to some routers.
func (r *upnp) addPort(ctx context.Context, p Port, external uint16) error {
	_, err := r.call(ctx, r.service, "AddPortMapping",
		"NewRemoteHost", "",
		"NewExternalPort", strconv.Itoa(int(external)),
		"NewProtocol", strings.ToUpper(p.Network),
		"NewInternalPort", strconv.Itoa(int(p.Number)),
		"NewInternalClient", r.local.String(),
		"NewEnabled", "1",
		"NewPortMappingDescription", fmt.Sprintf("commonseed %s %d", p.Network, p.Number),
		"NewLeaseDuration", strconv.Itoa(int(r.life()/time.Second)))
	return err
}

func (r *upnp) remove(ctx context.Context, l *lease) error {
	return r.removePort(ctx, l.Port, l.External.Port())
}

func (r *upnp) removePort(ctx context.Context, p Port, external uint16) error {
	_, err := r.call(ctx, r.service, "DeletePortMapping", entryArgs(p, external)...)
	return err
}

// What a router says of an external port.
type entryState int

const (
	entryUnknown entryState = iota // it cannot say
	entryOurs
	entryOthers
	entryGone
)

// entry asks whom an external port leads to.
func (r *upnp) entry(ctx context.Context, p Port, external uint16) (entryState, error) {
	v, err := r.call(ctx, r.service, "GetSpecificPortMappingEntry", entryArgs(p, external)...)
	client, clientErr := netip.ParseAddr(v["NewInternalClient"])
	switch {
	case faultCode(err) == upnpNoSuchEntry:
		return entryGone, nil
	case err != nil || clientErr != nil:
		return entryUnknown, err
	case client == r.local && v["NewInternalPort"] == strconv.Itoa(int(p.Number)):
		return entryOurs, nil
	}
	return entryOthers, nil
}

func entryArgs(p Port, external uint16) []string {
	return []string{
		"NewRemoteHost", "",
		"NewExternalPort", strconv.Itoa(int(external)),
		"NewProtocol", strings.ToUpper(p.Network),
	}
}

func isFault(err error) bool { return faultCode(err) != 0 }

// faultCode is the code of an error that is a fault, 0 otherwise.
func faultCode(err error) int {
	var f *fault
	if errors.As(err, &f) {
		return max(f.code, 1)
	}
	return 0
}

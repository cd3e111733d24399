//go:build !linux

package portmap

import "net/netip"

// defaultGateway is not known.
func defaultGateway(bool) (netip.Addr, bool) { return netip.Addr{}, false }

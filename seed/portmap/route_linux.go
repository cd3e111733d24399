package portmap

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

const (
	maxRoutes    = 1 << 20 // bytes; a machine with more is itself a router
	routeUp      = 1
	routeGateway = 2
)

// defaultGateway asks the kernel. The address has a zone if it is link-local.
func defaultGateway(v6 bool) (netip.Addr, bool) {
	name, parse := "/proc/self/net/route", parseRoute
	if v6 {
		name, parse = "/proc/self/net/ipv6_route", parseRoute6
	}
	f, err := os.Open(name)
	if err != nil {
		return netip.Addr{}, false
	}
	defer f.Close()
	return bestGateway(io.LimitReader(f, maxRoutes), parse)
}

// bestGateway finds the gateway of the default route of the least metric.
func bestGateway(r io.Reader, parse func([]string) (netip.Addr, uint64, bool)) (best netip.Addr, found bool) {
	var least uint64
	for lines := bufio.NewScanner(r); lines.Scan(); {
		a, metric, ok := parse(strings.Fields(lines.Text()))
		if ok && (!found || metric < least) {
			best, least, found = a, metric, true
		}
	}
	return best, found
}

// parseRoute reads interface, destination, gateway, flags, references, use,
// metric and mask; addresses are in the machine's byte order.
func parseRoute(f []string) (a netip.Addr, metric uint64, ok bool) {
	if len(f) < 8 || f[1] != "00000000" || f[7] != "00000000" {
		return a, 0, false
	}
	gateway, err := strconv.ParseUint(f[2], 16, 32)
	flags, err2 := strconv.ParseUint(f[3], 16, 32)
	metric, err3 := strconv.ParseUint(f[6], 10, 32)
	if err != nil || err2 != nil || err3 != nil || flags&routeUp == 0 || flags&routeGateway == 0 {
		return a, 0, false
	}
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], uint32(gateway))
	return netip.AddrFrom4(b), metric, true
}

// parseRoute6 reads destination and its length, source and its length, gateway,
// metric, references, use, flags and interface.
func parseRoute6(f []string) (a netip.Addr, metric uint64, ok bool) {
	if len(f) < 10 || strings.Trim(f[0], "0") != "" || f[1] != "00" {
		return a, 0, false
	}
	b, err := hex.DecodeString(f[4])
	metric, err2 := strconv.ParseUint(f[5], 16, 32)
	flags, err3 := strconv.ParseUint(f[8], 16, 32)
	if err != nil || err2 != nil || err3 != nil || len(b) != 16 || flags&routeUp == 0 || flags&routeGateway == 0 {
		return a, 0, false
	}
	a = netip.AddrFrom16([16]byte(b))
	if a.IsLinkLocalUnicast() {
		a = a.WithZone(f[9])
	}
	return a, metric, true
}

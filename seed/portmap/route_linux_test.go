package portmap

import (
	"net/netip"
	"strings"
	"testing"
)

// Tables of real machines, and lines that mean nothing.
func TestDefaultGateway(t *testing.T) {
	v4 := "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n" +
		"wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n" +
		"eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n" +
		"eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n" +
		"tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0\n" + // no gateway
		"eth1\t00000000\t0103A8C0\t0002\t0\t0\t1\t00000000\t0\t0\t0\n" + // down
		"eth0\t00000000\tmoon\t0003\t0\t0\t0\t00000000\t0\t0\t0\nshort\n"
	if a, ok := bestGateway(strings.NewReader(v4), parseRoute); !ok || a.String() != "192.168.1.1" {
		t.Errorf("IPv4: %v %v", a, ok)
	}
	const zero = "00000000000000000000000000000000"
	v6 := "20010db8000100000000000000000000 40 " + zero + " 00 " + zero + " 00000100 00000001 00000000 00000001     eth0\n" +
		zero + " 00 " + zero + " 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n" +
		zero + " 00 " + zero + " 00 fe800000000000000000000000000002 00000064 00000001 00000000 00000003    wlan0\n" +
		zero + " 00 " + zero + " 00 " + zero + " ffffffff 00000001 00000000 00200200       lo\n" +
		zero + " 00 " + zero + " 00 fe80 00000000 00000001 00000000 00000003     eth0\n"
	if a, ok := bestGateway(strings.NewReader(v6), parseRoute6); !ok || a.String() != "fe80::2%wlan0" {
		t.Errorf("IPv6: %v %v", a, ok)
	}
	for _, parse := range []func([]string) (netip.Addr, uint64, bool){parseRoute, parseRoute6} {
		if a, ok := bestGateway(strings.NewReader(""), parse); ok {
			t.Errorf("no routes: %v", a)
		}
	}
}

package clients

import (
	"fmt"
	"testing"

	"commonseed/internal/peers"
)

func aria2(t testing.TB, d Download) {
	t.Helper()
	peers.Need(t, "aria2c")
	args := []string{
		"--no-conf", "--dir", d.Dir, "--interface", d.Listen.String(), "--listen-port", fmt.Sprint(peers.FreePort(t)),
		"--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false",
		"--seed-time=0", "--file-allocation=none", "--summary-interval=0", "--console-log-level=notice",
		fmt.Sprint("--disable-ipv6=", d.Listen.Is4()),
	}
	if d.Cipher == Encrypted {
		args = append(args, "--bt-force-encryption=true")
	}
	p := peers.Start(t, d.Dir, nil, "aria2c", append(args, d.Source)...)
	if !p.Ended(patience) || p.Err != nil {
		t.Fatalf("aria2 does not complete: %v", p.Err)
	}
}

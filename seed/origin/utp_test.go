package origin

import (
	"bytes"
	"net"
	"testing"
	"time"

	"commonseed/seed/seedtest"
)

// What libtorrent sends to open a uTP connection.
var utpOpens = []byte{0x41, 0x02, 0x12, 0x34, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0x10, 0, 0, 0xab, 0xcd, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0}

func TestUTPIsRefusedAtOnce(t *testing.T) {
	e, _ := seeding(t, seedtest.V1, Options{})
	nc, err := net.Dial("udp", peerAddr(e))
	check(t, err)
	defer nc.Close()
	nc.Write(utpOpens)
	nc.SetReadDeadline(time.Now().Add(5 * time.Second))
	b := make([]byte, 100)
	n, err := nc.Read(b)
	check(t, err)
	if n != utpHeader || b[0] != utpReset || !bytes.Equal(b[2:4], utpOpens[2:4]) || !bytes.Equal(b[18:20], utpOpens[16:18]) {
		t.Errorf("answered with %x", b[:n])
	}
	for _, p := range [][]byte{nil, utpOpens[:19], {0x31, 19: 0}, []byte("d1:ad2:id20:aaaaaaaaaaaaaaaaaaaae"), {0x42, 19: 0}} {
		if r := refusal(p); r != nil {
			t.Errorf("%x is answered", p)
		}
	}
}

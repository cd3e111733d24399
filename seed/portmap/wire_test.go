package portmap

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The packets, byte for byte; the answers are those of miniupnpd 2.3.1.
func TestPackets(t *testing.T) {
	l := newLease(Port{"tcp", 7448})
	copy(l.nonce[:], unhex(t, "d4b0cae6ffabca5a3930ea53"))
	r := &pcp{way: way{local: netip.MustParseAddr("192.168.77.2")}}
	ask := r.mapRequest(l, l.wish, leaseTime)
	want := "02010000 00000e10 00000000000000000000ffffc0a84d02 d4b0cae6ffabca5a3930ea53 06000000 1d181d18 00000000000000000000ffff00000000"
	if !bytes.Equal(ask, unhex(t, want)) {
		t.Errorf("PCP request %x", ask)
	}
	a, ours, err := parsePCP(unhex(t, "02810000 00000e10 00000006 000000000000000000000000 d4b0cae6ffabca5a3930ea53 06000000 1d181d18 00000000000000000000ffff0b000001"), ask)
	if !ours || err != nil || a.epoch != 6 || a.life != time.Hour || a.external.String() != "11.0.0.1:7448" {
		t.Errorf("PCP answer %+v %v %v", a, ours, err)
	}
	_, ours, err = parsePCP(unhex(t, "02810002 00000000 00000006 000000000000000000000000 d4b0cae6ffabca5a3930ea53 06000000 1d180000 00000000000000000000ffff0b000001"), ask)
	if !ours || err == nil || err.Error() != "not authorized" {
		t.Errorf("PCP refusal %v %v", ours, err)
	}
	for name, other := range map[string]string{
		"another nonce":    "02810000 00000e10 00000006 000000000000000000000000 d4b0cae6ffabca5a3930ea54 06000000 1d181d18 00000000000000000000ffff0b000001",
		"another protocol": "02810000 00000e10 00000006 000000000000000000000000 d4b0cae6ffabca5a3930ea53 11000000 1d181d18 00000000000000000000ffff0b000001",
		"another port":     "02810000 00000e10 00000006 000000000000000000000000 d4b0cae6ffabca5a3930ea53 06000000 1d191d18 00000000000000000000ffff0b000001",
		"a request":        want,
		"cut short":        "02810000 00000e10 00000006",
	} {
		if _, ours, _ := parsePCP(unhex(t, other), ask); ours {
			t.Errorf("PCP: %s is taken for the answer", name)
		}
	}
	for _, short := range []string{"00800001 00000000", "00800001 00000000 00000000", "00810001"} { // of routers that know NAT-PMP alone
		if _, ours, err := parsePCP(unhex(t, short), ask); !ours || err == nil {
			t.Errorf("PCP answer %s: %v %v", short, ours, err)
		}
	}

	ask = pmpMapRequest(Port{"udp", 7448}, 7449, time.Hour)
	if !bytes.Equal(ask, unhex(t, "0001 0000 1d18 1d19 00000e10")) {
		t.Errorf("NAT-PMP request %x", ask)
	}
	p, ours, err := parsePMP(unhex(t, "0081 0000 00000007 1d18 1d20 00000e10"), ask)
	if !ours || err != nil || p.epoch != 7 || p.port != 7456 || p.life != time.Hour {
		t.Errorf("NAT-PMP answer %+v %v %v", p, ours, err)
	}
	if _, ours, _ := parsePMP(unhex(t, "0081 0000 00000007 1d19 1d20 00000e10"), ask); ours {
		t.Error("NAT-PMP: another port is taken for the answer")
	}
	if _, ours, err := parsePMP(unhex(t, "0081 0002"), ask); !ours || err == nil || err.Error() != "not authorized" {
		t.Errorf("NAT-PMP refusal %v %v", ours, err)
	}
	if _, ours, err := parsePMP(unhex(t, "0281"), ask); !ours || err == nil {
		t.Errorf("answer of PCP %v %v", ours, err)
	}
	p, ours, err = parsePMP(unhex(t, "0080 0000 00000006 0b000001"), []byte{0, 0})
	if !ours || err != nil || p.external.String() != "11.0.0.1" {
		t.Errorf("NAT-PMP address %+v %v %v", p, ours, err)
	}
}

func TestEpoch(t *testing.T) {
	for _, c := range []struct {
		its, ours int // seconds since the last answer, by either clock
		lost      bool
	}{
		{600, 600, false}, {0, 0, false}, {1, 3, false}, {540, 600, false}, {680, 600, false},
		{-5000, 600, true}, {30, 600, true}, {9000, 600, true}, {0, 4, true},
	} {
		e := &epoch{at: time.Now().Add(-time.Duration(c.ours) * time.Second), seconds: 1_000_000}
		e.tell(uint32(1_000_000 + c.its))
		if e.takeLost() != c.lost || e.takeLost() {
			t.Errorf("clock went on by %d s in %d s: lost %v, want %v", c.its, c.ours, !c.lost, c.lost)
		}
	}
}

func FuzzPCP(f *testing.F) {
	l := newLease(Port{"tcp", 7448})
	l.nonce = [12]byte{1}
	ask := (&pcp{way: way{local: loopback}}).mapRequest(l, l.wish, leaseTime)
	answer := bytes.Clone(ask)
	answer[1] |= pcpAnswer
	f.Add(answer)
	f.Add(answer[:pcpHeader])
	f.Add([]byte{0, 128, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, ours, err := parsePCP(b, ask); ours && err == nil && !bytes.Equal(b[24:37], ask[24:37]) {
			t.Error("takes another mapping for ours")
		}
		parsePCP(b, ask[:pcpHeader])
	})
}

func FuzzPMP(f *testing.F) {
	ask := pmpMapRequest(Port{"tcp", 7448}, 7448, leaseTime)
	f.Add([]byte{0, 130, 0, 0, 0, 0, 0, 9, 0x1d, 0x18, 0x1d, 0x18, 0, 0, 0x0e, 0x10})
	f.Add([]byte{0, 128, 0, 0, 0, 0, 0, 9, 11, 0, 0, 1})
	f.Add([]byte{2, 130})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, ours, err := parsePMP(b, ask); ours && err == nil && !bytes.Equal(b[8:10], ask[4:6]) {
			t.Error("takes another mapping for ours")
		}
		if a, ours, err := parsePMP(b, []byte{0, 0}); ours && err == nil && !a.external.Is4() {
			t.Error("no address")
		}
	})
}

func FuzzFound(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1:5000/desc.xml\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nLocation: http://192.168.1.1@198.51.100.1/\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		from := netip.MustParseAddr("192.168.1.1")
		if u, err := parseFound(from, b); err == nil && (u.Hostname() != "192.168.1.1" || u.Scheme != "http") {
			t.Errorf("would fetch %s", u)
		}
	})
}

func FuzzDescription(f *testing.F) {
	f.Add([]byte(simDescription))
	f.Add([]byte(strings.Replace(simDescription, "/ctl", "http://198.51.100.1/ctl", 1)))
	f.Add([]byte("<root><URLBase>http://192.168.1.1:80</URLBase>" + strings.Repeat(simDescription[21:], 9)))
	f.Fuzz(func(t *testing.T, b []byte) {
		location := &url.URL{Scheme: "http", Host: "192.168.1.1:5000", Path: "/desc.xml"}
		services, err := parseDescription(location, b)
		if len(services) > maxServices || (err == nil) != (len(services) > 0) {
			t.Fatalf("%d services, %v", len(services), err)
		}
		for _, s := range services {
			if s.control.Hostname() != "192.168.1.1" || s.control.Scheme != "http" {
				t.Errorf("would call %s", s.control)
			}
		}
	})
}

func FuzzSOAP(f *testing.F) {
	f.Add([]byte("<Envelope><Body><NewExternalIPAddress>198.51.100.1</NewExternalIPAddress></Body></Envelope>"))
	f.Add([]byte("<Fault><detail><UPnPError><errorCode>718</errorCode><errorDescription>Conflict</errorDescription></UPnPError></detail></Fault>"))
	f.Add([]byte(strings.Repeat("<a>b", 200)))
	f.Fuzz(func(t *testing.T, b []byte) {
		values, err := parseSOAP(b)
		if len(values) > maxValues || err != nil && values != nil {
			t.Errorf("%d values, %v", len(values), err)
		}
		for _, v := range values {
			if len(v) > maxValue {
				t.Errorf("value of %d bytes", len(v))
			}
		}
	})
}

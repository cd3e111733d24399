package portmap

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// serveLoopback lets a simulated router answer on a real socket. It loses the
// first packet, and to each a stranger answers first.
func serveLoopback(t *testing.T, r *simRouter) netip.AddrPort {
	t.Helper()
	c, stranger := listenLoopback(t), listenLoopback(t)
	r.way = way{c.LocalAddr().(*net.UDPAddr).AddrPort(), loopback}
	go func() {
		buf := make([]byte, 2048)
		for lost := false; ; lost = true {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			answer := r.answer(buf[:n])
			if answer == nil || !lost {
				continue
			}
			lie := append([]byte(nil), answer...)
			copy(lie[len(lie)-4:], []byte{6, 6, 6, 6})
			stranger.WriteToUDPAddrPort(lie, from)
			c.WriteToUDPAddrPort(answer, from)
		}
	}()
	return r.way.gateway
}

func listenLoopback(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: loopback.AsSlice()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// await waits until all ports are mapped, and returns the state of the first.
func await(t *testing.T, m *Mapper) Mapping {
	t.Helper()
	var all []Mapping
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		all = m.Status()
		done := len(all) > 0
		for _, one := range all {
			done = done && one.External.IsValid()
		}
		if done {
			return all[0]
		}
	}
	t.Fatalf("not mapped: %+v", all)
	return Mapping{}
}

func TestSockets(t *testing.T) {
	for _, speaks := range []string{"PCP", "NAT-PMP", "UPnP"} {
		t.Run(speaks, func(t *testing.T) {
			r := newSimRouter(speaks)
			o := Options{Ports: somePorts, Gateway: serveLoopback(t, r)}
			if speaks == "UPnP" {
				o.SSDP = serveUPnP(t, r)
			}
			m := New(o)
			got := await(t, m)
			if got.External.String() != "198.51.100.1:7448" || got.Protocol != speaks || got.Problem != "" || got.Local.String() != "127.0.0.1:7448" {
				t.Errorf("%+v", got)
			}
			if left := time.Until(got.Until); left < leaseTime/2 || left > leaseTime {
				t.Errorf("good for %s", left)
			}
			m.Close()
			for _, p := range somePorts {
				if r.leadsTo(p) != 0 {
					t.Errorf("%s still mapped after Close", p)
				}
			}
		})
	}
}

// serveUPnP is a gateway device on loopback. What it sends before its answer is
// no answer.
func serveUPnP(t *testing.T, r *simRouter) netip.AddrPort {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		resp, err := r.roundTrip(req)
		if err != nil {
			return
		}
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
	}))
	t.Cleanup(web.Close)
	c := listenLoopback(t)
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if strings.Contains(string(buf[:n]), "InternetGatewayDevice:1") {
				c.WriteToUDPAddrPort([]byte("rubbish"), from)
				c.WriteToUDPAddrPort([]byte("HTTP/1.1 200 OK\r\nLocation: http://127.0.0.1:1/\r\n\r\n"), from)
				c.WriteToUDPAddrPort([]byte("HTTP/1.1 200 OK\r\nLocation: "+web.URL+"/desc.xml\r\n\r\n"), from)
			}
		}
	}()
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

// Where nothing listens it says so, and Close is quick.
func TestNobodyThere(t *testing.T) {
	m := New(Options{Ports: somePorts, Gateway: netip.MustParseAddrPort("127.0.0.1:1")})
	for end := time.Now().Add(time.Minute); m.Status()[0].Problem != errSilence.Error(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%+v", m.Status())
		}
	}
	m.Close()
}

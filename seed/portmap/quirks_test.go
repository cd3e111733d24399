package portmap

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A meddler answers a UPnP request in the router's place, or says no.
type meddler func(r *simRouter, w http.ResponseWriter, path, body string) bool

func (f meddler) meddle(r *simRouter) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, req *http.Request) bool {
		body := ""
		if req.Body != nil {
			b, _ := io.ReadAll(req.Body)
			body = string(b)
			req.Body = io.NopCloser(strings.NewReader(body))
		}
		return f(r, w, req.URL.Path, body)
	}
}

// faultOn refuses one call.
func faultOn(call string, code int) meddler {
	return func(r *simRouter, w http.ResponseWriter, path, body string) bool {
		if strings.Contains(body, call) {
			soapFault(w, code)
			return true
		}
		return false
	}
}

// faultOnLease refuses leases that end.
func faultOnLease(code int) meddler {
	return func(r *simRouter, w http.ResponseWriter, path, body string) bool {
		return !strings.Contains(body, "<NewLeaseDuration>0<") && faultOn("NewLeaseDuration", code)(r, w, path, body)
	}
}

// describeAs gives another description.
func describeAs(xml string) meddler {
	return func(r *simRouter, w http.ResponseWriter, path, body string) bool {
		if path == "/desc.xml" {
			io.WriteString(w, xml)
		}
		if path == "/down" {
			io.WriteString(w, "<Envelope><NewExternalIPAddress>0.0.0.0</NewExternalIPAddress></Envelope>")
		}
		return path == "/desc.xml" || path == "/down"
	}
}

var theirs = netip.MustParseAddr("192.168.1.99")

// Routers as they are: nearly all of these were met in the world.
func TestRouterQuirks(t *testing.T) {
	port := Port{"tcp", 7448}
	for _, c := range []struct {
		name    string
		prepare func(*simRouter)
		meddle  meddler
		want    string // the beginning of the external address and problem
		forever bool
	}{
		{name: "nothing special", want: "198.51.100.1:7448"},
		{name: "only permanent leases", meddle: faultOnLease(725), want: "198.51.100.1:7448", forever: true},
		{name: "leases are invalid arguments", meddle: faultOnLease(402), want: "198.51.100.1:7448", forever: true},
		{name: "switched off by its owner", meddle: faultOn("AddPortMapping", 606), want: " UPnP: error 606"},
		{name: "action failed, always", meddle: faultOn("AddPortMapping", 501), want: " UPnP: no external port is free"},
		{name: "cannot tell who has a port", meddle: faultOn("GetSpecificPortMappingEntry", 401), want: "198.51.100.1:7448"},
		{name: "does not tell its address", meddle: faultOn("GetExternalIPAddress", 501), want: "0.0.0.0:7448 the router does not tell"},
		{
			name: "behind another router", want: "100.64.0.9:7448 the router's own address 100.64.0.9 is not public",
			prepare: func(r *simRouter) { r.address = netip.MustParseAddr("100.64.0.9") },
		},
		{
			name: "port leads to somebody else", want: "198.51.100.1:",
			prepare: func(r *simRouter) { r.maps[port] = &simMap{client: theirs, internal: 7448} },
		},
		{
			name: "our own old mapping is a conflict", want: "198.51.100.1:7448",
			prepare: func(r *simRouter) { r.maps[port] = &simMap{client: r.way.local, internal: 7448} },
			meddle: func(r *simRouter, w http.ResponseWriter, path, body string) bool {
				r.mu.Lock()
				defer r.mu.Unlock()
				return r.maps[port] != nil && faultOn("AddPortMapping", 718)(r, w, path, body)
			},
		},
		{
			name: "two ways out, the first is down", want: "198.51.100.1:7448",
			meddle: describeAs(strings.Replace(simDescription, "<service>",
				"<service><serviceType>urn:schemas-upnp-org:service:WANPPPConnection:1</serviceType><controlURL>/down</controlURL></service><service>", 1)),
		},
		{
			name: "sloppy description", want: "198.51.100.1:7448",
			meddle: describeAs(`<?xml version="1.0" encoding="ISO-8859-1"?>` + "<root><friendlyName>Caf\xe9 & Co</friendlyName><URLBase>http://10.0.0.1/</URLBase>" +
				`<service><serviceType> urn:schemas-upnp-org:service:WANIPConnection:2 </serviceType><controlURL>ctl</controlURL></service></root>`),
		},
		{
			name: "names a control address on another host", want: " no router answers",
			meddle: describeAs(strings.Replace(simDescription, "/ctl", "http://192.168.1.99/ctl", 1)),
		},
		{
			name: "sends us elsewhere", want: " no router answers",
			meddle: func(r *simRouter, w http.ResponseWriter, path, body string) bool {
				w.Header().Set("Location", "http://192.168.1.1:5000/desc.xml")
				w.WriteHeader(http.StatusFound)
				return true
			},
		},
		{
			name: "never stops talking", want: " no router answers",
			meddle: func(r *simRouter, w http.ResponseWriter, path, body string) bool {
				io.WriteString(w, strings.Repeat("<a>", maxDescription))
				return true
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newSimRouter("UPnP")
				if c.prepare != nil {
					c.prepare(r)
				}
				if c.meddle != nil {
					r.meddle = c.meddle.meddle(r)
				}
				m := start(Options{Ports: []Port{port}}, r.network())
				time.Sleep(24 * time.Hour)
				now := m.Status()[0]
				m.Close()
				got := now.Problem
				if now.External.IsValid() {
					got = now.External.String() + " " + got
				} else {
					got = " " + got
				}
				if !strings.HasPrefix(got, c.want) {
					t.Errorf("after a day: %q, want %q", got, c.want)
				}
				if now.External.IsValid() && (now.Until.IsZero() != c.forever || r.requests == 0) {
					t.Errorf("mapped until %v", now.Until)
				}
				if external := r.leadsTo(port); external != 0 {
					t.Errorf("after Close, %d still leads to us", external)
				}
				if r.requests > 1000 {
					t.Errorf("%d requests in a day", r.requests)
				}
			})
		})
	}
}

// Whoever else answers a search is not even asked for a description.
func TestOnlyTheGatewayIsBelieved(t *testing.T) {
	for _, known := range []bool{true, false} {
		t.Run(fmt.Sprintf("known=%v", known), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newSimRouter("UPnP")
				var mu sync.Mutex
				asked := map[string]bool{}
				n := r.network()
				n.http = roundTripper(func(req *http.Request) (*http.Response, error) {
					mu.Lock()
					asked[req.URL.Host] = true
					mu.Unlock()
					return r.roundTrip(req)
				})
				if !known {
					n.way = func() (way, error) { return way{}, nil }
				}
				search := n.search
				n.search = func(ctx context.Context, w way, found func(from, local netip.Addr, packet []byte) bool) error {
					for _, from := range []string{"127.0.0.1", "198.51.100.77", "192.168.1.99"} {
						answer := "HTTP/1.1 200 OK\r\nLOCATION: http://" + from + ":80/desc.xml\r\n\r\n"
						if found(netip.MustParseAddr(from), r.way.local, []byte(answer)) {
							return nil
						}
					}
					return search(ctx, way{local: r.way.local}, found)
				}
				m := start(Options{Ports: somePorts}, n)
				time.Sleep(time.Minute)
				m.Close()
				want := map[string]bool{"192.168.1.1:5000": true}
				if !known { // then any router of a private address will do
					want = map[string]bool{"192.168.1.99:80": true}
				}
				if fmt.Sprint(asked) != fmt.Sprint(want) {
					t.Errorf("asked %v, want %v", asked, want)
				}
			})
		})
	}
}

// A router that announces all the time, loses everything all the time and
// grants a second at a time does not keep us busy.
func TestRestlessRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRouter("NAT-PMP")
		r.announce = true
		n := r.network()
		ask := n.ask
		n.ask = func(ctx context.Context, w way, packet []byte, accept func([]byte) bool) error {
			return ask(ctx, w, packet, func(b []byte) bool {
				rand.Read(b[4:8]) // any epoch
				if len(b) == 16 {
					copy(b[12:16], []byte{0, 0, 0, 1})
				}
				return accept(b)
			})
		}
		m := start(Options{Ports: somePorts}, n)
		for range 24 * 3600 {
			time.Sleep(time.Second)
			r.tell()
		}
		m.Close()
		if most := 24*720*(1+len(somePorts)) + 20; r.requests > most {
			t.Errorf("%d requests in a day, want at most %d", r.requests, most)
		}
		t.Log(r.requests, "requests in a day")
	})
}

// Another network, another router: the ports are mapped there within a minute.
// Where there is no router, those of the old one are no longer told.
func TestNewGateway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		home, cafe := newSimRouter("PCP"), newSimRouter("NAT-PMP")
		cafe.way = way{netip.MustParseAddrPort("10.0.0.1:5351"), netip.MustParseAddr("10.0.0.2")}
		cafe.address = netip.MustParseAddr("203.0.113.9")
		var at atomic.Pointer[simRouter]
		at.Store(home)
		n := home.network()
		n.way = func() (way, error) { return at.Load().way, nil }
		n.ask = func(ctx context.Context, w way, packet []byte, accept func([]byte) bool) error {
			return at.Load().ask(ctx, w, packet, accept)
		}
		heard := &heardOf{}
		m := start(Options{Ports: somePorts, OnChange: heard.change}, n)
		defer m.Close()
		street := newSimRouter("PCP")
		street.way = way{netip.MustParseAddrPort("10.1.0.1:5351"), netip.MustParseAddr("10.1.0.2")}
		street.power(false)
		for _, r := range []*simRouter{home, cafe, street, home} {
			at.Store(r)
			time.Sleep(wayInterval + 10*time.Second)
			for _, p := range somePorts {
				want := netip.AddrPortFrom(r.address, p.Number)
				if r == street {
					if got := heard.of(p); got.IsValid() {
						t.Errorf("%s: in the street, told %v", p, got)
					}
				} else if r.leadsTo(p) != p.Number || heard.of(p) != want {
					t.Errorf("%s: told %v, want %v", p, heard.of(p), want)
				}
			}
		}
	})
}

// A machine that nobody can forward to asks nobody.
func TestNoRouterToAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRouter("PCP")
		n := r.network()
		n.way = func() (way, error) { return way{}, errPublic }
		m := start(Options{Ports: somePorts}, n)
		defer m.Close()
		time.Sleep(48 * time.Hour)
		if got := m.Status()[0]; got.Problem != errPublic.Error() || r.requests != 0 {
			t.Errorf("%+v after %d requests", got, r.requests)
		}
	})
}

// A router that loses mappings without an end, and cannot be asked about them,
// is asked for them anew once a day.
func TestForgetfulRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRouter("UPnP")
		mute := faultOn("GetSpecificPortMappingEntry", 401)
		r.meddle = meddler(func(r *simRouter, w http.ResponseWriter, path, body string) bool {
			return mute(r, w, path, body) || faultOnLease(725)(r, w, path, body)
		}).meddle(r)
		m := start(Options{Ports: somePorts}, r.network())
		defer m.Close()
		time.Sleep(time.Hour)
		r.restart()
		time.Sleep(maxLife)
		for _, p := range somePorts {
			if r.leadsTo(p) == 0 {
				t.Errorf("%s is not mapped", p)
			}
		}
	})
}

// A port that the router gave to somebody else is replaced by another.
func TestStolenPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRouter("UPnP")
		heard := &heardOf{}
		m := start(Options{Ports: somePorts, OnChange: heard.change}, r.network())
		defer m.Close()
		time.Sleep(time.Minute)
		r.mu.Lock()
		r.maps[somePorts[0]].client = theirs
		r.mu.Unlock()
		time.Sleep(lookInterval)
		external := r.leadsTo(somePorts[0])
		if external == 0 || external == somePorts[0].Number || heard.of(somePorts[0]).Port() != external {
			t.Errorf("mapped at %d, told %s", external, heard.of(somePorts[0]))
		}
	})
}

// Whatever the router does, Close is done within a second.
func TestCloseIsQuick(t *testing.T) {
	for _, speaks := range []string{"PCP", "NAT-PMP", "UPnP"} {
		for _, on := range []time.Duration{0, time.Second, time.Hour} {
			synctest.Test(t, func(t *testing.T) {
				r := newSimRouter(speaks)
				r.power(on > 0)
				m := start(Options{Ports: somePorts}, r.network())
				time.Sleep(on)
				r.power(false)
				time.Sleep(time.Second)
				begin := time.Now()
				m.Close()
				if took := time.Since(begin); took > time.Second {
					t.Errorf("%s, on for %s: Close took %s", speaks, on, took)
				}
			})
		}
	}
}

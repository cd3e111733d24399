package portmap

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// simRouter is a router in memory: it speaks the bytes of the protocols over
// the network of a test, on its clock. miniupnpd_test.go has a real one; this
// one can live for months, restart and misbehave.
type simRouter struct {
	speaks   string // "PCP", "NAT-PMP" or "UPnP"
	way      way
	announce bool                                          // tells of restarts and new addresses
	meddle   func(http.ResponseWriter, *http.Request) bool // answers a UPnP request in its place

	mu       sync.Mutex
	off      bool
	born     time.Time
	address  netip.Addr
	maps     map[Port]*simMap // by external port
	requests int
	slack    time.Duration // the least that was left of a lease when it was renewed
	heard    func(netip.Addr)
}

type simMap struct {
	client   netip.Addr
	internal uint16
	until    time.Time // zero: for ever
	nonce    string
}

func newSimRouter(speaks string) *simRouter {
	return &simRouter{
		speaks: speaks,
		way: way{
			gateway: netip.MustParseAddrPort("192.168.1.1:5351"),
			local:   netip.MustParseAddr("192.168.1.7"),
		},
		born:    time.Now(),
		address: netip.MustParseAddr("198.51.100.1"),
		maps:    map[Port]*simMap{},
		slack:   leaseTime,
	}
}

func (r *simRouter) network() network {
	n := network{
		way:  func() (way, error) { return r.way, nil },
		ask:  r.ask,
		http: roundTripper(r.roundTrip),
		listen: func(ctx context.Context, heard func(netip.Addr)) {
			r.mu.Lock()
			r.heard = heard
			r.mu.Unlock()
			<-ctx.Done()
		},
	}
	if r.way.local.Is4() {
		n.search = r.search
	}
	return n
}

// restart forgets everything, as most home routers do.
func (r *simRouter) restart() {
	r.mu.Lock()
	r.born, r.maps = time.Now(), map[Port]*simMap{}
	r.mu.Unlock()
	r.tell()
}

// readdress is a new address from the provider; RFC 6887 §8.5 wants a new epoch.
func (r *simRouter) readdress(a string) {
	r.mu.Lock()
	r.address = netip.MustParseAddr(a)
	if r.speaks == "PCP" {
		r.born = time.Now()
	}
	r.mu.Unlock()
	r.tell()
}

func (r *simRouter) power(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.off = !on
}

func (r *simRouter) tell() {
	r.mu.Lock()
	heard := r.heard
	r.mu.Unlock()
	if r.announce && heard != nil {
		heard(r.way.gateway.Addr())
	}
}

// leadsTo is the external port that leads to a port of ours just now, or 0.
func (r *simRouter) leadsTo(p Port) uint16 {
	r.mu.Lock()
	defer r.mu.Unlock()
	for external, m := range r.maps {
		if external.Network == p.Network && m.internal == p.Number && m.client == r.way.local && !m.expired() {
			return external.Number
		}
	}
	return 0
}

func (m *simMap) expired() bool { return !m.until.IsZero() && !time.Now().Before(m.until) }

// count counts a request, and says whether the router is on to hear it.
func (r *simRouter) count() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	return !r.off
}

func (r *simRouter) takeRequests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.requests
	r.requests = 0
	return n
}

func (r *simRouter) ask(ctx context.Context, _ way, packet []byte, accept func([]byte) bool) error {
	for wait := 250 * time.Millisecond; wait <= 2*time.Second; wait *= 2 {
		if r.count() {
			answer := r.answer(packet)
			if answer != nil && accept(answer) {
				return nil
			}
		}
		if sleep(ctx, wait, nil); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errSilence
}

func (r *simRouter) answer(q []byte) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	epoch := uint32(time.Since(r.born) / time.Second)
	switch {
	case r.speaks == "PCP" && q[0] == 2:
		return r.answerPCP(q, epoch)
	case r.speaks == "NAT-PMP" && q[0] == 0:
		return r.answerPMP(q, epoch)
	case r.speaks == "NAT-PMP": // not our version
		return []byte{0, 128, 0, 1, 0, 0, 0, 0}
	}
	return nil
}

func (r *simRouter) answerPMP(q []byte, epoch uint32) []byte {
	a := binary.BigEndian.AppendUint32([]byte{0, q[1] + 128, 0, 0}, epoch)
	if q[1] == 0 {
		return append(a, r.address.AsSlice()...)
	}
	network := map[byte]string{1: "udp", 2: "tcp"}[q[1]]
	internal, external, life := binary.BigEndian.Uint16(q[4:]), binary.BigEndian.Uint16(q[6:]), binary.BigEndian.Uint32(q[8:])
	external, life = r.enter(network, internal, external, life, "")
	a = binary.BigEndian.AppendUint16(a, internal)
	a = binary.BigEndian.AppendUint16(a, external)
	return binary.BigEndian.AppendUint32(a, life)
}

func (r *simRouter) answerPCP(q []byte, epoch uint32) []byte {
	a := append([]byte{2, q[1] | 128, 0, 0}, q[4:8]...)
	a = binary.BigEndian.AppendUint32(a, epoch)
	a = append(a, make([]byte, 12)...)
	if q[1] == 0 {
		return a
	}
	network := map[byte]string{17: "udp", 6: "tcp"}[q[36]]
	internal, external, life := binary.BigEndian.Uint16(q[40:]), binary.BigEndian.Uint16(q[42:]), binary.BigEndian.Uint32(q[4:])
	external, life = r.enter(network, internal, external, life, string(q[24:36]))
	binary.BigEndian.PutUint32(a[4:], life)
	a = append(a, q[24:42]...)
	a = binary.BigEndian.AppendUint16(a, external)
	b := r.address.As16()
	if external == 0 && life == 0 && binary.BigEndian.Uint32(q[4:]) != 0 {
		a[3] = 2 // not authorized
	}
	return append(a, b[:]...)
}

// enter maps a port, on another external one if that is taken. r.mu is held.
func (r *simRouter) enter(network string, internal, external uint16, life uint32, nonce string) (uint16, uint32) {
	for p, m := range r.maps {
		if p.Network != network || m.internal != internal || m.expired() {
			continue
		}
		if m.nonce != nonce {
			return 0, 0
		}
		external = p.Number
		r.slack = min(r.slack, time.Until(m.until))
	}
	if life == 0 {
		delete(r.maps, Port{network, external})
		return 0, 0
	}
	for m := r.maps[Port{network, external}]; m != nil && m.client != r.way.local; m = r.maps[Port{network, external}] {
		external++
	}
	r.maps[Port{network, external}] = &simMap{r.way.local, internal, time.Now().Add(time.Duration(life) * time.Second), nonce}
	return external, life
}

func (r *simRouter) search(ctx context.Context, w way, found func(from, local netip.Addr, packet []byte) bool) error {
	if !r.count() || r.speaks != "UPnP" {
		sleep(ctx, 4*time.Second, nil)
		return errSilence
	}
	answer := "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1:5000/desc.xml\r\n\r\n"
	found(r.way.gateway.Addr(), w.local, []byte(answer))
	return nil
}

const simDescription = `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceList><device><serviceList><service>
<serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/ctl</controlURL></service></serviceList></device></deviceList></device></root>`

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (r *simRouter) roundTrip(req *http.Request) (*http.Response, error) {
	if !r.count() {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	w := httptest.NewRecorder()
	switch {
	case r.meddle != nil && r.meddle(w, req):
	case req.URL.Path == "/desc.xml":
		io.WriteString(w, simDescription)
	case req.URL.Path == "/ctl":
		r.soap(w, req)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	return w.Result(), nil
}

func (r *simRouter) soap(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	arg := func(name string) string {
		_, rest, _ := strings.Cut(string(body), "<"+name+">")
		value, _, _ := strings.Cut(rest, "</"+name+">")
		return value
	}
	action := ""
	for name, values := range req.Header {
		if strings.EqualFold(name, "SOAPAction") {
			_, action, _ = strings.Cut(strings.Trim(values[0], `"`), "#")
		}
	}
	external := Port{strings.ToLower(arg("NewProtocol")), number(arg("NewExternalPort"))}
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.maps[external]
	if m != nil && m.expired() {
		delete(r.maps, external)
		m = nil
	}
	values := ""
	switch action {
	case "GetExternalIPAddress":
		values = "<NewExternalIPAddress>" + r.address.String() + "</NewExternalIPAddress>"
	case "AddPortMapping":
		client := netip.MustParseAddr(arg("NewInternalClient"))
		if m != nil && m.client != client {
			soapFault(w, 718)
			return
		}
		if m != nil && !m.until.IsZero() {
			r.slack = min(r.slack, time.Until(m.until))
		}
		m := &simMap{client: client, internal: number(arg("NewInternalPort"))}
		if life := number(arg("NewLeaseDuration")); life > 0 {
			m.until = time.Now().Add(time.Duration(life) * time.Second)
		}
		r.maps[external] = m
	case "GetSpecificPortMappingEntry", "DeletePortMapping":
		if m == nil {
			soapFault(w, 714)
			return
		}
		if action == "DeletePortMapping" {
			delete(r.maps, external)
		}
		values = fmt.Sprintf("<NewInternalPort>%d</NewInternalPort><NewInternalClient>%s</NewInternalClient>", m.internal, m.client)
	}
	fmt.Fprintf(w, `<?xml version="1.0"?><s:Envelope><s:Body><u:%[1]sResponse>%[2]s</u:%[1]sResponse></s:Body></s:Envelope>`, action, values)
}

func number(s string) uint16 {
	n, _ := strconv.ParseUint(s, 10, 16)
	return uint16(n)
}

func soapFault(w http.ResponseWriter, code int) {
	w.WriteHeader(http.StatusInternalServerError)
	fmt.Fprintf(w, `<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>%d</errorCode><errorDescription>No</errorDescription></UPnPError></detail></s:Fault></s:Body></s:Envelope>`, code)
}

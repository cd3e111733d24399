package portmap

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Bounds on what a router may tell about itself.
const (
	maxDescription = 256 << 10
	maxServices    = 8
	maxDevices     = 8 // descriptions read in one search
)

var ssdpGroup = netip.MustParseAddrPort("239.255.255.250:1900")

// searches are the requests of one search. Gateways of v2 answer to v1 too, but
// not all do, and some answer to nothing but the last.
var searches = [][]byte{
	searchFor("urn:schemas-upnp-org:device:InternetGatewayDevice:1"),
	searchFor("urn:schemas-upnp-org:device:InternetGatewayDevice:2"),
	searchFor("upnp:rootdevice"),
}

func searchFor(target string) []byte {
	return []byte("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: " + target + "\r\n\r\n")
}

// parseFound reads an answer to a search: the address of a description, which
// must be at the very host that answered.
func parseFound(from netip.Addr, packet []byte) (*url.URL, error) {
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(packet)), nil)
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answer to search has status %d", resp.StatusCode)
	}
	u, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		return nil, err
	}
	return u, checkHost(u, from)
}

// checkHost holds an address that a router names to plain HTTP at that router.
func checkHost(u *url.URL, router netip.Addr) error {
	host, err := netip.ParseAddr(u.Hostname())
	if err != nil || u.Scheme != "http" || u.User != nil || host != router {
		return fmt.Errorf("router %s names %.200q", router, u)
	}
	return nil
}

// credible says whether an answer may come from the home router.
func credible(from netip.Addr, w way) bool {
	if w.gateway.IsValid() {
		return from == w.gateway.Addr()
	}
	return from.IsPrivate() || from.IsLinkLocalUnicast()
}

// A service forwards ports.
type service struct {
	kind    string
	control *url.URL
}

// serviceKinds are those there are, the usual one first. Calls are the same.
var serviceKinds = []string{
	"urn:schemas-upnp-org:service:WANIPConnection:1",
	"urn:schemas-upnp-org:service:WANIPConnection:2",
	"urn:schemas-upnp-org:service:WANPPPConnection:1",
}

// describe fetches a description.
func (r *upnp) describe(ctx context.Context, location *url.URL) ([]service, error) {
	ctx, cancel := context.WithTimeout(ctx, httpTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, location.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := r.net.http.RoundTrip(req) // which follows no redirect
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("description has status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDescription))
	if err != nil {
		return nil, err
	}
	return parseDescription(location, body)
}

// parseDescription finds the services that forward ports, however deep they
// lie. UPnP Device Architecture §2.3
func parseDescription(location *url.URL, body []byte) (services []service, err error) {
	base := location
	d := newDecoder(body)
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("description: %w", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "URLBase":
			base = parseBase(d, start, location)
		case "service":
			if s, ok := parseService(d, start, base); ok && len(services) < maxServices {
				services = append(services, s)
			}
		}
	}
	if len(services) == 0 {
		return nil, errors.New("device forwards no ports")
	}
	return services, nil
}

// parseBase reads what addresses are relative to. Some routers name another
// host there by mistake.
func parseBase(d *xml.Decoder, start xml.StartElement, location *url.URL) *url.URL {
	var text string
	if d.DecodeElement(&text, &start) == nil {
		if u, err := url.Parse(strings.TrimSpace(text)); err == nil && u.Hostname() == location.Hostname() {
			return u
		}
	}
	return location
}

func parseService(d *xml.Decoder, start xml.StartElement, base *url.URL) (s service, ok bool) {
	var x struct {
		Type    string `xml:"serviceType"`
		Control string `xml:"controlURL"`
	}
	if d.DecodeElement(&x, &start) != nil {
		return s, false
	}
	kind, control := strings.TrimSpace(x.Type), strings.TrimSpace(x.Control)
	if !slices.Contains(serviceKinds, kind) {
		return s, false
	}
	if !strings.Contains(control, "://") && !strings.HasPrefix(control, "/") {
		control = "/" + control // what routers mean, and other clients do
	}
	u, err := base.Parse(control)
	if err != nil {
		return s, false
	}
	router, err := netip.ParseAddr(base.Hostname())
	return service{kind, u}, err == nil && checkHost(u, router) == nil
}

// newDecoder reads the XML of routers. It is close to XML, and in any encoding;
// what matters is ASCII.
func newDecoder(body []byte) *xml.Decoder {
	ascii := bytes.Map(func(r rune) rune {
		if r > '~' {
			return '?'
		}
		return r
	}, body)
	d := xml.NewDecoder(bytes.NewReader(ascii))
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return d
}

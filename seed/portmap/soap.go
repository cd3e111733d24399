package portmap

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	httpTime   = 5 * time.Second // for one request to a router
	maxSOAP    = 64 << 10
	maxValues  = 64
	maxValue   = 256
	soapFormat = `<?xml version="1.0"?>` +
		`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">` +
		`<s:Body><u:%[2]s xmlns:u="%[1]s">%[3]s</u:%[2]s></s:Body></s:Envelope>`
)

// A fault is a router's error answer to a call. UPnP Device Architecture §3.2.2
type fault struct {
	code int
	text string
}

func (f *fault) Error() string { return fmt.Sprintf("error %d (%.100s)", f.code, f.text) }

// call makes a call with names and values, and returns the values of its answer
// by name. Values go into XML as they are: they are ours, and need no escapes.
// The error is a fault if the router understood.
func (r *upnp) call(ctx context.Context, s service, action string, args ...string) (map[string]string, error) {
	var b strings.Builder
	for i := 0; i < len(args); i += 2 {
		fmt.Fprintf(&b, "<%[1]s>%[2]s</%[1]s>", args[i], args[i+1])
	}
	ctx, cancel := context.WithTimeout(ctx, httpTime)
	defer cancel()
	body := strings.NewReader(fmt.Sprintf(soapFormat, s.kind, action, &b))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.control.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", `text/xml; charset="utf-8"`)
	req.Header["SOAPAction"] = []string{`"` + s.kind + "#" + action + `"`} // some routers want the capitals
	resp, err := r.net.http.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxSOAP))
	if err != nil {
		return nil, err
	}
	values, err := parseSOAP(answer)
	if resp.StatusCode == http.StatusOK || isFault(err) {
		return values, err
	}
	return nil, fmt.Errorf("%s has status %d", action, resp.StatusCode)
}

// parseSOAP reads the values of an answer, or its fault.
func parseSOAP(answer []byte) (map[string]string, error) {
	values := map[string]string{}
	d := newDecoder(answer)
	name := ""
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("router's answer: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			name = t.Name.Local
		case xml.EndElement:
			name = ""
		case xml.CharData:
			text := strings.TrimSpace(string(t))
			if name != "" && len(text) <= maxValue && len(values) < maxValues {
				values[name] = text
			}
		}
	}
	if text, ok := values["errorCode"]; ok {
		code, _ := strconv.Atoi(text)
		return nil, &fault{code, values["errorDescription"]}
	}
	return values, nil
}

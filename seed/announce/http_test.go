package announce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var us = [20]byte{'-', 'C', 'S', '0', '1', '0', '0', '-', 0, 1, 2, 3, 4, 5, 6, 7, 0xde, 0xad, 0xbe, 0xef}

// testWire is a wire that is closed with the test.
func testWire(t testing.TB, o Options) *wire {
	t.Helper()
	if o.PeerID == [20]byte{} {
		o.PeerID = us
	}
	if o.Port == 0 {
		o.Port = 7448
	}
	w, err := newWire(o)
	check(t, err)
	for f := range w.udp {
		w.udp[f].wait = 200 * time.Millisecond
	}
	t.Cleanup(w.close)
	return w
}

// askAt announces to a URL.
func askAt(t testing.TB, w *wire, u, event string) (answer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return w.ask(ctx, request{tracker: newTracker(u), id: "1", hash: hashOf(1), event: event})
}

// serve runs an HTTP tracker.
func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL + "/announce"
}

func TestHTTPAnnounceSaysWhatTrackersExpect(t *testing.T) {
	queries := make(chan *http.Request, 16)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		queries <- r
		io.WriteString(w, "d8:intervali1800e5:peers0:10:tracker id3:a&be")
	})
	w := testWire(t, Options{Uploaded: func(id string) int64 { return int64(len(id)) * 1000 }})
	tr := newTracker(u + "?passkey=1%2B1")
	hash := [20]byte{0, ' ', '+', '%', '&', '=', 0x80, 0xff, 'a', 'Z', '0', '-', '_', '.', '~', '/', '?', '#', ';', '\n'}
	for _, event := range []string{eventStarted, eventNone, eventStopped} {
		_, err := w.ask(context.Background(), request{tracker: tr, id: "1234", hash: hash, event: event})
		check(t, err)
		r := <-queries
		want := url.Values{
			"passkey": {"1+1"}, "info_hash": {string(hash[:])}, "peer_id": {string(us[:])}, "port": {"7448"},
			"uploaded": {"4000"}, "downloaded": {"0"}, "left": {"0"}, "compact": {"1"}, "key": {"deadbeef"}, "numwant": {"50"},
		}
		if event == eventStopped {
			want["numwant"] = []string{"0"}
		}
		if event != eventNone {
			want["event"] = []string{event}
		}
		if event != eventStarted { // it was given with the first answer
			want["trackerid"] = []string{"a&b"}
		}
		if got := r.URL.Query(); got.Encode() != want.Encode() {
			t.Errorf("event %q:\n got %s\nwant %s", event, got.Encode(), want.Encode())
		}
		if !strings.HasPrefix(r.URL.RawQuery, "passkey=1%2B1&info_hash=%00%20%2B%25") || r.UserAgent() != "commonseed" {
			t.Errorf("%q by %q", r.URL.RawQuery, r.UserAgent())
		}
	}
}

func TestHTTPAnswers(t *testing.T) {
	for body, want := range map[string]string{
		"d8:intervali1800e5:peers12:\x01\x02\x03\x04\x00\x50\x05\x06\x07\x08\x1a\xe1e":                 "30m0s 0s -1 -1 [1.2.3.4:80 5.6.7.8:6881]",
		"d8:intervali60e5:peersld2:ip7:1.2.3.44:porti80eed2:ip4:host4:porti80eeee":                     "1m0s 0s -1 -1 [1.2.3.4:80]",
		"d5:peers0:6:peers618:\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01\x00\x50e":         "0s 0s -1 -1 [[2001:db8::1]:80]",
		"d8:completei3e10:incompletei4e8:intervali99e12:min intervali9e5:peers0:e":                     "1m39s 9s 3 4 []",
		"d8:completei-3e10:incompletei9999999999e5:peers0:e":                                           "0s 0s -1 2147483647 []",
		"d8:complete1:x8:intervali99e12:min interval2:no5:peers0:e":                                    "1m39s 0s -1 -1 []",
		"d11:external ip4:\x05\x06\x07\x085:peers0:e":                                                  "0s 0s -1 -1 [] 5.6.7.8",
		"d11:external ip3:\x05\x06\x075:peers0:e":                                                      "0s 0s -1 -1 []",
		"d5:peers0:15:warning message3:\x1b[2e":                                                        "0s 0s -1 -1 [] ?[2",
		"d8:intervali9223372036854775807e5:peers3:abce":                                                "3h0m0s 0s -1 -1 []",
		"d8:intervali-9223372036854775808e5:peersi7ee":                                                 "0s 0s -1 -1 []",
		"d8:intervali60e5:peers0:etrailing":                                                            "1m0s 0s -1 -1 []",
		"d5:peers18:\x00\x00\x00\x00\x00\x50\xff\xff\xff\xff\x00\x50\x01\x02\x03\x04\x00\x00e":         "0s 0s -1 -1 []",
		"d5:peers" + fmt.Sprint(6*5000) + ":" + strings.Repeat("\x01\x02\x03\x04\x00\x50", 5000) + "e": "0s 0s -1 -1 200 peers",
		"d14:failure reason4:nopee":                                                                    "refused: nope, 0s",
		"d14:failure reason4:nope8:retry in2:30e":                                                      "refused: nope, 30m0s",
		"d14:failure reason4:nope8:retry ini30ee":                                                      "refused: nope, 30m0s",
		"d14:failure reason4:nope8:retry in5:nevere":                                                   "refused: nope, never",
		"d14:failure reason4:nope8:retry in9:999999999e":                                               "refused: nope, 168h0m0s",
		"<html>": "error",
		"":       "error",
		"i5e":    "error",
		"d8:intervald" + strings.Repeat("1:al", 500): "error",
		"d8:interval99999999999:":                    "error",
	} {
		a, _, err := parseHTTPAnswer([]byte(body))
		if got := describe(a, err); got != want {
			t.Errorf("%.60q: %s (%v), want %s", body, got, err, want)
		}
	}
}

func describe(a answer, err error) string {
	if f, ok := errors.AsType[*failure](err); ok && f.refused {
		retry := f.retry.String()
		if f.retry == never {
			retry = "never"
		}
		return fmt.Sprintf("refused: %s, %s", f.why, retry)
	}
	if err != nil {
		return "error"
	}
	peers := fmt.Sprint(a.peers)
	if len(a.peers) > 10 {
		peers = fmt.Sprintf("%d peers", len(a.peers))
	}
	s := fmt.Sprint(a.interval, " ", a.least, " ", a.seeds, " ", a.leechers, " ", peers)
	if a.external.IsValid() {
		s += " " + a.external.String()
	}
	return strings.TrimSpace(s + " " + a.warning)
}

func TestHTTPTrackersThatFail(t *testing.T) {
	for name, tc := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"status":  {func(w http.ResponseWriter, _ *http.Request) { http.NotFound(w, nil) }, "answered 404"},
		"garbage": {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte{1, 2, 3}) }, "tracker answer"},
		"nothing": {func(http.ResponseWriter, *http.Request) {}, "tracker answer"},
		"refusal, 400": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			io.WriteString(w, "d14:failure reason4:nopee")
		}, "nope"},
		"hang-up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "d8:interval")
		}, "EOF"},
		"too long": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "d8:intervali1e1:x9999999:")
			for range 1000 {
				w.Write(make([]byte, 10_000))
			}
		}, "too long"},
		"headers without end": {func(w http.ResponseWriter, _ *http.Request) {
			for i := range 1000 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 1000))
			}
		}, "header"},
		"loop":          {redirectTo("/announce"), "too often"},
		"file":          {redirectTo("file:///etc/passwd"), "no tracker"},
		"ftp":           {redirectTo("ftp://localhost/"), "no tracker"},
		"password":      {redirectTo("http://a:b@localhost/"), "no tracker"},
		"nowhere":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) }, "often"},
		"into our home": {redirectTo("http://localhost:1/announce"), "local network"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := askAt(t, testWire(t, Options{}), serve(t, tc.serve), eventStarted)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one about %q", err, tc.want)
			}
		})
	}
}

func redirectTo(u string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, u, http.StatusFound) }
}

func TestHTTPRedirectsAreFollowed(t *testing.T) {
	end := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "d8:intervali77e5:peers0:e")
	})
	for hops := range maxRedirects {
		next := end
		end = serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, next+"?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
		})
		if a, err := askAt(t, testWire(t, Options{}), end, eventNone); err != nil || a.interval != 77*time.Second {
			t.Errorf("%d hops: %v, %v", hops+1, a, err)
		}
	}
}

func TestAnOverloadedTrackerIsGivenTime(t *testing.T) {
	u := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7200")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	_, err := askAt(t, testWire(t, Options{}), u, eventNone)
	f, ok := errors.AsType[*failure](err)
	if !ok || f.refused || f.retry != 2*time.Hour {
		t.Fatalf("%#v", err)
	}
	tr := newTracker(u)
	tr.fail(0, 0, f.retry, "busy")
	if tr.until != 2*time.Hour {
		t.Errorf("asked again after %v", tr.until)
	}
}

// A tracker that says a byte now and then, or none, holds an announce up until
// its time is over, and the connection does not stay.
func TestSlowHTTPTrackersAreCutOff(t *testing.T) {
	for name, first := range map[string]string{"silent": "", "one byte at a time": "d"} {
		t.Run(name, func(t *testing.T) {
			gone := make(chan struct{})
			u := serve(t, func(w http.ResponseWriter, r *http.Request) {
				defer close(gone)
				for r.Context().Err() == nil {
					if first != "" {
						io.WriteString(w, first)
						w.(http.Flusher).Flush()
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			_, err := testWire(t, Options{}).ask(ctx, request{tracker: newTracker(u), hash: hashOf(1)})
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v", err)
			}
			<-gone
		})
	}
}

// double is a tracker on both families of loopback, each on a port of its own,
// under one name.
type double struct {
	asked [2]atomic.Int32
	ports [2]atomic.Value
}

func newDouble(t *testing.T, w *wire) *double {
	d := &double{}
	for f, host := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen(family(f).network("tcp"), host)
		if err != nil {
			t.Skipf("no loopback of this family: %v", err)
		}
		s := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d.asked[f].Add(1)
			d.ports[f].Store(r.URL.Query().Get("port"))
			fmt.Fprintf(w, "d8:completei%de8:intervali60e5:peers6:\x01\x02\x03\x04\x00%ce", 5+f, 'a'+f)
		})}}
		s.Start()
		t.Cleanup(s.Close)
		w.http[f].dial = func(ctx context.Context, _ site, _ time.Time) (net.Conn, error) {
			var nd net.Dialer
			return nd.DialContext(ctx, family(f).network("tcp"), l.Addr().String())
		}
	}
	return d
}

func TestBothFamiliesAreAnnouncedOver(t *testing.T) {
	w := testWire(t, Options{Port: 4000, Port6: 6000})
	d := newDouble(t, w)
	a, err := askAt(t, w, "http://tracker.example/announce", eventNone)
	if err != nil || fmt.Sprint(a.peers) != "[1.2.3.4:97 1.2.3.4:98]" || a.seeds != 6 {
		t.Errorf("%+v, %v", a, err)
	}
	if p4, p6 := d.ports[v4].Load(), d.ports[v6].Load(); p4 != "4000" || p6 != "6000" {
		t.Errorf("ports %v and %v", p4, p6)
	}
}

func TestAMissingFamilyIsLeftAlone(t *testing.T) {
	w := testWire(t, Options{})
	d := newDouble(t, w)
	var tries atomic.Int32
	whole := w.http[v6].dial
	w.http[v6].dial = func(context.Context, site, time.Time) (net.Conn, error) {
		tries.Add(1)
		return nil, errors.New("network is unreachable")
	}
	tr := newTracker("http://tracker.example/announce")
	ask := func() {
		t.Helper()
		_, err := w.ask(context.Background(), request{tracker: tr, hash: hashOf(1)})
		check(t, err)
	}
	for range 5 {
		ask()
	}
	if tries.Load() != 1 || d.asked[v4].Load() != 5 {
		t.Errorf("%d tries without success, %d with", tries.Load(), d.asked[v4].Load())
	}
	for i := range 10 { // ever longer, but not for ever
		p := &tr.link.paths[v6]
		if d := time.Until(p.until); d < firstDetour/2 || d > maxDetour {
			t.Errorf("left alone for %v after %d failures", d, i+1)
		}
		p.until = time.Now()
		ask()
	}
	w.http[v6].dial = whole
	tr.link.paths[v6].until = time.Now()
	ask()
	ask()
	if d.asked[v6].Load() != 2 {
		t.Error("a family that is back is not used")
	}
}

func TestAnAddressHasOneFamily(t *testing.T) {
	for u, want := range map[string]string{
		"http://1.2.3.4/": "[0]", "http://[2001:db8::1]/": "[1]", "udp://[::ffff:1.2.3.4]:1": "[0]", "http://a.example/": "[0 1]",
	} {
		if got := fmt.Sprint(newTracker(u).link.families(time.Now())); got != want {
			t.Errorf("%s: %s", u, got)
		}
	}
}

func TestUsable(t *testing.T) {
	for u, want := range map[string]bool{
		"http://a.example/announce": true, "https://a.example/x?passkey=1": true, "udp://a.example:6969/announce": true,
		"udp://[2001:db8::1]:6969": true, "udp://a.example/announce": false, "ws://a.example/": false, "wss://a.example/": false,
		"http://": false, "http:///announce": false, "http://u:p@a.example/": false, "http://a.example/\x00": false,
		"HTTP://a.example/": false, "a.example": false, "": false, "http://a.example/" + strings.Repeat("x", 2048): false,
	} {
		if got := Usable(u); got != want {
			t.Errorf("Usable(%.60q) = %v", u, got)
		}
	}
}

func FuzzHTTPAnswer(f *testing.F) {
	f.Add([]byte("d8:intervali1800e5:peers6:\x01\x02\x03\x04\x00\x50e"))
	f.Add([]byte("d5:peersld2:ip7:1.2.3.44:porti80eeee"))
	f.Add([]byte("d8:completei3e11:external ip4:abcd10:incompletei4e12:min intervali9e6:peers618:aaaaaaaaaaaaaaaaaae"))
	f.Add([]byte("d14:failure reason4:nope8:retry in5:nevere"))
	f.Add([]byte("d10:tracker id2:ab15:warning message2:abe"))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, _, err := parseHTTPAnswer(body)
		if refused, ok := errors.AsType[*failure](err); ok && (refused.retry < 0 || len([]rune(refused.why)) > maxReason) {
			t.Errorf("%+v", refused)
		}
		checkAnswer(t, a)
	})
}

// checkAnswer says whether an answer is within its bounds.
func checkAnswer(t *testing.T, a answer) {
	t.Helper()
	if a.interval < 0 || a.interval > maxInterval || a.least < 0 || a.least > maxInterval {
		t.Errorf("intervals %v, %v", a.interval, a.least)
	}
	if a.seeds < -1 || a.leechers < -1 || len(a.peers) > maxPeers || len([]rune(a.warning)) > maxReason {
		t.Errorf("%d seeds, %d leechers, %d peers, %q", a.seeds, a.leechers, len(a.peers), a.warning)
	}
	for _, p := range a.peers {
		if !p.IsValid() || p.Port() == 0 || p.Addr() == (netip.Addr{}) || p.Addr().Is4In6() {
			t.Errorf("peer %v", p)
		}
	}
}

package strangers

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"commonseed/internal/peers/clients"
)

// libtorrent joins from nothing but the v2 half of the magnet: it finds peers by
// the tracker, takes the info dictionary from them, and then the payload.
func libtorrent(t *testing.T, all []published) {
	for _, p := range all {
		dir := t.TempDir()
		out := clients.Libtorrent(t, clients.Download{Source: v2Only(t, p.Magnet), Dir: dir, Listen: localhost})
		var got struct{ V2, License string }
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("leech.py printed %q: %v", out, err)
		}
		if got.V2 != p.InfohashV2 {
			t.Errorf("%s: libtorrent knows it as %s, want %s", p.Slug, got.V2, p.InfohashV2)
		}
		if got.License != p.license {
			t.Errorf("%s: the info dictionary says license %q, want %q", p.Slug, got.License, p.license)
		}
		checkArrival(t, p, dir)
	}
}

var localhost = netip.MustParseAddr("127.0.0.1")

// v2Only takes the v1 hash and the web seeds out of a magnet.
func v2Only(t *testing.T, magnet string) string {
	t.Helper()
	cut := without(t, magnet, "xt=urn:btih:", "ws=")
	if !strings.Contains(cut, "xt=urn:btmh:1220") || !strings.Contains(cut, "tr=") {
		t.Fatalf("magnet %s is not a hybrid one with a tracker", magnet)
	}
	return cut
}

// without takes what begins so out of a magnet.
func without(t *testing.T, magnet string, starts ...string) string {
	t.Helper()
	query, ok := strings.CutPrefix(magnet, "magnet:?")
	if !ok {
		t.Fatalf("%q is no magnet", magnet)
	}
	kept := strings.Split(query, "&")
	for _, start := range starts {
		before := len(kept)
		if kept = slices.DeleteFunc(kept, func(part string) bool { return strings.HasPrefix(part, start) }); len(kept) == before {
			t.Fatalf("magnet %s has no %s", magnet, start)
		}
	}
	return "magnet:?" + strings.Join(kept, "&")
}

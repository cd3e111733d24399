package strangers

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"commonseed/internal/peers"
)

// libtorrent joins from nothing but the v2 half of the magnet: it finds peers by
// the tracker, takes the info dictionary from them, and then the payload.
func libtorrent(t *testing.T, all []published) {
	python := peers.NeedPython(t, "libtorrent")
	script, err := filepath.Abs("testdata/leech.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		dir := t.TempDir()
		out := &output{}
		client := start(t, dir, out, python, script, v2Only(t, p.Magnet), dir)
		if !client.ended(patience) || client.err != nil {
			t.Fatalf("libtorrent did not complete %s: %v\n%s", p.Slug, client.err, out.tail())
		}
		var got struct{ V2, License string }
		if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
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

// v2Only takes the v1 hash and the web seeds out of a magnet.
func v2Only(t *testing.T, magnet string) string {
	t.Helper()
	u, err := url.Parse(magnet)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, part := range strings.Split(u.RawQuery, "&") {
		if !strings.HasPrefix(part, "xt=urn:btih:") && !strings.HasPrefix(part, "ws=") {
			kept = append(kept, part)
		}
	}
	query := strings.Join(kept, "&")
	if len(query) == len(u.RawQuery) || !strings.Contains(query, "xt=urn:btmh:1220") || !strings.Contains(query, "tr=") {
		t.Fatalf("magnet %s is not a hybrid one with a tracker", magnet)
	}
	return "magnet:?" + query
}

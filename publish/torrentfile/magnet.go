package torrentfile

import (
	"net/url"
	"strconv"
	"strings"
)

// Magnet is the magnet link: both infohashes, name, payload length in bytes,
// trackers and web seeds (BEP 9, BEP 52, BEP 53).
func (t *Torrent) Magnet() string {
	var b strings.Builder
	b.WriteString("magnet:?")
	add := func(key, value string) {
		if b.Len() > len("magnet:?") {
			b.WriteByte('&')
		}
		b.WriteString(key + "=" + value)
	}
	if v1 := t.InfohashV1(); v1 != "" {
		add("xt", "urn:btih:"+v1)
	}
	if v2 := t.InfohashV2(); v2 != "" {
		add("xt", "urn:btmh:1220"+v2) // multihash: 0x12 SHA-256, 0x20 bytes
	}
	add("dn", escape(t.Name()))
	add("xl", strconv.FormatInt(t.Length(), 10))
	seen := map[string]bool{}
	for _, tier := range t.Trackers() {
		for _, tracker := range tier {
			if !seen[tracker] {
				seen[tracker] = true
				add("tr", escape(tracker))
			}
		}
	}
	for _, seed := range t.WebSeeds() {
		add("ws", escape(seed))
	}
	return b.String()
}

// escape percent-encodes everything but letters, digits and "-_.~". A "+" for a
// space would be taken literally by some clients.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

package clients

import (
	_ "embed"
	"net"
	"testing"

	"commonseed/internal/peers"
)

//go:embed leech.py
var leech string

func libtorrent(t testing.TB, d Download) {
	Libtorrent(t, d)
}

// Libtorrent downloads as Client.Run does, and answers with the JSON object that
// leech.py prints.
func Libtorrent(t testing.TB, d Download) string {
	t.Helper()
	python := peers.NeedPython(t, "libtorrent")
	out := &peers.Output{}
	p := peers.Start(t, d.Dir, out, python, "-c", leech, d.Source, d.Dir, net.JoinHostPort(d.Listen.String(), "0"),
		[]string{Any: "any", Encrypted: "encrypted", Plain: "plain"}[d.Cipher])
	if !p.Ended(patience) || p.Err != nil {
		t.Fatalf("libtorrent does not complete: %v\n%s", p.Err, out.Tail())
	}
	return out.String()
}

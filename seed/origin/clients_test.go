package origin

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"commonseed/internal/peers"
	"commonseed/internal/peers/clients"
	"commonseed/seed"
	"commonseed/seed/seedtest"
	"commonseed/seed/tracker"
)

// awkward is a payload with what other clients trip over: empty files, files of
// exactly a piece, more than 512 pieces in one file (two hash requests with
// proofs in v2).
var awkward = map[string]int64{
	"00 empty": 0, "a-b": 32 << 10, "a/x": 5, "a/zero": 0, "big.bin": 600*32<<10 + 123,
	"small": 20_000, "z last empty": 0,
}

// From what a client starts.
type start int

const (
	fromFile     start = iota
	fromMagnet         // with all infohashes there are, as release pages have it
	fromV1Magnet       // with one of the two that a hybrid has
	fromV2Magnet
)

// way is one to download.
type way struct {
	name    string
	version seedtest.Version
	from    start
	cipher  clients.Cipher
	ip      netip.Addr
}

// What each client does, unless it cannot do so with any seeder.
var ways = []way{
	{"v1", seedtest.V1, fromFile, clients.Any, peers.IPv4},
	{"v1 encrypted", seedtest.V1, fromFile, clients.Encrypted, peers.IPv4},
	{"v1 IPv6", seedtest.V1, fromFile, clients.Any, peers.IPv6},
	{"v1 plain IPv6", seedtest.V1, fromFile, clients.Plain, peers.IPv6},
	{"v1 magnet encrypted IPv6", seedtest.V1, fromMagnet, clients.Encrypted, peers.IPv6},
	{"v2 encrypted", seedtest.V2, fromFile, clients.Encrypted, peers.IPv4},
	{"v2 plain IPv6", seedtest.V2, fromFile, clients.Plain, peers.IPv6},
	{"v2 magnet", seedtest.V2, fromMagnet, clients.Any, peers.IPv4},
	{"v2 magnet encrypted IPv6", seedtest.V2, fromMagnet, clients.Encrypted, peers.IPv6},
	{"hybrid IPv6", seedtest.Hybrid, fromFile, clients.Any, peers.IPv6},
	{"hybrid encrypted", seedtest.Hybrid, fromFile, clients.Encrypted, peers.IPv4},
	{"hybrid plain", seedtest.Hybrid, fromFile, clients.Plain, peers.IPv4},
	{"hybrid magnet", seedtest.Hybrid, fromMagnet, clients.Any, peers.IPv4},
	{"hybrid magnet plain IPv6", seedtest.Hybrid, fromMagnet, clients.Plain, peers.IPv6},
	{"hybrid v1 magnet", seedtest.Hybrid, fromV1Magnet, clients.Any, peers.IPv4},
	{"hybrid v2 magnet", seedtest.Hybrid, fromV2Magnet, clients.Any, peers.IPv4},
}

func TestClientsComplete(t *testing.T) {
	if !peers.InOwnNetwork(t) {
		return
	}
	for _, c := range clients.All {
		for _, w := range ways {
			t.Run(c.Name+" "+w.name, func(t *testing.T) {
				t.Parallel()
				for _, need := range w.needs() {
					if why := c.Cannot[need]; why != "" {
						t.Skipf("%s cannot do %s: %s", c.Name, need, why)
					}
				}
				clientCompletes(t, c, w)
			})
		}
	}
}

// needs lists what a client must be able to do for it.
func (w way) needs() (all []clients.Ability) {
	for need, does := range map[clients.Ability]bool{
		clients.V2:       w.version == seedtest.V2,
		clients.Hybrids:  w.version == seedtest.Hybrid,
		clients.Magnets:  w.from != fromFile,
		clients.V2Magnet: w.from == fromV2Magnet || w.from == fromMagnet && w.version == seedtest.V2,
		clients.NoCipher: w.cipher == clients.Plain,
	} {
		if does {
			all = append(all, need)
		}
	}
	slices.Sort(all)
	return all
}

func clientCompletes(t *testing.T, c clients.Client, w way) {
	sizes, log := maps.Clone(awkward), &peers.Output{}
	if c.Cannot[clients.Empties] != "" {
		maps.DeleteFunc(sizes, func(_ string, size int64) bool { return size == 0 })
	}
	if w.ip.Is6() {
		sizes["big.bin"] /= 10 // IPv4 shows what large files need
	}
	p := publish(t, w.version, sizes, Options{
		ListenHost: w.ip.String(), Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if c.Cannot[clients.Pieces] != "" && w.version == seedtest.V2 && w.from != fromFile {
		p.engine.byID(p.Infohash).heardOfSeed(time.Now()) // so that it does not super-seed
	}
	dir := t.TempDir()
	c.Run(t, clients.Download{Source: p.source(w.from), Dir: dir, Listen: w.ip, Cipher: w.cipher})
	if diff := seedtest.Diff(t, p.Root, dir); diff != "" {
		t.Error(diff)
	}
	check(t, p.engine.Close())
	encrypted, plain := strings.Count(log.String(), "encrypted=true"), strings.Count(log.String(), "encrypted=false")
	if encrypted+plain == 0 || w.cipher == clients.Encrypted && plain > 0 || w.cipher == clients.Plain && encrypted > 0 {
		t.Errorf("%d encrypted connections, %d plain ones", encrypted, plain)
	}
}

// published is a payload that is seeded, and known to a tracker.
type published struct {
	seedtest.Payload
	engine *Engine
	at     string // the tracker
	file   string // the .torrent
}

func publish(t *testing.T, v seedtest.Version, sizes map[string]int64, o Options) published {
	t.Helper()
	tr := tracker.New(tracker.Options{})
	l, err := net.Listen("tcp", net.JoinHostPort(o.ListenHost, "0"))
	check(t, err)
	srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: tr}}
	srv.Start()
	t.Cleanup(srv.Close)
	p := published{at: srv.URL + "/announce", engine: open(t, o), file: filepath.Join(t.TempDir(), "test.torrent")}
	p.Payload = seedtest.PayloadOf(t, v, sizes, p.at)
	tr.Allow(swarmsOf(t, p.Payload)...)
	check(t, os.WriteFile(p.file, p.Metainfo, 0o644))
	_, err = p.engine.Add(context.Background(), p.Torrent())
	check(t, err)
	seedtest.Await(t, p.engine, p.Infohash, seed.Seeding)
	awaitTrue(t, "the tracker to know us", func() bool {
		s := p.engine.Trackers(p.Infohash)
		return len(s) == 1 && !s[0].LastSuccess.IsZero()
	})
	return p
}

// source is the .torrent, or a magnet link with the tracker in it.
func (p published) source(from start) string {
	v1, v2 := "xt=urn:btih:"+p.V1, "xt=urn:btmh:1220"+p.V2
	var topics []string
	switch from {
	case fromFile:
		return p.file
	case fromV1Magnet:
		topics = []string{v1}
	case fromV2Magnet:
		topics = []string{v2}
	case fromMagnet:
		if p.V1 != "" {
			topics = append(topics, v1)
		}
		if p.V2 != "" {
			topics = append(topics, v2)
		}
	}
	return fmt.Sprintf("magnet:?%s&dn=%s&tr=%s", strings.Join(topics, "&"), url.PathEscape(p.Name), url.QueryEscape(p.at))
}

func swarmsOf(t *testing.T, p seedtest.Payload) (hashes [][20]byte) {
	t.Helper()
	for _, h := range []string{p.V1, p.V2} {
		if h == "" {
			continue
		}
		raw, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, [20]byte(raw[:20]))
	}
	return hashes
}

package torrentfile

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Announcement is what leads to peers, and a comment. It lies outside the info
// dictionary, so it can change without a new infohash.
type Announcement struct {
	Trackers [][]string // by tier (BEP 12)
	WebSeeds []string   // URLs of the directory that holds the payload folder or, for a single file, of the file (BEP 19)
	Nodes    []string   // "host:port" of nodes of the DHT (BEP 5)
	Comment  string
}

// check refuses what could not be written.
func (a *Announcement) check() error {
	for _, node := range a.Nodes {
		if err := CheckNode(node); err != nil {
			return fmt.Errorf("DHT node %q: %w", node, err)
		}
	}
	return nil
}

// CheckNode accepts "host:port".
func CheckNode(node string) error {
	_, _, err := splitNode(node)
	return err
}

// Announce replaces what leads to peers and the comment: announce, announce-list,
// url-list, nodes, httpseeds and comment. Empty values leave their key out. Nodes that
// are no "host:port" are left out.
func (t *Torrent) Announce(a Announcement) {
	for _, key := range []string{"announce", "announce-list", "url-list", "nodes", "httpseeds", "comment"} {
		delete(t.outer, key)
	}
	tiers := withoutEmpty(a.Trackers)
	if len(tiers) > 0 {
		t.set("announce", func(w *writer) { w.string(tiers[0][0]) })
	}
	if len(tiers) > 1 || len(tiers) == 1 && len(tiers[0]) > 1 {
		t.set("announce-list", func(w *writer) {
			w.open('l')
			for _, tier := range tiers {
				w.strings(tier)
			}
			w.end()
		})
	}
	if seeds := t.webSeeds(a.WebSeeds); len(seeds) > 0 {
		t.set("url-list", func(w *writer) { w.strings(seeds) })
	}
	if len(a.Nodes) > 0 {
		t.set("nodes", func(w *writer) { w.nodes(a.Nodes) })
	}
	if a.Comment != "" {
		t.set("comment", func(w *writer) { w.string(a.Comment) })
	}
}

func (t *Torrent) webSeeds(urls []string) (seeds []string) {
	for _, url := range urls {
		if !t.info.single && !strings.HasSuffix(url, "/") {
			url += "/" // BEP 19: clients append name and path to it
		}
		seeds = append(seeds, url)
	}
	return seeds
}

func withoutEmpty(tiers [][]string) [][]string {
	var full [][]string
	for _, tier := range tiers {
		tier = slices.DeleteFunc(slices.Clone(tier), func(url string) bool { return url == "" })
		if len(tier) > 0 {
			full = append(full, tier)
		}
	}
	return full
}

func (t *Torrent) set(key string, value func(*writer)) { t.outer[key] = written(value) }

func (w *writer) nodes(nodes []string) {
	w.open('l')
	for _, node := range nodes {
		if host, port, err := splitNode(node); err == nil {
			w.open('l')
			w.string(host)
			w.int(port)
			w.end()
		}
	}
	w.end()
}

func splitNode(node string) (host string, port int64, err error) {
	host, number, err := net.SplitHostPort(node)
	if err != nil || host == "" {
		return "", 0, errors.New("is not a host and a port, like router.example:6881")
	}
	port, err = strconv.ParseInt(number, 10, 64)
	if err != nil || port < 1 || port > 65535 {
		return "", 0, errors.New("has a port that does not exist")
	}
	return host, port, nil
}

// Relate names torrents that probably share files with this one: by their v1 infohashes
// in hex, and by names of collections (BEP 38). A client that has one of them can take
// the files from there. libtorrent looks for both inside the info dictionary and
// outside; outside, they do not make the infohash depend on what else was published.
func (t *Torrent) Relate(similar, collections []string) error {
	raw := make([][]byte, len(similar))
	for i, hash := range similar {
		var err error
		if raw[i], err = infohash(hash); err != nil {
			return err
		}
	}
	delete(t.outer, "similar")
	delete(t.outer, "collections")
	if len(similar) > 0 {
		t.set("similar", func(w *writer) {
			w.open('l')
			for _, hash := range raw {
				w.bytes(hash)
			}
			w.end()
		})
	}
	if len(collections) > 0 {
		t.set("collections", func(w *writer) { w.strings(collections) })
	}
	return nil
}

// infohash reads a v1 infohash in hex.
func infohash(text string) ([]byte, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != sha1Size {
		return nil, fmt.Errorf("infohash %q: not 40 hex digits", text)
	}
	return raw, nil
}

// Trackers lists the announce URLs by tier (BEP 12).
func (t *Torrent) Trackers() [][]string {
	var tiers [][]string
	for _, tier := range listOf(t.outer["announce-list"]) {
		if urls := stringsOf(tier); len(urls) > 0 {
			tiers = append(tiers, urls)
		}
	}
	if first := stringOf(t.outer["announce"]); tiers == nil && first != "" {
		tiers = [][]string{{first}}
	}
	return tiers
}

// WebSeeds lists the HTTP sources (BEP 19).
func (t *Torrent) WebSeeds() []string {
	if one := stringOf(t.outer["url-list"]); one != "" {
		return []string{one}
	}
	return stringsOf(t.outer["url-list"])
}

// Nodes lists nodes of the DHT as "host:port" (BEP 5).
func (t *Torrent) Nodes() (nodes []string) {
	for _, node := range listOf(t.outer["nodes"]) {
		if pair := listOf(node); len(pair) == 2 && stringOf(pair[0]) != "" {
			nodes = append(nodes, net.JoinHostPort(stringOf(pair[0]), strconv.FormatInt(intOf(pair[1]), 10)))
		}
	}
	return nodes
}

// Similar lists the v1 infohashes, in hex, of torrents that probably share files with
// this one (BEP 38).
func (t *Torrent) Similar() (similar []string) {
	for _, hash := range stringsOf(t.outer["similar"]) {
		if len(hash) == sha1Size {
			similar = append(similar, hex.EncodeToString([]byte(hash)))
		}
	}
	return similar
}

// Collections lists names that this torrent shares with others which probably have
// files of it (BEP 38).
func (t *Torrent) Collections() []string { return stringsOf(t.outer["collections"]) }

// Comment is free text for people.
func (t *Torrent) Comment() string { return stringOf(t.outer["comment"]) }

// CreatedBy names the program that made the torrent.
func (t *Torrent) CreatedBy() string { return stringOf(t.outer["created by"]) }

// CreationDate is in UTC, and zero if the torrent does not say.
func (t *Torrent) CreationDate() time.Time {
	seconds := intOf(t.outer["creation date"])
	if seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

package torrentfile

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"
)

// Torrent is the content of a .torrent file: v1 (BEP 3), v2 (BEP 52) or both.
// Build and Parse make one.
type Torrent struct {
	// InfoBytes is the bencoded info dictionary, byte for byte as built or as
	// found. Both infohashes are taken over it: it is to be read only.
	InfoBytes []byte

	outer map[string][]byte // every other key of the .torrent, still bencoded
	info  info
}

// info is what the info dictionary says, with the piece layers that prove it.
type info struct {
	name    string
	license string
	single  bool     // one file without a folder around it
	v1, v2  bool     // both: hybrid
	layout  layout   // where the files lie among the pieces
	pieces  string   // v1: 20 bytes a piece
	roots   []string // v2: pieces root of each entry of layout, "" for pads and empty files
	layers  map[string]string
}

// File is one file of the payload. Path is relative to the payload folder and
// "/"-separated; in a single-file torrent it is the torrent's name.
type File struct {
	Path   string
	Length int64
}

// Name is info.name, a single path component: the name of the payload folder or,
// in a single-file torrent, of the file.
func (t *Torrent) Name() string { return t.info.name }

// License is the text of info.license, for torrents of commonseed the canonical
// URL of the licence; "" if there is none. It is covered by the infohashes.
func (t *Torrent) License() string { return t.info.license }

// PieceLength is in bytes.
func (t *Torrent) PieceLength() int64 { return t.info.layout.pieceLength }

// Length is the payload in bytes, pads not counted.
func (t *Torrent) Length() int64 { return t.info.layout.payload() }

// SingleFile says that the payload is one file without a folder around it.
// Build never makes such a torrent.
func (t *Torrent) SingleFile() bool { return t.info.single }

// Files lists the payload in torrent order, without pads.
func (t *Torrent) Files() []File {
	var files []File
	for _, e := range t.info.layout.entries {
		if !e.pad {
			files = append(files, File{Path: e.path, Length: e.length})
		}
	}
	return files
}

// InfohashV1 is the SHA-1 of the info dictionary in lower-case hex, or "" if the
// torrent has no v1 part (BEP 3).
func (t *Torrent) InfohashV1() string {
	if !t.info.v1 {
		return ""
	}
	sum := sha1.Sum(t.InfoBytes)
	return hex.EncodeToString(sum[:])
}

// InfohashV2 is the SHA-256 of the info dictionary in lower-case hex, or "" if
// the torrent has no v2 part (BEP 52).
func (t *Torrent) InfohashV2() string {
	if !t.info.v2 {
		return ""
	}
	sum := sha256.Sum256(t.InfoBytes)
	return hex.EncodeToString(sum[:])
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

// Announce replaces what leads to peers and the comment: announce, announce-list,
// url-list, nodes, httpseeds and comment. All of them lie outside the info
// dictionary, so the infohashes stay. Empty values leave their key out.
func (t *Torrent) Announce(trackers [][]string, webSeeds []string, comment string) {
	for _, key := range []string{"announce", "announce-list", "url-list", "nodes", "httpseeds", "comment"} {
		delete(t.outer, key)
	}
	tiers := withoutEmpty(trackers)
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
	var seeds []string
	for _, url := range webSeeds {
		if !t.info.single && !strings.HasSuffix(url, "/") {
			url += "/" // BEP 19: clients append name and path to it
		}
		seeds = append(seeds, url)
	}
	if len(seeds) > 0 {
		t.set("url-list", func(w *writer) { w.strings(seeds) })
	}
	if comment != "" {
		t.set("comment", func(w *writer) { w.string(comment) })
	}
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

func (t *Torrent) set(key string, value func(*writer)) {
	var w writer
	value(&w)
	t.outer[key] = w.buf
}

// Marshal is the .torrent file: sorted, deterministic, and for a parsed torrent
// the same bytes that were parsed.
func (t *Torrent) Marshal() []byte {
	all := maps.Clone(t.outer)
	all["info"] = t.InfoBytes
	return encodeOuter(all)
}

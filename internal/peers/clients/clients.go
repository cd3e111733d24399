// Package clients downloads with other people's BitTorrent clients, all in the
// same way.
//
//   - clients.go       Download, All
//   - libtorrent.go, leech.py  libtorrent itself, in Python
//   - qbittorrent.go   libtorrent as most people have it
//   - transmission.go  Transmission 4
//   - aria2.go         aria2
//   - anacrolix.go     the library in Go, in this process
//
// Each client runs for one download, finds peers by the trackers that the
// torrent or magnet names and in no other way, listens and connects at one
// address, and leaves DHT, local discovery and routers alone.
package clients

import (
	"net/netip"
	"testing"
	"time"
)

// patience is how long a client may take.
const patience = 90 * time.Second

// Cipher says which connections a client makes and takes.
type Cipher int

const (
	Any Cipher = iota
	Encrypted
	Plain
)

// Download is what a client has to do.
type Download struct {
	Source string     // path of a .torrent, or a magnet link
	Dir    string     // where the files go
	Listen netip.Addr // its own address; it uses no other IP version
	Cipher Cipher     // which connections it makes and takes
}

// Ability is something that not every client has.
type Ability string

const (
	V2       Ability = "torrents with v2 hashes alone"
	Hybrids  Ability = "hybrid torrents, from peers"
	Magnets  Ability = "magnet links"
	V2Magnet Ability = "magnet links with a v2 hash alone"
	NoCipher Ability = "connections in the clear alone"
	Empties  Ability = "empty files"
	Pieces   Ability = "v2 hashes from a peer that has single pieces"
)

// Client is one of them.
type Client struct {
	Name   string
	Run    func(testing.TB, Download) // returns when the download is whole and the client has ended
	Cannot map[Ability]string         // what it lacks, whoever seeds, and why
}

// All of them.
var All = []Client{
	{"libtorrent", libtorrent, nil},
	{"qBittorrent", qbittorrent, nil},
	{"Transmission", transmission, map[Ability]string{
		V2:       "4.1 finds no files in them",
		V2Magnet: "4.1 does not recognize them",
		NoCipher: "it takes encrypted ones whatever is set",
	}},
	{"aria2", aria2, map[Ability]string{
		V2: "1.36 finds no pieces in them",
		Hybrids: "1.36 takes another infohash from them than everybody else, because it drops the empty " +
			"keys of the file tree when it encodes the info dictionary again; it completes from web seeds",
		V2Magnet: "1.36 does not recognize them",
		NoCipher: "it begins every connection with an encryption handshake",
	}},
	{"anacrolix", anacrolix, map[Ability]string{
		Empties: "v1.62.0 panics in v2 torrents with empty files, and stops asking in v1 ones",
		Pieces:  "v1.62.0 asks for hashes only who has all pieces of a file",
	}},
}

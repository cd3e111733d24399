// Package torrentfile turns a payload folder into a hybrid (v1 and v2) .torrent,
// reads torrents of any kind back, and checks a payload against one.
//
//	torrent.go   Torrent: what a .torrent says; Marshal, Announce, infohashes
//	magnet.go    Magnet
//	build.go     Build: options, and how a torrent comes together
//	walk.go      which files a payload folder holds
//	names.go     which names a payload may use
//	layout.go    where files and pads lie among the pieces; piece length
//	hash.go      all cores hash the pieces, one read of each byte
//	merkle.go    SHA-256 trees (BEP 52)
//	parse.go     Parse: the outer dictionary and the info dictionary
//	parsev1.go   the v1 file list, and whether v1 and v2 tell the same
//	parsev2.go   the v2 file tree and the piece layers
//	bencode.go   a strict reader of bencoded bytes
//	encode.go    the info dictionary of a new torrent, and the file around it
//	parallel.go  work for all cores
//	verify.go    Verify: does a payload match
//
// Nothing here touches the network, and no file is ever written.
package torrentfile

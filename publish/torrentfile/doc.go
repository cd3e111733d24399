// Package torrentfile turns a payload into a .torrent, hybrid (v1 and v2) unless asked
// otherwise, at the speed at which the machine can hash; reads torrents of any kind
// back; and checks a payload, or a part of it, against one.
//
//	torrent.go   Torrent: what a .torrent says; Marshal, WriteTo, infohashes
//	announce.go  what lies outside the info dictionary; Announce, Relate
//	magnet.go    Magnet
//	build.go     Build: options, and a torrent of what lies on disk
//	builder.go   Builder: a torrent of files that come from anywhere, in several goes
//	source.go    Source and Content: a file while it is hashed
//	check.go     Check: what of a payload is there and right; verify.go: Verify
//	parse.go     Parse: the outer dictionary and the info dictionary
//	parsev1.go   the v1 file list, links, and paths that are unique
//	parsev2.go   the v2 file tree and the piece layers, and whether they agree with v1
//	lint.go      LintNames: names that other systems cannot store
//
// Inside, from the payload to the info dictionary:
//
//	walk.go      which files a payload folder holds; disk.go: one of them
//	names.go     which names a payload may use
//	layout.go    where files and pads lie among the pieces; piece length
//	hash.go      hashing: one read of a payload, on all cores
//	schedule.go  which core does what next
//	worker.go    two pieces at a time; lane.go: one of the two
//	files.go     which files are open; view.go: a stretch of one, mapped
//	merkle.go    SHA-256 trees (BEP 52)
//	encode.go    the info dictionary of a new torrent
//	bencode.go   a strict reader of bencoded bytes
//	parallel.go  other work for all cores
//
// Nothing here touches the network, and no file is ever written.
package torrentfile

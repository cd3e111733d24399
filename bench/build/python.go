package main

import (
	"strconv"

	"commonseed/bench/internal/measure"
	"commonseed/publish/torrentfile"
)

const libtorrentScript = `
import os, sys
import libtorrent as lt
payload, out, piece = sys.argv[1], sys.argv[2], int(sys.argv[3])
storage = lt.file_storage()
lt.add_files(storage, payload)
creator = lt.create_torrent(storage, piece, int(sys.argv[4]))
lt.set_piece_hashes(creator, os.path.dirname(payload))
open(out, "wb").write(lt.bencode(creator.generate()))
`

// libtorrentFlags are create_torrent.v1_only and v2_only.
var libtorrentFlags = map[torrentfile.Mode]string{torrentfile.Hybrid: "0", torrentfile.V1: "64", torrentfile.V2: "32"}

func (w *workshop) libtorrent() {
	for _, mode := range modes {
		pieceLength := strconv.FormatInt(w.p.pieceLength(mode), 10)
		w.process("libtorrent (python3-libtorrent)", mode, other, measure.SystemPython, "-W", "ignore", "-c", libtorrentScript,
			w.p.root, w.out, pieceLength, libtorrentFlags[mode])
	}
}

"""Builds torrents of other kinds with libtorrent: foreign.py PAYLOAD OUT.

For each kind it writes OUT/<kind>.torrent. PAYLOAD is a folder or a file. The
last kind leaves out the pad after the last file, as libtorrent 2.0.0 to 2.0.7 did.
"""
import os
import sys

import libtorrent as lt

FLAGS = lt.create_torrent
KINDS = {
    "hybrid": 0,
    "v1": FLAGS.v1_only,
    "v1-canonical": FLAGS.v1_only | FLAGS.canonical_files,
    "v2": FLAGS.v2_only,
    "hybrid-no-tail": FLAGS.canonical_files_no_tail_padding,
}

payload, out = sys.argv[1], sys.argv[2]
for kind, flags in KINDS.items():
    storage = lt.file_storage()
    lt.add_files(storage, payload)
    creator = lt.create_torrent(storage, 32 * 1024, int(flags))
    creator.add_url_seed("http://seed.example/")
    lt.set_piece_hashes(creator, os.path.dirname(payload))
    with open(os.path.join(out, kind + ".torrent"), "wb") as f:
        f.write(lt.bencode(creator.generate()))
    info = lt.torrent_info(os.path.join(out, kind + ".torrent"))
    print(kind, info.info_hashes().v1, info.info_hashes().v2)

"""Lets libtorrent judge torrents.

Reads a JSON list of cases {root, name, files, piece_length, torrent, magnet} and
prints a JSON list, one object a case: the infohashes libtorrent computes itself
from the payload, those it reads from the torrent and from the magnet link, and
the state after a full recheck.
"""
import hashlib
import json
import os
import sys
import time

import libtorrent as lt


def build(case):
    storage = lt.file_storage()
    for path in case["files"]:
        size = os.path.getsize(os.path.join(case["root"], path))
        storage.add_file(os.path.basename(case["root"]) + "/" + path, size)
    creator = lt.create_torrent(storage, case["piece_length"])
    lt.set_piece_hashes(creator, os.path.dirname(case["root"]))
    made = creator.generate()
    made[b"info"][b"name"] = case["name"].encode()
    info = lt.bencode(made[b"info"])
    layers = made.get(b"piece layers", {})
    return {
        "built_v1": hashlib.sha1(info).hexdigest(),
        "built_v2": hashlib.sha256(info).hexdigest(),
        "built_layers": hashlib.sha256(lt.bencode(layers)).hexdigest(),
        "built_info": repr({k: v for k, v in made[b"info"].items() if k != b"pieces"}),
    }


def load(case):
    info = lt.torrent_info(lt.bdecode(open(case["torrent"], "rb").read()))
    magnet = lt.parse_magnet_uri(case["magnet"])
    return {
        "v1": str(info.info_hashes().v1),
        "v2": str(info.info_hashes().v2),
        "trackers": [tracker.url for tracker in info.trackers()],
        "web_seeds": [seed["url"] for seed in info.web_seeds()],
        "comment": info.comment(),
        "creator": info.creator(),
        "created": info.creation_date(),
        "magnet_name": magnet.name,
        "magnet_v1": str(magnet.info_hashes.v1),
        "magnet_v2": str(magnet.info_hashes.v2),
        "magnet_trackers": magnet.trackers,
        "magnet_web_seeds": magnet.url_seeds,
    }


def recheck(cases):
    session = lt.session({
        "listen_interfaces": "127.0.0.1:0", "enable_dht": False, "enable_lsd": False,
        "enable_upnp": False, "enable_natpmp": False, "active_checking": -1,
    })
    handles = []
    for case in cases:
        params = lt.add_torrent_params()
        params.ti = lt.torrent_info(case["torrent"])
        params.save_path = os.path.dirname(case["root"])
        params.trackers = []
        params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        params.flags |= lt.torrent_flags.override_trackers | lt.torrent_flags.override_web_seeds
        handles.append(session.add_torrent(params))
    for handle in handles:
        handle.force_recheck()
    deadline = time.time() + 40
    while time.time() < deadline and not all(h.status().is_seeding for h in handles):
        time.sleep(0.05)
    return [{"state": str(h.status().state), "progress": h.status().progress,
             "error": h.status().errc.message() if h.status().errc.value() else ""} for h in handles]


def main():
    cases = json.load(open(sys.argv[1]))
    answers = [dict(build(case), **load(case)) for case in cases]
    for answer, state in zip(answers, recheck(cases)):
        answer.update(state)
    json.dump(answers, sys.stdout)


main()

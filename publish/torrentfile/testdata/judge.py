"""Lets libtorrent judge torrents.

Reads a JSON list of cases {root, name, mode, single, files: [{path, executable, link}],
piece_length, torrent, magnet, save, recheck} and prints a JSON list, one object a case: the
infohashes libtorrent computes itself from the payload, those it reads from the torrent
and from the magnet link, and the state after a full recheck. Mode is libtorrent's flag
for kinds of torrents: 0, v2_only or v1_only.
"""
import hashlib
import json
import os
import sys
import time

import libtorrent as lt


def listed(case):
    """The files, in the order given: a v1 torrent keeps it."""
    storage = lt.file_storage()
    for file in case["files"]:
        if case["single"]:
            path, full = os.path.basename(case["root"]), case["root"]
        else:
            path = os.path.basename(case["root"]) + "/" + file["path"]
            full = case["root"] + "/" + file["path"]
        if file["link"]:
            storage.add_file(path, 0, lt.file_storage.flag_symlink, 0, file["link"])
            continue
        flags = lt.file_storage.flag_executable if file["executable"] else 0
        storage.add_file(path, os.path.getsize(full), flags)
    return storage


def build(case):
    storage = listed(case)  # the creator does not hold it
    flags = case["mode"] | int(lt.create_torrent.symlinks)
    creator = lt.create_torrent(storage, case["piece_length"], flags)
    lt.set_piece_hashes(creator, os.path.dirname(case["root"]))
    made = creator.generate()
    made[b"info"][b"name"] = case["name"].encode()
    info = lt.bencode(made[b"info"])
    layers = made.get(b"piece layers", {})
    return {
        "built_v1": hashlib.sha1(info).hexdigest(),
        "built_v2": hashlib.sha256(info).hexdigest(),
        "built_layers": hashlib.sha256(lt.bencode(layers)).hexdigest(),
        "built_info": repr({k: v for k, v in made[b"info"].items() if k != b"pieces"})[:4000],
    }


def hashes(of):
    return str(of.v1) if of.has_v1() else "", str(of.v2) if of.has_v2() else ""


def load(case):
    # Its limits are made for torrents from strangers: 100,000 files are beyond them.
    limits = {"max_decode_tokens": 10_000_000, "max_decode_depth": 200, "max_buffer_size": 1 << 30}
    info = lt.torrent_info(case["torrent"], limits)
    magnet = lt.parse_magnet_uri(case["magnet"])
    v1, v2 = hashes(info.info_hashes())
    magnet_v1, magnet_v2 = hashes(magnet.info_hashes)
    files = info.files()
    return info, {
        "v1": v1,
        "v2": v2,
        "files": [{"path": files.file_path(i).replace(os.sep, "/"), "length": files.file_size(i)}
                  for i in range(min(files.num_files(), 1000)) if not files.file_flags(i) & lt.file_storage.flag_pad_file],
        "trackers": [tracker.url for tracker in info.trackers()],
        "web_seeds": [seed["url"] for seed in info.web_seeds()],
        "comment": info.comment(),
        "creator": info.creator(),
        "created": info.creation_date(),
        "magnet_name": magnet.name,
        "magnet_v1": magnet_v1,
        "magnet_v2": magnet_v2,
        "magnet_trackers": magnet.trackers,
        "magnet_web_seeds": magnet.url_seeds,
    }


def recheck(cases):
    session = lt.session({
        "listen_interfaces": "127.0.0.1:0", "enable_dht": False, "enable_lsd": False,
        "enable_upnp": False, "enable_natpmp": False, "active_checking": -1,
    })
    handles = []
    for case, info in cases:
        params = lt.add_torrent_params()
        params.ti = info
        params.save_path = case["save"]
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
    answers, checked = [], []
    for case in cases:
        answer = build(case)
        info, facts = load(case)
        answer.update(facts)
        answers.append(answer)
        if case["recheck"]:
            checked.append((answer, (case, info)))
    for (answer, _), state in zip(checked, recheck([pair for _, pair in checked])):
        answer.update(state)
    json.dump(answers, sys.stdout)


main()

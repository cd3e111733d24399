"""Lets one libtorrent get a payload from another: swap.py TORRENT MAGNET SAVE OUT.

A seeder has the payload below SAVE. Two leechers take it from there: one with the
torrent, into OUT/torrent, and one with nothing but the magnet link, into OUT/magnet.
Prints a JSON list of what became of the leechers.
"""
import json
import os
import sys
import time

import libtorrent as lt

torrent, magnet, save, out = sys.argv[1:]


def session():
    return lt.session({
        "listen_interfaces": "127.0.0.1:0", "enable_dht": False, "enable_lsd": False,
        "enable_upnp": False, "enable_natpmp": False, "allow_multiple_connections_per_ip": True,
    })


def start(params, path):
    params.save_path = path
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    s = session()
    return s, s.add_torrent(params)


def wait(handle):
    deadline = time.time() + 20
    while time.time() < deadline and not handle.status().is_seeding:
        if handle.status().errc.value():
            break
        time.sleep(0.02)


params = lt.add_torrent_params()
params.ti = lt.torrent_info(torrent)
seeder, seeding = start(params, save)
wait(seeding)
address = ("127.0.0.1", seeder.listen_port())

answers = []
for name in ["torrent", "magnet"]:
    os.mkdir(os.path.join(out, name))
    if name == "magnet":
        params = lt.parse_magnet_uri(magnet)
    else:
        params = lt.add_torrent_params()
        params.ti = lt.torrent_info(torrent)
    leecher, handle = start(params, os.path.join(out, name))
    handle.connect_peer(address)
    wait(handle)
    status = handle.status()
    answers.append({"seeded": seeding.status().is_seeding, "complete": status.is_seeding,
                    "downloaded": status.total_payload_download,
                    "error": status.errc.message() if status.errc.value() else ""})
    del leecher
json.dump(answers, sys.stdout)

"""A node of the swarm: libtorrent as it comes, without what would look for the world outside.

usage: node.py leech|seed|super TORRENT DIR [slots]

Says {"ready": true}. A leecher then waits for a line with the time to begin at, and says twice a
second how it goes; with slots also how many peers it serves, which takes the machine much time.
All end on SIGTERM with what they sent, or when stdin is closed.
"""
import json
import os
import select
import signal
import sys
import time

import libtorrent as lt

role, torrent, directory = sys.argv[1:4]
with_slots = "slots" in sys.argv[4:]
interval = 0.5
UTP = 1 << 17  # peer_info::utp_socket, which Python does not know by name
handle = None


def say(**what):
    print(json.dumps(what), flush=True)


def stop(*_):
    if handle:
        s = handle.status()
        say(uploaded=s.total_payload_upload, redundant=s.total_redundant_bytes, failed=s.total_failed_bytes)
    os._exit(0)  # a session takes its time to end


def slots():
    """How many peers there are, how many of them we serve, how many serve us, and how many speak uTP."""
    if not with_slots:
        return {}
    peers = handle.get_peer_info()
    return {
        "peers": len(peers),
        "serves": sum(1 for p in peers if p.flags & p.remote_interested and not p.flags & p.choked),
        "served_by": sum(1 for p in peers if p.flags & p.interesting and not p.flags & p.remote_choked),
        "utp": sum(1 for p in peers if p.flags & UTP),
    }


def progress(start, got, finished):
    s = handle.status()
    say(t=time.time() - start, got=got, finished=finished, down=s.download_payload_rate, up=s.upload_payload_rate, **slots())


def leech(start):
    got, finished, due = [], None, start + interval
    while not select.select([sys.stdin], [], [], 0.1)[0]:
        now = time.time()
        for alert in session.pop_alerts():
            if isinstance(alert, lt.piece_finished_alert):
                got.append((round(now - start, 2), alert.piece_index))
            elif isinstance(alert, lt.torrent_finished_alert):
                finished = now - start
            elif isinstance(alert, lt.torrent_error_alert):
                sys.exit(alert.message())
        if now >= due or finished and got:
            progress(start, got, finished)
            got, due = [], max(due + interval, now)


signal.signal(signal.SIGTERM, stop)
kinds = lt.alert.category_t
session = lt.session({
    "listen_interfaces": "0.0.0.0:6881", "enable_dht": False, "enable_lsd": False, "enable_upnp": False,
    "enable_natpmp": False, "alert_mask": kinds.error_notification | kinds.status_notification | kinds.piece_progress_notification,
})
params = lt.add_torrent_params()
params.ti, params.save_path = lt.torrent_info(torrent), directory
if role == "super":
    params.flags |= lt.torrent_flags.super_seeding
if role == "leech":
    say(ready=True)
    begin = float(sys.stdin.readline() or os._exit(0))
    time.sleep(max(0, begin - time.time()))
    handle = session.add_torrent(params)
    leech(begin)
else:
    handle = session.add_torrent(params)
    while not handle.status().is_seeding:
        time.sleep(0.1)
    say(ready=True)
    sys.stdin.read()
stop()

"""Seeds all releases of a channel with libtorrent, which has checked them before.

usage: libtorrent.py PUBLIC PORT
Prints "seeding" when all of them are, and goes on until it is ended.
"""
import glob
import os
import signal
import sys
import time

import libtorrent as lt

public, port = sys.argv[1:]
session = lt.session({
    "listen_interfaces": "127.0.0.1:" + port,
    "enable_incoming_utp": False, "enable_outgoing_utp": False,
    "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
    "alert_mask": lt.alert.category_t.error_notification,
    "allow_multiple_connections_per_ip": True,
    # As often as the tracker asks for, like the others.
    "min_announce_interval": 30,
})


def add(torrent, root):
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent)
    params.save_path = root
    # Resume data of a torrent that is complete: files are looked for, and not read. Without
    # the flags all of them start at once, however many there are.
    params.have_pieces = [True] * params.ti.num_pieces()
    params.flags |= lt.torrent_flags.override_web_seeds
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    session.async_add_torrent(params)


count = 0
for slug in os.scandir(public):
    for torrent in glob.glob(os.path.join(glob.escape(slug.path), "*.torrent")):
        add(torrent, os.path.join(slug.path, "files"))
        count += 1
while len(session.get_torrents()) < count or session.get_torrent_status(lambda status: not status.is_seeding, 0):
    for alert in session.pop_alerts():
        print(alert.message(), file=sys.stderr)
    time.sleep(0.05)
print("seeding", flush=True)
signal.pause()

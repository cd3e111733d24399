"""Downloads one magnet with libtorrent, from peers that its tracker names.

usage: leech.py MAGNET DIR
Prints a JSON object: the v2 infohash, and the license key of the info dictionary.
"""
import json
import sys
import time

import libtorrent as lt

# libtorrent 2.0.8 checks a hybrid's piece by v1 and v2 at once, and where it has
# only just learned the v2 hashes it sometimes gives up with this error, with its
# own seeder as well (1 run in 15): a user starts the torrent once more, and so
# does this script.
INCONSISTENT_HASHES = 217

# On one machine all peers have one address: without the last setting libtorrent
# would know only one of them.
session = lt.session({
    "listen_interfaces": "127.0.0.1:0", "enable_dht": False, "enable_lsd": False,
    "enable_upnp": False, "enable_natpmp": False,
    "alert_mask": lt.alert.category_t.tracker_notification | lt.alert.category_t.connect_notification
                  | lt.alert.category_t.error_notification | lt.alert.category_t.storage_notification,
    "allow_multiple_connections_per_ip": True,
})


def add():
    params = lt.parse_magnet_uri(sys.argv[1])
    if params.info_hashes.has_v1():
        sys.exit("the magnet holds a v1 hash")
    params.save_path = sys.argv[2]
    return session.add_torrent(params)


def deleted():
    """Waits until the files of the removed torrent are gone."""
    while True:
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            print(alert.message(), file=sys.stderr)
            if isinstance(alert, (lt.torrent_deleted_alert, lt.torrent_delete_failed_alert)):
                return


handle = add()
tries = 1
while not handle.status().is_seeding:
    for alert in session.pop_alerts():
        print(alert.message(), file=sys.stderr)
    error = handle.status().errc
    if error.value() == INCONSISTENT_HASHES and tries < 4:
        session.remove_torrent(handle, lt.session.delete_files)
        deleted()
        handle = add()
        tries += 1
    elif error.value() != 0:
        sys.exit(error.message())
    time.sleep(0.1)

info = lt.bdecode(handle.torrent_file().info_section())
print(json.dumps({
    "v2": str(handle.status().info_hashes.v2),
    "license": info.get(b"license", b"").decode(),
}))

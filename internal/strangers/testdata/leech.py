"""Downloads one magnet with libtorrent, from peers that its tracker names.

usage: leech.py MAGNET DIR
Prints a JSON object: the v2 infohash, and the license key of the info dictionary.
"""
import json
import sys
import time

import libtorrent as lt

# On one machine all peers have one address: without the last setting libtorrent
# would know only one of them.
session = lt.session({
    "listen_interfaces": "127.0.0.1:0", "enable_dht": False, "enable_lsd": False,
    "enable_upnp": False, "enable_natpmp": False,
    "alert_mask": lt.alert.category_t.tracker_notification | lt.alert.category_t.connect_notification
                  | lt.alert.category_t.error_notification,
    "allow_multiple_connections_per_ip": True,
})
params = lt.parse_magnet_uri(sys.argv[1])
if params.info_hashes.has_v1():
    sys.exit("the magnet holds a v1 hash")
params.save_path = sys.argv[2]
handle = session.add_torrent(params)
while not handle.status().is_seeding:
    for alert in session.pop_alerts():
        print(alert.message(), file=sys.stderr)
    time.sleep(0.1)

info = lt.bdecode(handle.torrent_file().info_section())
print(json.dumps({
    "v2": str(handle.status().info_hashes.v2),
    "license": info.get(b"license", b"").decode(),
}))

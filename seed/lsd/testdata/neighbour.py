"""A neighbour with libtorrent: it has torrents, announces them on the local
network alone, and says what it hears there.

usage: neighbour.py PORT ADDRESS,ADDRESS INFOHASH...
Prints a line "heard ADDRESS:PORT INFOHASH" for each announcement that reaches it.
"""
import sys
import time

import libtorrent as lt

port, addresses, hashes = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]
session = lt.session({
    "listen_interfaces": ",".join("%s:%s" % ("[%s]" % a if ":" in a else a, port) for a in addresses),
    "enable_dht": False, "enable_lsd": True, "enable_upnp": False, "enable_natpmp": False,
    "local_service_announce_interval": 5,
    "alert_mask": lt.alert.category_t.peer_notification | lt.alert.category_t.error_notification,
})
for h in hashes:
    params = lt.parse_magnet_uri("magnet:?xt=urn:btih:" + h)
    params.save_path = "/nowhere"
    session.add_torrent(params)
while True:
    session.wait_for_alert(1000)
    for alert in session.pop_alerts():
        if alert.what() == "lsd_peer":  # which Python has no class for
            torrent, _, peer = alert.message().partition(" peer [ ")
            print("heard", peer.split()[0], torrent, flush=True)

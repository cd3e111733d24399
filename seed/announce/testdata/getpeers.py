"""Joins the DHT through a node and asks for the peers of an infohash.

usage: getpeers.py HOST:PORT INFOHASH

Prints each peer as address:port until it is stopped.
"""
import sys
import time

import libtorrent as lt

node, infohash = sys.argv[1:]
session = lt.session({
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": True,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "dht_bootstrap_nodes": node,
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_ignore_dark_internet": False,
    "dht_prefer_verified_node_ids": False,
    "alert_mask": lt.alert.category_t.all_categories,
})
asked = 0.0
while True:
    if time.monotonic() - asked > 2:
        session.dht_get_peers(lt.sha1_hash(bytes.fromhex(infohash)))
        asked = time.monotonic()
    session.wait_for_alert(200)
    for alert in session.pop_alerts():
        if isinstance(alert, lt.dht_get_peers_reply_alert):
            for address, port in alert.peers():
                print("%s:%d" % (address, port), flush=True)

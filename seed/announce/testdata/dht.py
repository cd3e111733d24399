"""A DHT of libtorrent's nodes, which is asked for the peers of infohashes.

usage: dht.py HOST NODES INFOHASH...

Prints the address:port of a node to join through, and then, until it is stopped,
"INFOHASH address:port" for each peer that a node of its own finds.
"""
import sys
import time

import libtorrent as lt

host, nodes, infohashes = sys.argv[1], int(sys.argv[2]), sys.argv[3:]


def node(bootstrap):
    return lt.session({
        "listen_interfaces": host + ":0",
        "enable_dht": True, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "dht_bootstrap_nodes": bootstrap,
        "dht_restrict_routing_ips": False, "dht_restrict_search_ips": False,  # all of them have one address
        "dht_ignore_dark_internet": False, "dht_prefer_verified_node_ids": False,
        "alert_mask": lt.alert.category_t.all_categories,
    })


def port(session):
    while session.listen_port() == 0:
        time.sleep(0.05)
    return session.listen_port()


def say(*words):
    print(*words, flush=True)


sessions = [node("")]
first = "%s:%d" % (host, port(sessions[0]))
sessions += [node(first) for _ in range(nodes - 1)]
say(first)
asker, asked = node(first), 0.0
while True:
    if time.monotonic() - asked > 1:
        for h in infohashes:
            asker.dht_get_peers(lt.sha1_hash(bytes.fromhex(h)))
        asked = time.monotonic()
    for s in sessions:
        s.pop_alerts()
    asker.wait_for_alert(200)
    for alert in asker.pop_alerts():
        if isinstance(alert, lt.dht_get_peers_reply_alert):
            for address, peer_port in alert.peers():
                say(alert.info_hash, "[%s]:%d" % (address, peer_port) if ":" in address else "%s:%d" % (address, peer_port))

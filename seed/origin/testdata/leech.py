"""Downloads a torrent or magnet link from one peer with libtorrent.

usage: leech.py SOURCE FOLDER [HOST:PORT] [encrypted | plain | utp]

Prints "complete", the number of pieces that failed their hash, and the infohash
versions it knows in the end. Exits with 1 when it is not done within 30 seconds.
"""

import sys
import time

import libtorrent as lt

source, folder = sys.argv[1], sys.argv[2]
peer = sys.argv[3] if len(sys.argv) > 3 else ""
encrypted = "encrypted" in sys.argv[4:]
plain = "plain" in sys.argv[4:]
utp = "utp" in sys.argv[4:]  # is tried first then, as is the default

session = lt.session({
    "listen_interfaces": "[::1]:0" if peer.startswith("[") else "127.0.0.1:0",
    "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
    "enable_outgoing_utp": utp, "enable_incoming_utp": utp,
    "allow_multiple_connections_per_ip": True,
    "out_enc_policy": lt.enc_policy.forced if encrypted else lt.enc_policy.disabled,
    "in_enc_policy": lt.enc_policy.forced if encrypted else lt.enc_policy.disabled if plain else lt.enc_policy.enabled,
    "allowed_enc_level": lt.enc_level.rc4 if encrypted else lt.enc_level.plaintext if plain else lt.enc_level.both,
    "alert_mask": lt.alert.category_t.all_categories,
})
if source.startswith("magnet:"):
    params = lt.parse_magnet_uri(source)
else:
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(source)
params.save_path = folder
params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
torrent = session.add_torrent(params)

failed, log, dial = 0, [], 0.0
end = time.monotonic() + 30
while time.monotonic() < end:
    if peer and time.monotonic() > dial and torrent.status().num_peers == 0:
        host, port = peer.rsplit(":", 1)
        torrent.connect_peer((host.strip("[]"), int(port)))
        dial = time.monotonic() + 2
    for alert in session.pop_alerts():
        log.append(str(alert))
        failed += isinstance(alert, lt.hash_failed_alert)
    if torrent.status().is_seeding:
        hashes = torrent.info_hashes()
        print("complete", failed, "v1" if hashes.has_v1() else "", "v2" if hashes.has_v2() else "")
        session.remove_torrent(torrent)
        sys.exit(0)
    time.sleep(0.05)
print("\n".join(log[-60:]))
print("incomplete", torrent.status().progress, torrent.status().state)
sys.exit(1)

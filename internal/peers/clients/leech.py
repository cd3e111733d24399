"""Downloads with libtorrent, from peers that the trackers name.

usage: leech.py SOURCE DIR LISTEN any|encrypted|plain
SOURCE is a .torrent file or a magnet link. Prints a JSON object: the infohashes,
how many pieces failed their hash, the license key of the info dictionary.
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

source, folder, listen, cipher = sys.argv[1:]
policy = {"any": lt.enc_policy.enabled, "encrypted": lt.enc_policy.forced, "plain": lt.enc_policy.disabled}[cipher]
level = {"any": lt.enc_level.both, "encrypted": lt.enc_level.rc4, "plain": lt.enc_level.plaintext}[cipher]

# On one machine all peers have one address: without allow_multiple_connections_per_ip
# libtorrent would know only one of them. Where a magnet is small, it now and then
# leaves a seed as uninteresting before it knows what it lacks itself (1 run in 40);
# without min_reconnect_time it would come back after two minutes.
session = lt.session({
    "listen_interfaces": listen, "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
    "out_enc_policy": policy, "in_enc_policy": policy, "allowed_enc_level": level,
    "allow_multiple_connections_per_ip": True, "min_reconnect_time": 1,
    "alert_mask": lt.alert.category_t.all_categories & ~lt.alert.category_t.stats_notification,
})


def add():
    if source.startswith("magnet:"):
        params = lt.parse_magnet_uri(source)
    else:
        params = lt.add_torrent_params()
        params.ti = lt.torrent_info(source)
    params.save_path = folder
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    return session.add_torrent(params)


def alerts():
    for alert in session.pop_alerts():
        print(alert.message(), file=sys.stderr)
        yield alert


def delete(handle):
    """Removes the torrent and waits until its files are gone."""
    session.remove_torrent(handle, lt.session.delete_files)
    while not any(isinstance(a, (lt.torrent_deleted_alert, lt.torrent_delete_failed_alert)) for a in alerts()):
        session.wait_for_alert(1000)


handle, failed, tries = add(), 0, 1
while not handle.status().is_seeding:
    failed += sum(isinstance(a, lt.hash_failed_alert) for a in alerts())
    error = handle.status().errc
    if error.value() == INCONSISTENT_HASHES and tries < 4:
        delete(handle)
        handle, failed, tries = add(), 0, tries + 1
    elif error.value() != 0:
        sys.exit(error.message())
    time.sleep(0.05)

info, hashes = lt.bdecode(handle.torrent_file().info_section()), handle.info_hashes()
print(json.dumps({
    "v1": str(hashes.v1) if hashes.has_v1() else "",
    "v2": str(hashes.v2) if hashes.has_v2() else "",
    "failed": failed,
    "license": info.get(b"license", b"").decode(),
}))

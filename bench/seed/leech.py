"""Downloads torrents with many clients of libtorrent at once, all from one peer and nothing
from each other.

usage: leech.py CLIENTS HOST:PORT plain|encrypted DIR TORRENT...
Prints "ready" when all clients are, begins when it reads a line, and prints the number of
payload bytes that came when everybody has everything that it wants.
"""
import sys
import time

import libtorrent as lt

PATIENCE = 60  # seconds without a byte

clients, peer, encryption, directory = sys.argv[1:5]
host, port = peer.split(":")
torrents = sys.argv[5:]


def session(n):
    """Everybody has an address of their own, as in the world: seeders count connections by it."""
    address = "127.0.1.%d" % n
    settings = {
        "listen_interfaces": address + ":0", "outgoing_interfaces": address, "enable_incoming_tcp": False,
        "enable_incoming_utp": False, "enable_outgoing_utp": False,
        "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.status_notification,
    }
    if encryption == "encrypted":
        settings |= {"out_enc_policy": 0, "in_enc_policy": 0, "allowed_enc_level": 2}  # pe_forced, pe_rc4
    return lt.session(settings)


def add(to, n, torrent):
    """Only the longest file is wanted, which fills its pieces: the Client of anacrolix/torrent
    v1.62.0 hangs up on who asks for a piece of a hybrid torrent with its pad, as libtorrent does."""
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent)
    files = params.ti.files()
    longest = max(range(files.num_files()), key=files.file_size)
    params.file_priorities = [4 if i == longest else 0 for i in range(files.num_files())]
    params.save_path = "%s/%d" % (directory, n)
    params.flags |= (lt.torrent_flags.override_trackers | lt.torrent_flags.override_web_seeds
                     | lt.torrent_flags.disable_pex | lt.torrent_flags.disable_lsd | lt.torrent_flags.disable_dht)
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    return to.add_torrent(params)


def received():
    return sum(handle.status().total_payload_download for handle in handles)


def finish(session, unfinished):
    """Waits for so many torrents to be complete, as long as anything comes to anybody."""
    before, looked = received(), time.monotonic()
    while unfinished > 0:
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.torrent_finished_alert):
                unfinished -= 1
            elif isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert, lt.hash_failed_alert)):
                sys.exit(alert.message())
        if time.monotonic() - looked > PATIENCE:
            now = received()
            if now == before:
                sys.exit("nothing came for a while: %d of %d bytes are here" % (now, sum(h.status().total_wanted for h in handles)))
            before, looked = now, time.monotonic()


sessions = [session(n) for n in range(1, int(clients) + 1)]
handles = [add(s, n, torrent) for n, s in enumerate(sessions) for torrent in torrents]
while any(handle.status().state != lt.torrent_status.downloading for handle in handles):
    time.sleep(0.05)
print("ready", flush=True)
sys.stdin.readline()
for handle in handles:
    handle.connect_peer((host, int(port)))
for s in sessions:
    finish(s, len(torrents))
print(received(), flush=True)

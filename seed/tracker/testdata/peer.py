"""Is a peer of one torrent with libtorrent, which finds others by the trackers alone.

usage: peer.py TORRENT DIR LISTEN
Says in a line each: "announced URL PEERS" for an answer of a tracker, "scraped URL COMPLETE
INCOMPLETE", "refused URL REASON", and "complete" when everything is there. Ends when its
input does.
"""
import sys
import threading
import time

import libtorrent as lt

# On one machine all peers have one address: without allow_multiple_connections_per_ip
# libtorrent would know only one of them.
session = lt.session({
    "listen_interfaces": sys.argv[3], "enable_dht": False, "enable_lsd": False,
    "enable_upnp": False, "enable_natpmp": False, "allow_multiple_connections_per_ip": True,
    "ssrf_mitigation": False,  # it keeps scrapes from this machine
    "alert_mask": lt.alert.category_t.tracker_notification | lt.alert.category_t.error_notification,
})
params = lt.add_torrent_params()
params.ti, params.save_path = lt.torrent_info(sys.argv[1]), sys.argv[2]
handle = session.add_torrent(params)
handle.unset_flags(lt.torrent_flags.auto_managed)
handle.resume()

ended = threading.Event()


def watch():
    sys.stdin.read()
    ended.set()


threading.Thread(target=watch, daemon=True).start()
complete, announced, scraped, asked = False, False, False, 0
while not ended.is_set():
    for alert in session.pop_alerts():
        if isinstance(alert, lt.tracker_reply_alert):
            announced = True
            print("announced", alert.tracker_url(), alert.num_peers, flush=True)
        elif isinstance(alert, lt.scrape_reply_alert):
            scraped = True
            print("scraped", alert.tracker_url(), alert.complete, alert.incomplete, flush=True)
        elif isinstance(alert, (lt.tracker_error_alert, lt.scrape_failed_alert)):
            print("refused", alert.tracker_url(), alert.message(), flush=True)
    if handle.status().is_seeding and not complete:
        complete = True
        print("complete", flush=True)
    # A scrape is sometimes lost in libtorrent without an alert, while it announces.
    if complete and announced and not scraped and time.monotonic() > asked + 5:
        asked = time.monotonic()
        handle.scrape_tracker()
    time.sleep(0.05)
session.remove_torrent(handle)

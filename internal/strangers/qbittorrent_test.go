package strangers

import (
	"fmt"
	"net/url"
	"testing"

	"commonseed/internal/peers"
	"commonseed/internal/peers/clients"
)

// qbittorrent subscribes to the torrent feed with a rule that downloads
// everything, as its users do, and waits for the files.
func qbittorrent(t *testing.T, s *seeder, all []published) {
	q, downloads := clients.StartQBittorrent(t, localhost, clients.Any), t.TempDir()
	feed := s.HTTP + "torrents.xml"
	rule := fmt.Sprintf(`{"enabled":true,"mustContain":"","savePath":%q,"affectedFeeds":[%q]}`, downloads, feed)
	q.Post(t, "rss/setRule", url.Values{"ruleName": {"all"}, "ruleDef": {rule}})
	q.Post(t, "rss/addFeed", url.Values{"url": {feed}, "path": {"commonseed"}})
	for _, p := range all {
		peers.Eventually(t, patience, "qBittorrent completes "+p.Slug, func() bool { return complete(t, p, downloads) })
		checkArrival(t, p, downloads)
	}
}

package strangers

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"commonseed/internal/peers"
)

// qbittorrent subscribes to the torrent feed with a rule that downloads
// everything, as its users do, and waits for the files.
func qbittorrent(t *testing.T, s *seeder, all []published) {
	peers.Need(t, "qbittorrent-nox")
	profile, port := t.TempDir(), freePort(t)
	downloads := filepath.Join(profile, "downloads")
	writeFile(t, filepath.Join(profile, "qBittorrent/config/qBittorrent.conf"), fmt.Sprintf(`[LegalNotice]
Accepted=true

[BitTorrent]
Session\DHTEnabled=false
Session\LSDEnabled=false
Session\PeXEnabled=false
Session\Port=%d
Session\Interface=lo
Session\DefaultSavePath=%s
Session\TempPathEnabled=false

[Network]
PortForwardingEnabled=false

[Preferences]
WebUI\Address=127.0.0.1
WebUI\Port=%d
WebUI\LocalHostAuth=false
WebUI\UseUPnP=false

[RSS]
AutoDownloader\EnableProcessing=true
Session\EnableProcessing=true
`, freePort(t), downloads, port))
	start(t, profile, nil, "qbittorrent-nox", "--profile="+profile)

	api := fmt.Sprintf("http://127.0.0.1:%d/api/v2/", port)
	eventually(t, "qBittorrent answers", func() bool { return post(api+"app/version", nil) == nil })
	feed := s.HTTP + "torrents.xml"
	rule := fmt.Sprintf(`{"enabled":true,"mustContain":"","affectedFeeds":[%q]}`, feed)
	for _, call := range []struct {
		path string
		form url.Values
	}{
		{"rss/setRule", url.Values{"ruleName": {"all"}, "ruleDef": {rule}}},
		{"rss/addFeed", url.Values{"url": {feed}, "path": {"commonseed"}}},
	} {
		if err := post(api+call.path, call.form); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range all {
		eventually(t, "qBittorrent completes "+p.Slug, func() bool { return complete(t, p, downloads) })
		checkArrival(t, p, downloads)
	}
}

// post calls qBittorrent's web API.
func post(address string, form url.Values) error {
	client := http.Client{Timeout: 5 * time.Second}
	res, err := client.Post(address, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("POST %s: %s", address, res.Status)
	}
	return nil
}

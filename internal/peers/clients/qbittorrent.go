package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"commonseed/internal/peers"
)

// QBittorrent is one that runs.
type QBittorrent struct {
	process *peers.Process
	api     string
	client  http.Client
}

// QBittorrentTorrent is how a torrent stands there.
type QBittorrentTorrent struct {
	Hash     string  `json:"hash"` // the first 40 digits of the v2 infohash or, without v2, the v1 infohash
	State    string  `json:"state"`
	Progress float64 `json:"progress"`
}

// StartQBittorrent starts one that takes peers at an address, and waits until it
// answers.
func StartQBittorrent(t testing.TB, listen netip.Addr, cipher Cipher) *QBittorrent {
	t.Helper()
	peers.Need(t, "qbittorrent-nox")
	profile, port := t.TempDir(), peers.FreePort(t)
	write(t, filepath.Join(profile, "qBittorrent/config/qBittorrent.conf"), fmt.Sprintf(`[LegalNotice]
Accepted=true

[BitTorrent]
Session\DHTEnabled=false
Session\LSDEnabled=false
Session\PeXEnabled=false
Session\Encryption=%d
Session\Port=%d
Session\Interface=lo
Session\InterfaceAddress=%s
Session\MultiConnectionsPerIp=true
Session\QueueingSystemEnabled=false
Session\MaxActiveCheckingTorrents=100
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
`, cipher, peers.FreePort(t), listen, port))
	q := &QBittorrent{
		process: peers.Start(t, profile, nil, "qbittorrent-nox", "--profile="+profile),
		api:     fmt.Sprintf("http://127.0.0.1:%d/api/v2/", port),
		client:  http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}
	peers.Eventually(t, patience, "qBittorrent answers", func() bool {
		res, err := q.client.Get(q.api + "app/version")
		if err == nil {
			res.Body.Close()
		}
		return err == nil
	})
	return q
}

// Post calls its web API.
func (q *QBittorrent) Post(t testing.TB, path string, form url.Values) []byte {
	t.Helper()
	return q.post(t, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

func (q *QBittorrent) post(t testing.TB, path, kind string, body io.Reader) []byte {
	t.Helper()
	res, err := q.client.Post(q.api+path, kind, body)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 10<<20))
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("qBittorrent's %s: %s, %v: %s", path, res.Status, err, answer)
	}
	return answer
}

// Add has it download a .torrent or magnet into dir, and check what is there.
func (q *QBittorrent) Add(t testing.TB, source, dir string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	fields := map[string]string{"savepath": dir, "skip_checking": "false", "paused": "false", "contentLayout": "Original", "autoTMM": "false"}
	if strings.HasPrefix(source, "magnet:") {
		fields["urls"] = source
	} else {
		data, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		part, _ := form.CreateFormFile("torrents", "t.torrent") // a buffer takes everything
		_, _ = part.Write(data)
	}
	for key, value := range fields {
		_ = form.WriteField(key, value)
	}
	_ = form.Close()
	if answer := q.post(t, "torrents/add", form.FormDataContentType(), &body); string(answer) != "Ok." {
		t.Fatalf("qBittorrent does not take %s: %s", source, answer)
	}
}

// Torrents lists what it has.
func (q *QBittorrent) Torrents(t testing.TB) (all []QBittorrentTorrent) {
	t.Helper()
	if err := json.Unmarshal(q.Post(t, "torrents/info", nil), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func qbittorrent(t testing.TB, d Download) {
	t.Helper()
	q := StartQBittorrent(t, d.Listen, d.Cipher)
	q.Add(t, d.Source, d.Dir)
	tries := 1
	peers.Eventually(t, patience, "qBittorrent completes", func() bool {
		for _, s := range q.Torrents(t) {
			if s.State == "error" && tries < 4 { // see INCONSISTENT_HASHES in leech.py
				q.Post(t, "torrents/delete", url.Values{"hashes": {s.Hash}, "deleteFiles": {"true"}})
				q.Add(t, d.Source, d.Dir)
				tries++
			}
			if s.State == "stalledUP" || s.State == "uploading" {
				return true
			}
		}
		return false
	})
	q.process.End(syscall.SIGTERM)
}

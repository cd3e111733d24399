package torrentfile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"commonseed/internal/peers"
)

// clientTrees are what the clients check: each program is slow to start.
var clientTrees = []treeCase{
	{name: "folder", pieceLength: 16 * kib, files: tree{"a/x": 70_000, "a-b": 32 * kib, "b": 5, "c": 0, "Größe/日本": 300_001}},
	{name: "file", pieceLength: 32 * kib, files: tree{"song.flac": 2_000_001}, single: true},
	{name: "files around pads", pieceLength: 64 * kib, files: tree{"1": 1, "2": 64 * kib, "3": 64*kib + 1, "4": 64*kib - 1, "5/6": 200_000}},
}

// harmed is the file of a client's tree that is damaged, and where.
func (c *treeCase) harmed() (path string, at int64) {
	for name, size := range c.files {
		if path == "" || size > c.files[path] {
			path = name
		}
	}
	return path, int64(c.files[path] / 2)
}

// download is a torrent with a payload that a client looks at.
type download struct {
	name    string
	torrent string // path
	parent  string // the folder with the payload
	hash    string // the first 40 digits of the v2 infohash or, without v2, the v1 infohash
	damaged bool   // a byte is not what it should be
}

// downloads are the client trees in these modes, each whole and damaged. Clients that do
// not know pads (BEP 47) want them on disk.
func downloads(t *testing.T, pads bool, modes ...Mode) (all []download) {
	t.Helper()
	for _, c := range clientTrees {
		for _, mode := range modes {
			for _, damaged := range []bool{false, true} {
				all = append(all, newDownload(t, c, mode, pads, damaged))
			}
		}
	}
	return all
}

func newDownload(t *testing.T, c treeCase, mode Mode, pads, damaged bool) download {
	t.Helper()
	root := c.plant(t)
	// A source of its own gives each an infohash of its own.
	tor := build(t, root, Options{Mode: mode, PieceLength: c.pieceLength, Source: fmt.Sprint("damaged: ", damaged)})
	d := download{name: fmt.Sprintf("%s %s, damaged: %v", c.name, modeNames[mode], damaged), parent: filepath.Dir(root),
		torrent: filepath.Join(t.TempDir(), "t.torrent"), hash: tor.InfohashV1(), damaged: damaged}
	if v2 := tor.InfohashV2(); v2 != "" {
		d.hash = v2[:40]
	}
	must(t, os.WriteFile(d.torrent, tor.Marshal(), 0o644))
	if pads && mode == Hybrid && !c.single {
		must(t, os.MkdirAll(filepath.Join(root, padFolder), 0o755))
		for i := range tor.info.layout.entries {
			if n := tor.info.layout.padAfter(i); n > 0 {
				must(t, os.WriteFile(filepath.Join(root, padFolder, fmt.Sprint(n)), make([]byte, n), 0o644))
			}
		}
	}
	if path, at := c.harmed(); damaged {
		flip(t, c.at(root, path), at)
	}
	return d
}

func TestAria2ChecksOurs(t *testing.T) {
	peers.Need(t, "aria2c")
	t.Parallel()
	for _, d := range downloads(t, true, V1, Hybrid) {
		t.Run(d.name, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), "aria2c", "--no-conf", "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false",
				"--enable-peer-exchange=false", "--interface=127.0.0.1", "--seed-time=0", "--check-integrity=true", "--hash-check-only=true",
				"--listen-port="+fmt.Sprint(freePort(t)), "-d", d.parent, d.torrent).CombinedOutput()
			var exit *exec.ExitError
			if d.damaged && (!errors.As(err, &exit) || exit.ExitCode() != 1) || !d.damaged && err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestTransmissionChecksOurs(t *testing.T) {
	program := transmission4(t)
	t.Parallel()
	undecided := downloads(t, true, V1, Hybrid)
	// It says nothing before it ends, and does not end by itself.
	for patience := 3 * time.Second; len(undecided) > 0; patience *= 2 {
		if patience > time.Minute {
			t.Fatalf("Transmission does not check %+v", undecided)
		}
		undecided = slices.DeleteFunc(undecided, transmissions(t, program, patience, undecided))
	}
}

// transmissions runs one for each torrent, for a while, and tells which have come to a
// judgement.
func transmissions(t *testing.T, program string, patience time.Duration, all []download) func(download) bool {
	t.Helper()
	said := map[string]*output{}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var ends []func()
	for _, d := range all {
		config := t.TempDir()
		must(t, os.WriteFile(config+"/settings.json", []byte(`{"bind-address-ipv4": "127.0.0.1", "bind-address-ipv6": "::1",
			"dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "utp-enabled": false, "port-forwarding-enabled": false}`), 0o644))
		var end func()
		said[d.name], end = start(t, ctx, program, "-M", "-g", config, "-w", d.parent, "-p", fmt.Sprint(freePort(t)), "-v", d.torrent)
		ends = append(ends, end)
	}
	<-ctx.Done()
	for _, end := range ends {
		end()
	}
	return func(d download) bool {
		whole := strings.Contains(said[d.name].String(), "\rSeeding")
		if whole && d.damaged {
			t.Errorf("%s: taken for whole", d.name)
		}
		return whole || d.damaged && partly(said[d.name].String())
	}
}

// partly says whether Transmission found a part of the payload.
func partly(said string) bool {
	_, rest, _ := strings.Cut(said, "Progress: ")
	percent, _, _ := strings.Cut(rest, "%")
	number, err := strconv.ParseFloat(percent, 64)
	return err == nil && number > 0 && number < 100
}

// transmission4 finds a Transmission that reads hybrid torrents: 4.0 was the first.
func transmission4(t *testing.T) string {
	t.Helper()
	const own = "transmission4-cli" // see scripts/install-peers
	if _, err := exec.LookPath(own); err == nil {
		return own
	}
	if out, err := exec.Command("transmission-cli", "--version").CombinedOutput(); err == nil && !strings.Contains(string(out), "cli 3.") {
		return "transmission-cli"
	}
	peers.Need(t, own)
	return own
}

func TestQBittorrentChecksOurs(t *testing.T) {
	peers.Need(t, "qbittorrent-nox")
	t.Parallel()
	all := downloads(t, false, V1, Hybrid, V2)
	profile, port := t.TempDir(), freePort(t)
	config := filepath.Join(profile, "qBittorrent/config/qBittorrent.conf")
	must(t, os.MkdirAll(filepath.Dir(config), 0o755))
	must(t, os.WriteFile(config, fmt.Appendf(nil, `[LegalNotice]
Accepted=true

[BitTorrent]
Session\DHTEnabled=false
Session\LSDEnabled=false
Session\PeXEnabled=false
Session\Interface=lo
Session\InterfaceAddress=127.0.0.1
Session\QueueingSystemEnabled=false
Session\MaxActiveCheckingTorrents=100
Session\Port=%d

[Network]
PortForwardingEnabled=false

[Preferences]
WebUI\Address=127.0.0.1
WebUI\Port=%d
WebUI\LocalHostAuth=false
WebUI\UseUPnP=false
`, freePort(t), port), 0o644))
	start(t, t.Context(), "qbittorrent-nox", "--profile="+profile)
	q := qbittorrent{api: fmt.Sprintf("http://127.0.0.1:%d/api/v2/", port), client: http.Client{
		Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
	eventually(t, func() bool { _, err := q.get("app/version"); return err == nil })
	for _, d := range all {
		must(t, q.add(d))
	}
	eventually(t, func() bool { return q.checked(t, len(all)) })
	for _, d := range all {
		switch got := q.found[d.hash]; {
		case !d.damaged && (got.Progress != 1 || got.State != "stalledUP"),
			d.damaged && (got.Progress == 0 || got.Progress == 1 || got.State != "stalledDL"):
			t.Errorf("%s: %+v", d.name, got)
		}
	}
}

// qbittorrent is one that runs.
type qbittorrent struct {
	api    string
	client http.Client
	found  map[string]qbittorrentState // by infohash
}

type qbittorrentState struct {
	Hash     string  `json:"hash"`
	State    string  `json:"state"`
	Progress float64 `json:"progress"`
}

func (q *qbittorrent) get(path string) ([]byte, error) {
	res, err := q.client.Get(q.api + path)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

func (q *qbittorrent) add(d download) error {
	data, err := os.ReadFile(d.torrent)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("torrents", "t.torrent")
	if err != nil {
		return err
	}
	_, _ = part.Write(data)
	for key, value := range map[string]string{"savepath": d.parent, "skip_checking": "false", "paused": "false", "contentLayout": "Original", "autoTMM": "false"} {
		_ = form.WriteField(key, value)
	}
	_ = form.Close()
	res, err := q.client.Post(q.api+"torrents/add", form.FormDataContentType(), &body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || string(answer) != "Ok." {
		return fmt.Errorf("%s: %s: %s", d.name, res.Status, answer)
	}
	return nil
}

// checked asks whether all torrents have been checked.
func (q *qbittorrent) checked(t *testing.T, n int) bool {
	t.Helper()
	data, err := q.get("torrents/info")
	must(t, err)
	var states []qbittorrentState
	must(t, json.Unmarshal(data, &states))
	q.found = map[string]qbittorrentState{}
	for _, s := range states {
		if s.State == "stalledUP" || s.State == "stalledDL" {
			q.found[s.Hash] = s
		}
	}
	return len(q.found) == n
}

// output is what a program has said so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs a program until ctx ends, and gives a function that waits for its end.
func start(t *testing.T, ctx context.Context, name string, args ...string) (*output, func()) {
	t.Helper()
	said := &output{}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = said, said, 5*time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	must(t, cmd.Start())
	end := sync.OnceFunc(func() { _ = cmd.Wait() })
	t.Cleanup(func() {
		end()
		if t.Failed() {
			text := strings.ReplaceAll(said.String(), "\r", "\n")
			t.Logf("%s said:\n%s", name, text[max(0, len(text)-3000):])
		}
	})
	return said, end
}

// eventually waits for something that a program does.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatal("not within 30 s")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// freePort finds a TCP port that nothing listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

package clients

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/storage"
)

func anacrolix(t testing.TB, d Download) {
	t.Helper()
	files := storage.NewFileOpts(storage.NewFileClientOpts{
		ClientBaseDir: d.Dir, PieceCompletion: storage.NewMapPieceCompletion(),
	})
	defer files.Close()
	cfg := torrent.NewDefaultClientConfig()
	cfg.DefaultStorage = files
	cfg.ListenHost = func(string) string { return d.Listen.String() }
	cfg.ListenPort = 0
	cfg.DisableIPv4, cfg.DisableIPv6 = d.Listen.Is6(), d.Listen.Is4()
	cfg.DisableUTP, cfg.NoDHT, cfg.NoDefaultPortForwarding, cfg.DisablePEX = true, true, true, true
	cfg.DisableWebseeds, cfg.DisableWebtorrent = true, true
	cfg.HeaderObfuscationPolicy = torrent.HeaderObfuscationPolicy{
		Preferred: d.Cipher == Encrypted, RequirePreferred: d.Cipher != Any,
	}
	cfg.Slogger = slog.New(slog.DiscardHandler)
	cl, err := torrent.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(cl.Close()...); err != nil {
			t.Error(err)
		}
	}()
	add := cl.AddTorrentFromFile
	if strings.HasPrefix(d.Source, "magnet:") {
		add = cl.AddMagnet
	}
	tor, err := add(d.Source)
	if err != nil {
		t.Fatal(err)
	}
	late := time.After(patience)
	select {
	case <-tor.GotInfo():
	case <-late:
		t.Fatal("anacrolix does not get the metadata")
	}
	tor.DownloadAll()
	select {
	case <-tor.Complete().On():
	case <-late:
		t.Fatalf("anacrolix has %d of %d bytes", tor.BytesCompleted(), tor.Length())
	}
}

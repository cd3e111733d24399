package seedtest

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/metainfo"
	"github.com/anacrolix/torrent/storage"
)

// Leech downloads a torrent from one peer into dir, with a client in this
// process that knows nobody else.
func Leech(data []byte, peer, dir string, timeout time.Duration) error {
	return leech(data, dir, timeout, leecherConfig(), func(_ *torrent.Client, t *torrent.Torrent) {
		t.AddPeers([]torrent.PeerInfo{{Addr: torrent.StringAddr(peer), Trusted: true}})
	})
}

// LeechIncoming is Leech for a client that dials nobody: who wants to serve it
// has to dial the address that it hands to ready. With encrypted it takes
// encrypted connections only.
func LeechIncoming(data []byte, dir string, encrypted bool, timeout time.Duration, ready func(netip.AddrPort)) error {
	cfg := leecherConfig()
	cfg.HeaderObfuscationPolicy = torrent.HeaderObfuscationPolicy{Preferred: encrypted, RequirePreferred: encrypted}
	return leech(data, dir, timeout, cfg, func(cl *torrent.Client, _ *torrent.Torrent) {
		ready(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(cl.LocalPort())))
	})
}

func leech(data []byte, dir string, timeout time.Duration, cfg *torrent.ClientConfig,
	started func(*torrent.Client, *torrent.Torrent)) (err error) {
	mi, err := metainfo.Load(bytes.NewReader(data))
	if err != nil {
		return err
	}
	mi.Announce, mi.AnnounceList, mi.UrlList = "", nil, nil
	files := storage.NewFileOpts(storage.NewFileClientOpts{
		ClientBaseDir:   dir,
		PieceCompletion: storage.NewMapPieceCompletion(),
	})
	defer func() { err = errors.Join(err, files.Close()) }()
	cfg.DefaultStorage = files
	cl, err := torrent.NewClient(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(append(cl.Close(), err)...) }()
	t, err := cl.AddTorrent(mi)
	if err != nil {
		return err
	}
	t.DownloadAll()
	started(cl, t)
	select {
	case <-t.Complete().On():
		return nil
	case <-time.After(timeout):
		stats := t.Stats()
		return fmt.Errorf("leecher has %d of %d bytes after %v (%d peers, %d bad pieces)",
			t.BytesCompleted(), t.Length(), timeout, stats.ActivePeers, stats.PiecesDirtiedBad.Int64())
	}
}

func leecherConfig() *torrent.ClientConfig {
	cfg := torrent.NewDefaultClientConfig()
	cfg.ListenHost = func(string) string { return "127.0.0.1" }
	cfg.ListenPort = 0
	cfg.DisableIPv6 = true
	cfg.DisableUTP = true
	cfg.DisableTrackers = true
	cfg.DisableWebseeds = true
	cfg.DisableWebtorrent = true
	cfg.NoDHT = true
	cfg.NoDefaultPortForwarding = true
	cfg.NoUpload = true
	cfg.Slogger = slog.New(slog.DiscardHandler)
	return cfg
}

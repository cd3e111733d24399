package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"
	"time"

	client "github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/storage"
)

// anacrolix seeds until the process is asked to end. What is switched off either finds
// nobody in a closed network (DHT, port mapping), or ends the program where there is no IPv6.
func anacrolix(ctx context.Context, metainfo, root string) (err error) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	files := storage.NewFileOpts(storage.NewFileClientOpts{ClientBaseDir: root, PieceCompletion: storage.NewMapPieceCompletion()})
	defer func() { err = errors.Join(err, files.Close()) }()
	cfg := client.NewDefaultClientConfig()
	cfg.Seed, cfg.DefaultStorage = true, files
	cfg.NoDHT, cfg.DisableIPv6, cfg.DisableUTP, cfg.DisableWebtorrent, cfg.NoDefaultPortForwarding = true, true, true, true, true
	cfg.Slogger = slog.New(slog.DiscardHandler)
	cl, err := client.NewClient(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(append(cl.Close(), err)...) }()
	t, err := cl.AddTorrentFromFile(metainfo)
	if err != nil {
		return err
	}
	if err := t.VerifyDataContext(ctx); err != nil {
		return err
	}
	select { // it notes a little later what it has found
	case <-t.Complete().On():
	case <-time.After(10 * time.Second):
		return fmt.Errorf("has %d of %d bytes", t.BytesCompleted(), t.Length())
	}
	fmt.Println(`{"ready": true}`)
	<-ctx.Done()
	stats := t.Stats()
	fmt.Printf("{\"uploaded\": %d}\n", stats.BytesWrittenData.Int64())
	return nil
}

// Command anacrolixseed seeds all releases of a channel with the Client of
// anacrolix/torrent, which takes their payloads for checked.
//
//	anacrolixseed PUBLIC PORT
//
// It prints "seeding" when all of them are, and goes on until it is ended.
package main

import (
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/anacrolix/generics"
	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/metainfo"
	"github.com/anacrolix/torrent/storage"
)

func main() {
	if err := seed(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "anacrolixseed:", err)
		os.Exit(1)
	}
}

func seed(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("wants PUBLIC and PORT")
	}
	port, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	torrents, err := filepath.Glob(filepath.Join(args[0], "*", "*.torrent"))
	if err != nil {
		return err
	}
	client, err := torrent.NewClient(config(port))
	if err != nil {
		return err
	}
	for _, file := range torrents {
		if err := add(client, file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	for _, t := range client.Torrents() {
		<-t.Complete().On()
	}
	fmt.Println("seeding")
	end := make(chan os.Signal, 1)
	signal.Notify(end, os.Interrupt, syscall.SIGTERM)
	<-end
	client.Close()
	return nil
}

// config is a client on loopback that only uploads. Its defaults stay, but for what would
// reach other machines, and a limit that sets it back: 50 connections a torrent.
func config(port int) *torrent.ClientConfig {
	c := torrent.NewDefaultClientConfig()
	c.ListenHost = func(string) string { return "127.0.0.1" }
	c.ListenPort = port
	c.Seed = true
	c.EstablishedConnsPerTorrent = 500
	c.NoDHT = true
	c.DisableUTP = true
	c.DisableIPv6 = true
	c.DisableWebtorrent = true
	c.DisableWebseeds = true
	c.NoDefaultPortForwarding = true
	c.DefaultStorage = files("") // of no use, and the default one makes a database where it is started
	c.Slogger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	return c
}

func add(client *torrent.Client, file string) error {
	info, err := metainfo.LoadFromFile(file)
	if err != nil {
		return err
	}
	spec, err := torrent.TorrentSpecFromMetaInfoErr(info)
	if err != nil {
		return err
	}
	spec.Storage = files(filepath.Join(filepath.Dir(file), "files"))
	_, _, err = client.AddTorrentSpec(spec)
	return err
}

// files are payloads in dir that are complete.
func files(dir string) storage.ClientImpl {
	return storage.NewFileOpts(storage.NewFileClientOpts{
		ClientBaseDir:   dir,
		PieceCompletion: checked{},
		UsePartFiles:    generics.Some(false), // files are never renamed
	})
}

// checked says that every piece was found right before.
type checked struct{}

func (checked) Get(metainfo.PieceKey) (storage.Completion, error) {
	return storage.Completion{Ok: true, Complete: true}, nil
}
func (checked) Set(metainfo.PieceKey, generics.Option[bool]) error { return nil }
func (checked) Close() error                                       { return nil }

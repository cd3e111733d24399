package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"

	"commonseed/publish/torrentfile"

	"github.com/anacrolix/torrent/metainfo"
)

const (
	trackerURL = "http://" + hubAddress + ":6969/announce"
	filmName   = "film.bin"
)

// release is what is seeded.
type release struct {
	channel string // that commonseed seeds
	root    string // a copy of the payload for the others: root/<torrent name>
	name    string // of the torrent
	length  int64  // payload bytes, without pads
	hybrid  torrent
	v1      torrent // of the same files
}

// torrent is what is given to everybody but commonseed: without web seeds.
type torrent struct {
	file   string
	hashes []string // under which peers announce: v1, and v2 cut to the same length (BEP 52)
	pieces int
}

const config = `[channel]
title = "Bench"
[seed]
trackers = ["` + trackerURL + `"]
own_tracker = false
dht = false
`

// prepare builds the program and publishes the payload.
func (b *bench) prepare(ctx context.Context, size, pieceLength int64) error {
	if b.program == "" {
		b.program = filepath.Join(b.dir, "commonseed")
		if _, err := output(ctx, "go", "build", "-o", b.program, "./cmd/commonseed"); err != nil {
			return err
		}
	}
	if err := os.Chmod(b.dir, 0o755); err != nil { // opentracker becomes nobody
		return err
	}
	if err := os.WriteFile(filepath.Join(b.dir, "node.py"), nodeScript, 0o644); err != nil {
		return err
	}
	film, toml := filepath.Join(b.dir, filmName), filepath.Join(b.dir, "bench.toml")
	if err := errors.Join(noise(film, size), os.WriteFile(toml, []byte(config), 0o644)); err != nil {
		return err
	}
	b.release.channel = filepath.Join(b.dir, "channel")
	cmd := exec.CommandContext(ctx, b.program, "publish", film, "--config", toml, "--channel", b.release.channel, "--json", "--no-seed",
		"--license", "cc0", "--creator", "Bench", "--piece-length", fmt.Sprint(pieceLength))
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("commonseed publish: %w\n%s%s", err, out, said.Bytes())
	}
	var m struct{ Torrent, Payload string }
	if err := json.Unmarshal(out, &m); err != nil {
		return fmt.Errorf("commonseed publish printed %q: %w", out, err)
	}
	return b.release.take(ctx, b.dir, m.Torrent, m.Payload, pieceLength)
}

// noise writes a file that is the same in each run and does not compress.
func noise(file string, size int64) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.NewChaCha8([32]byte{1}), size)
	return errors.Join(err, f.Close())
}

// take notes what was published, and copies it for the others.
func (r *release) take(ctx context.Context, dir, published, payload string, pieceLength int64) error {
	r.name, r.root = filepath.Base(payload), filepath.Join(dir, "payload")
	root := filepath.Join(r.root, r.name)
	if err := os.CopyFS(root, os.DirFS(payload)); err != nil {
		return err
	}
	v1, err := torrentfile.Build(ctx, root, torrentfile.Options{Name: r.name, PieceLength: pieceLength, Mode: torrentfile.V1})
	if err != nil {
		return err
	}
	r.length = v1.Length()
	if r.v1, err = newTorrent(v1.Marshal(), filepath.Join(dir, "v1.torrent")); err != nil {
		return err
	}
	hybrid, err := os.ReadFile(published)
	if err != nil {
		return err
	}
	r.hybrid, err = newTorrent(hybrid, filepath.Join(dir, "hybrid.torrent"))
	return err
}

// newTorrent writes a torrent that leads to the tracker and nowhere else.
func newTorrent(data []byte, file string) (torrent, error) {
	mi, err := metainfo.Load(bytes.NewReader(data))
	if err != nil {
		return torrent{}, err
	}
	info, err := mi.UnmarshalInfo()
	if err != nil {
		return torrent{}, err
	}
	t := torrent{file: file, hashes: []string{mi.HashInfoBytes().HexString()}, pieces: info.NumPieces()}
	if info.HasV2() {
		v2 := sha256.Sum256(mi.InfoBytes)
		t.hashes = append(t.hashes, hex.EncodeToString(v2[:20]))
	}
	mi.UrlList, mi.Announce, mi.AnnounceList, mi.Nodes = nil, trackerURL, nil, nil
	f, err := os.Create(file)
	if err != nil {
		return torrent{}, err
	}
	return t, errors.Join(mi.Write(f), f.Close())
}

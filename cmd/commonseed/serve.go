package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"commonseed/publish"
	"commonseed/seed"
	"commonseed/seed/origin"
	"commonseed/seed/tracker"
	"commonseed/seed/web"
)

// Where a channel is served unless something else is said. The addresses stay
// the same over restarts, so that links and routers' rules keep holding.
const (
	defaultHTTP     = ":7447"
	defaultPeerPort = 7448
)

// server joins what keeps channels reachable: pages, feeds and web seed over
// HTTP, the tracker, and the engine that uploads to peers.
type server struct {
	*env
	flags  serveFlags
	http   net.Listener
	engine *origin.Engine
	track  *tracker.Tracker
	unlock []func()
}

// address is where to serve: flag over file over default.
func (s *server) address(c *publish.Config) string {
	switch {
	case s.flags.HTTP != "":
		return s.flags.HTTP
	case c.Seed.HTTP != "":
		return c.Seed.HTTP
	}
	return defaultHTTP
}

func (s *server) peerPort(c *publish.Config) int {
	switch {
	case s.flags.PeerPort != nil:
		return *s.flags.PeerPort
	case c.Seed.PeerPort != nil:
		return *c.Seed.PeerPort
	}
	return defaultPeerPort
}

// listen takes both ports, so that a taken one is known before anything is
// written.
func (s *server) listen(ch *publish.Channel) error {
	c := ch.Config
	addr := s.address(c)
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return &portError{"--http", addr, err}
	}
	s.http = ln
	host, _, _ := net.SplitHostPort(addr)
	port := s.peerPort(c)
	s.engine, err = origin.New(origin.Options{
		PeerPort:    port,
		ListenHost:  host,
		UploadLimit: c.Seed.UploadLimit * 1024,
		DHT:         (c.Seed.DHT == nil || *c.Seed.DHT) && !loopback(ln.Addr()),
		ResumeFile:  filepath.Join(ch.State(), "resume.json"),
		Logger:      s.logger(),
	})
	if err != nil {
		ln.Close()
		return &portError{"--peer-port", fmt.Sprintf("peer port %d", port), err}
	}
	s.track = tracker.New(tracker.Options{})
	return nil
}

// logger tells what libraries say, to those who asked for it.
func (s *server) logger() *slog.Logger {
	if !s.verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(s.stderr, nil))
}

// base is the address at which this process serves, or would serve.
func (s *server) base(c *publish.Config) string {
	addr := s.address(c)
	if s.http != nil {
		addr = s.http.Addr().String()
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "http://localhost/"
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = ownAddress()
	}
	if port == "0" {
		_, port, _ = net.SplitHostPort(defaultHTTP)
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}

func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// ownAddress is the address under which others most likely reach this machine:
// a public one, else one of the local network, else itself.
func ownAddress() string {
	best, rank := "127.0.0.1", 0
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok || !n.IP.IsGlobalUnicast() {
			continue
		}
		r := 1
		if n.IP.To4() != nil {
			r += 2
		}
		if !n.IP.IsPrivate() {
			r++
		}
		if r > rank {
			best, rank = n.IP.String(), r
		}
	}
	return best
}

// seed serves and seeds the channels until the context is done.
func (s *server) seed(channels []*publish.Channel) error {
	base := s.base(channels[0].Config)
	var releases []publish.Release
	pages := http.NewServeMux()
	for _, ch := range channels {
		prefix := "/"
		if len(channels) > 1 {
			prefix = "/" + filepath.Base(ch.Dir) + "/"
		}
		rels, err := s.open(ch, strings.TrimSuffix(base, "/")+prefix)
		if err != nil {
			return err
		}
		releases = append(releases, rels...)
		pages.Handle(prefix, http.StripPrefix(strings.TrimSuffix(prefix, "/"), web.Handler(ch.Public())))
		pages.Handle(prefix+"announce", s.track)
		pages.Handle(prefix+"scrape", s.track)
	}
	srv := web.NewServer(pages)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(s.http) }()
	if err := s.add(releases); err != nil {
		return err
	}
	s.started(base, releases)
	select {
	case err := <-failed:
		return fmt.Errorf("serving %s: %w", s.http.Addr(), err)
	case <-s.watch():
	}
	return s.stop(srv)
}

// open locks a channel, puts the present addresses into it and reads it.
func (s *server) open(ch *publish.Channel, base string) ([]publish.Release, error) {
	unlockSeeding, err := ch.LockSeeding()
	if err != nil {
		return nil, err
	}
	s.unlock = append(s.unlock, unlockSeeding)
	unlock, err := ch.Lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := ch.Rebuild(ch.Addresses(base, nil, nil), s.now()); err != nil {
		return nil, err
	}
	return ch.Releases()
}

// add hands the releases to the engine and lets the tracker answer for them.
func (s *server) add(releases []publish.Release) error {
	for _, r := range releases {
		s.track.Allow(hashes(r)...)
		data, err := os.ReadFile(r.TorrentPath())
		if err != nil {
			return err
		}
		_, err = s.engine.Add(s.ctx, seed.Torrent{Slug: r.Slug, Title: r.Title, Metainfo: data, Root: filepath.Join(r.Dir, "files")})
		if err != nil {
			return err
		}
	}
	return nil
}

// hashes are the names under which peers announce a release: v1, and v2 cut to
// the same length (BEP 52).
func hashes(r publish.Release) (out [][20]byte) {
	for _, h := range []string{r.Torrent.InfohashV1, r.Torrent.InfohashV2} {
		var key [20]byte
		if b, err := hex.DecodeString(h); err == nil && len(b) >= len(key) {
			copy(key[:], b)
			out = append(out, key)
		}
	}
	return out
}

// started says where everything is to be found.
func (s *server) started(base string, releases []publish.Release) {
	if s.json {
		s.object(struct {
			MessageType string `json:"message_type"`
			HTTP        string `json:"http"`
			Tracker     string `json:"tracker"`
			PeerPort    int    `json:"peer_port"`
			Releases    int    `json:"releases"`
		}{"seeding", base, base + "announce", s.engine.PeerPort(), len(releases)})
		return
	}
	s.result("seeding    %s at %s, peers on port %d; Ctrl-C stops", count(len(releases), "release"), base, s.engine.PeerPort())
	ip := net.ParseIP(hostOf(base))
	switch {
	case ip.IsLoopback():
		s.message("only this machine reaches %s; leave out --http 127.0.0.1 to let others in", base)
	case ip.IsPrivate():
		s.message("only this network reaches %s: open both ports, and set base_url in commonseed.toml when the world can", base)
	}
}

func hostOf(base string) string {
	host, _, _ := net.SplitHostPort(strings.TrimSuffix(strings.TrimPrefix(base, "http://"), "/"))
	return host
}

// stop ends everything within five seconds.
func (s *server) stop(srv *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		srv.Close()
	}
	totals := s.engine.Status()
	err := s.close()
	if s.json {
		s.object(map[string]any{"message_type": "stopped", "uploaded": uploaded(totals)})
	} else {
		s.result("stopped    %s uploaded", bytesText(uploaded(totals)))
	}
	return err
}

func uploaded(all []seed.Status) (n int64) {
	for _, st := range all {
		n += st.Uploaded
	}
	return n
}

// close gives ports and locks back; it may be called again.
func (s *server) close() error {
	var err error
	if s.http != nil {
		if e := s.http.Close(); e != nil && !errors.Is(e, net.ErrClosed) {
			err = e
		}
	}
	if s.engine != nil {
		err = errors.Join(err, s.engine.Close())
	}
	for _, unlock := range s.unlock {
		unlock()
	}
	s.unlock = nil
	return err
}

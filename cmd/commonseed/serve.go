package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
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
// HTTP, the tracker, and the engine that uploads to peers. serve_routes.go says
// who answers which request, serve_channels.go follows the channels on disk,
// live.go tells how it goes.
type server struct {
	*env
	flags  serveFlags
	http   net.Listener
	engine *origin.Engine
	track  *tracker.Tracker
	health *health
	unlock []func()

	channels []*served
	sent     int64 // payload bytes of releases that were dropped since
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
		PeerPort:   port,
		ListenHost: host,
		Limits:     origin.Limits{Upload: c.Seed.UploadLimit * 1024},
		DHT:        (c.Seed.DHT == nil || *c.Seed.DHT) && !loopback(ln.Addr()),
		ResumeFile: filepath.Join(ch.State(), "checked"),
		Logger:     s.logger(),
	})
	if err != nil {
		ln.Close()
		return &portError{"--peer-port", fmt.Sprintf("peer port %d", port), err}
	}
	s.track = tracker.New(tracker.Options{})
	s.health = newHealth(s.engine.Status, s.now)
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
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	base := s.base(channels[0].Config)
	if err := s.open(ctx, channels, strings.TrimSuffix(base, "/")); err != nil {
		return err
	}
	srv := web.NewServer(s.sites(prefixes(channels)))
	defer srv.Close()
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(s.http) }()
	if err := s.addAll(ctx); err != nil {
		return err
	}
	s.started(base)
	watched := s.watch(ctx)
	var err error
	select {
	case e := <-failed:
		err = fmt.Errorf("serving %s: %w", s.http.Addr(), e)
	case <-watched:
	}
	cancel()
	<-watched
	return errors.Join(err, s.stop(srv))
}

// open locks all channels, and then puts their present addresses into them.
func (s *server) open(ctx context.Context, channels []*publish.Channel, root string) error {
	for i, prefix := range prefixes(channels) {
		unlock, err := channels[i].LockSeeding()
		if err != nil {
			return err
		}
		s.unlock = append(s.unlock, unlock)
		s.channels = append(s.channels, &served{Channel: channels[i], base: root + prefix, known: map[string]holding{}})
	}
	for _, c := range s.channels {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		problems, err := s.readdress(c)
		if err != nil {
			return err
		}
		c.problems = problems
	}
	return nil
}

// readdress puts the address of this process into a channel.
func (s *server) readdress(c *served) (publish.Problems, error) {
	unlock, err := c.Lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	return broken(c.Rebuild(c.Addresses(c.base, nil, nil), s.now()))
}

// sites answers for all channels: pages and tracker, below their prefixes.
func (s *server) sites(prefixes []string) http.Handler {
	sites := map[string]http.Handler{}
	for i, c := range s.channels {
		pages := gate(c.Public(), s.health, web.Handler(c.Public()))
		sites[prefixes[i]] = oneSite(pages, s.track)
	}
	if only, ok := sites["/"]; ok {
		return only
	}
	return manySites(sites, s.track)
}

// started says where everything is to be found.
func (s *server) started(base string) {
	if s.json {
		s.object(struct {
			MessageType string `json:"message_type"`
			HTTP        string `json:"http"`
			Tracker     string `json:"tracker"`
			PeerPort    int    `json:"peer_port"`
			Releases    int    `json:"releases"`
		}{"seeding", base, base + "announce", s.engine.PeerPort(), s.releases()})
		return
	}
	s.result("seeding    %s at %s, peers on port %d; Ctrl-C stops", count(s.releases(), "release"), base, s.engine.PeerPort())
	if len(s.channels) > 1 {
		for _, c := range s.channels {
			s.result("channel    %s at %s", c.Dir, c.base)
		}
	}
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
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		srv.Close()
	}
	sent := s.sent + uploaded(s.engine.Status())
	err := s.close()
	if s.json {
		s.object(map[string]any{"message_type": "stopped", "uploaded": sent})
	} else {
		s.result("stopped    %s uploaded", bytesText(sent))
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

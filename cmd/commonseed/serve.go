package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"commonseed/publish"
	"commonseed/seed/origin"
	"commonseed/seed/tracker"
)

// Where a channel is served unless something else is said. The addresses stay
// the same over restarts, so that links and routers' rules keep holding.
const (
	defaultHTTP     = ":7447"
	defaultPeerPort = 7448
)

// server joins what keeps channels reachable: pages, feeds and web seed over
// HTTP, the tracker, and the engine that uploads to peers.
//
//   - serve.go           its life, and where it serves
//   - serve_http.go      its HTTP servers
//   - serve_ways.go      the tracker over UDP, and the ports a router leads here
//   - serve_routes.go    who answers which request
//   - serve_channels.go  what it holds of each channel
//   - serve_follow.go    follows the channels on disk
//   - serve_rebuild.go   brings their feeds and pages up to date
//   - serve_reload.go    limits, the hours of the day, a changed commonseed.toml
//   - serve_view.go      how all releases stand, looked at now and then
//   - serve_log.go       what happens, as messages or log lines
//   - live.go            how it goes, on a terminal and as JSON lines
//   - notify.go          what a service manager is told
//   - status_*.go        what commonseed status, browsers and Prometheus are told
type server struct {
	*env
	flags   serveFlags
	baseURL string // instead of that in commonseed.toml, "" is none
	http    net.Listener
	pages   net.Listener // of the live page, nil: none
	engine  *origin.Engine
	track   *tracker.Tracker
	log     *slog.Logger
	manager notifier
	unlock  []func()
	ways    ways

	begun    time.Time
	home     string // where it serves, ends in "/"
	channels []*served
	up       atomic.Bool // all releases were added
	limits   origin.Limits
	view     atomic.Pointer[view]
	history  history

	saying sync.Mutex // held while something is written, so that lines stay whole
	drawn  int        // lines of the live view on the terminal
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

// listen takes all ports, so that a taken one is known before anything is
// written.
func (s *server) listen(ch *publish.Channel) error {
	c := ch.Config
	addr := s.address(c)
	var err error
	if s.http, err = net.Listen("tcp", addr); err != nil {
		return &portError{"--http", addr, err}
	}
	if s.pages, err = listenPages(s.pagesAddress(c)); err != nil {
		s.close()
		return err
	}
	s.begun, s.log, s.limits = s.now(), s.logger(), limitsOf(&c.Seed, s.now())
	host, _, _ := net.SplitHostPort(addr)
	port := s.peerPort(c)
	s.engine, err = origin.New(origin.Options{
		PeerPort:   port,
		ListenHost: host,
		Limits:     s.limits,
		DHT:        (c.Seed.DHT == nil || *c.Seed.DHT) && !loopback(s.http.Addr()),
		LSD:        (c.Seed.LocalDiscovery == nil || *c.Seed.LocalDiscovery) && !loopback(s.http.Addr()),
		ResumeFile: filepath.Join(ch.State(), "checked"),
		Logger:     s.log,
	})
	if err != nil {
		s.close()
		return &portError{"--peer-port", fmt.Sprintf("peer port %d", port), err}
	}
	s.track = tracker.New(tracker.Options{})
	if err := s.openWays(c); err != nil {
		s.close()
		return err
	}
	return nil
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
	s.home = s.base(channels[0].Config)
	if err := s.lock(channels); err != nil {
		return err
	}
	s.manager = newNotifier(s.log)
	hangups, ignore := s.hangups()
	defer ignore()
	s.look()
	serving := &serving{server: s, failed: make(chan error, 1)}
	defer serving.stop()
	serving.status()
	if err := s.addAll(ctx); err != nil {
		return err
	}
	serving.run(s.http, s.sites()) // not before: pages had another address until then
	s.started()
	watched := s.watch(ctx, hangups)
	var err error
	select {
	case err = <-serving.failed:
	case <-ctx.Done():
	}
	cancel()
	s.manager.tell("STOPPING=1")
	select {
	case <-watched:
	case <-time.After(2 * time.Second): // feeds are being rebuilt: each file is replaced whole, whenever that ends
	}
	return errors.Join(err, s.stop(serving))
}

// lock takes the channels for this process.
func (s *server) lock(channels []*publish.Channel) error {
	for i, prefix := range prefixes(channels) {
		unlock, err := channels[i].LockSeeding()
		if err != nil {
			return err
		}
		s.unlock = append(s.unlock, unlock)
		s.channels = append(s.channels, newServed(channels[i], strings.TrimSuffix(s.home, "/")+prefix))
	}
	return nil
}

// started says where everything is to be found.
func (s *server) started() {
	s.look()
	s.up.Store(true)
	s.manager.tell("READY=1")
	releases, port := s.releases(), s.engine.PeerPort()
	s.log.Info("seeding", "releases", releases, "http", s.home, "peer_port", port)
	if s.json {
		s.say(func() {
			s.object(struct {
				MessageType string `json:"message_type"`
				HTTP        string `json:"http"`
				Tracker     string `json:"tracker"`
				PeerPort    int    `json:"peer_port"`
				Releases    int    `json:"releases"`
				Status      string `json:"status,omitempty"`
			}{"seeding", s.home, s.home + "announce", port, releases, s.pagesURL()})
		})
		return
	}
	s.result("seeding    %s at %s, peers on port %d; Ctrl-C stops", count(releases, "release"), s.home, port)
	if s.pages != nil {
		s.result("status     %s", s.pagesURL())
	}
	if len(s.channels) > 1 {
		for _, c := range s.channels {
			s.result("channel    %s at %s", c.Dir, c.base)
		}
	}
	if advice := s.homeAdvice(); advice != "" {
		s.event(slog.LevelInfo, advice)
	}
}

func hostOf(base string) string {
	host, _, _ := net.SplitHostPort(strings.TrimSuffix(strings.TrimPrefix(base, "http://"), "/"))
	return host
}

// stop ends everything within five seconds.
func (s *server) stop(serving *serving) error {
	serving.stop()
	sent := s.engine.Report().Uploaded
	err := s.close()
	s.log.Info("stopped", "uploaded", sent)
	s.say(func() {
		if s.json {
			s.object(map[string]any{"message_type": "stopped", "uploaded": sent})
		} else {
			s.result("stopped    %s uploaded", bytesText(sent))
		}
	})
	return err
}

// close gives ports and locks back; it may be called again.
func (s *server) close() error {
	var err error
	for _, ln := range []net.Listener{s.http, s.pages} {
		if ln == nil {
			continue
		}
		if e := ln.Close(); e != nil && !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	s.ways.close()
	if s.engine != nil {
		err = errors.Join(err, s.engine.Close())
	}
	for _, unlock := range s.unlock {
		unlock()
	}
	s.unlock = nil
	return err
}

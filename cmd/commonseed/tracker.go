package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"commonseed/seed/tracker"
	"commonseed/seed/web"
)

type trackerCmd struct {
	HTTP  string   `name:"http" placeholder:"ADDR" default:":6969" help:"Answer over HTTP here; port 0 picks a free one (default ${default})."`
	UDP   string   `name:"udp" placeholder:"ADDR" default:":6969" help:"Answer over UDP here; port 0 picks a free one (default ${default})."`
	Allow []string `placeholder:"PATH" sep:"none" help:"Track the torrents of this channel, folder, .torrent or list of infohashes; may be given again."`
}

// errNothingAllowed is a tracker without torrents: it is never open to all.
var errNothingAllowed = errors.New("no torrents to track")

// trackerIdle is how long a connection is kept: its peer is gone for minutes.
const trackerIdle = 10 * time.Second

// trackerServer is the tracker alone. tracker_allow.go says for which torrents.
type trackerServer struct {
	*env
	track   *tracker.Tracker
	sources []*source
	http    net.Listener
	udp     *net.UDPConn
}

func (c *trackerCmd) Run(e *env) error {
	if len(c.Allow) == 0 {
		return errNothingAllowed
	}
	s := &trackerServer{env: e, track: tracker.New(tracker.Options{})}
	for _, path := range c.Allow {
		s.sources = append(s.sources, &source{path: path})
	}
	if err := s.readAll(); err != nil {
		return err
	}
	if err := s.listen(c); err != nil {
		return err
	}
	return s.serve()
}

func (s *trackerServer) listen(c *trackerCmd) error {
	var err error
	// Connections are too short for the system to ask whether they still live.
	short := net.ListenConfig{KeepAlive: -1}
	if s.http, err = short.Listen(s.ctx, "tcp", c.HTTP); err != nil {
		return &portError{"--http", c.HTTP, err}
	}
	conn, err := net.ListenPacket("udp", c.UDP)
	if err != nil {
		s.http.Close()
		return &portError{"--udp", c.UDP, err}
	}
	s.udp = conn.(*net.UDPConn)
	return nil
}

// serve answers until the context is done.
func (s *trackerServer) serve() error {
	srv := web.NewServer(s.track)
	srv.IdleTimeout = trackerIdle
	failed := make(chan error, 2)
	var both sync.WaitGroup
	both.Go(func() { failed <- srv.Serve(s.http) })
	both.Go(func() { failed <- s.track.ServeUDP(s.udp) })
	s.tracking()
	err := s.watch(failed)
	srv.Close()
	s.udp.Close()
	both.Wait()
	st := s.track.Stats()
	if s.json {
		s.object(map[string]any{"message_type": "stopped", "announces": st.Announces, "scrapes": st.Scrapes})
	} else {
		s.result("stopped    %s answered", count(int(st.Announces+st.Scrapes), "request"))
	}
	return err
}

// watch rereads what is allowed until the context is done, or serving fails.
func (s *trackerServer) watch(failed <-chan error) error {
	looks, stats := time.NewTicker(rereading), time.NewTicker(time.Minute)
	defer looks.Stop()
	defer stats.Stop()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-s.ctx.Done():
			return nil
		case err := <-failed:
			return fmt.Errorf("serving: %w", err)
		case <-looks.C:
			s.reread(false)
		case <-hangup:
			s.reread(true)
		case <-stats.C:
			st := s.track.Stats()
			s.detail("%s, %s; %d announces, %d scrapes, %d refusals so far", count(st.Torrents, "torrent"),
				count(st.Peers, "peer"), st.Announces, st.Scrapes, st.Refusals)
		}
	}
}

// tracking says what is tracked, and where peers announce it.
func (s *trackerServer) tracking() {
	torrents := s.track.Stats().Torrents
	httpURL, udpURL := "http://"+reached(s.http.Addr())+"/announce", "udp://"+reached(s.udp.LocalAddr())+"/announce"
	if s.json {
		s.object(map[string]any{"message_type": "tracking", "http": httpURL, "udp": udpURL, "torrents": torrents})
		return
	}
	s.result("tracking   %s at %s and %s; Ctrl-C stops", count(torrents, "torrent"), httpURL, udpURL)
}

// reached is the host and port at which others most likely reach an address of
// this machine.
func reached(a net.Addr) string {
	host, port, _ := net.SplitHostPort(a.String())
	if net.ParseIP(host).IsUnspecified() {
		host = ownAddress()
	}
	return net.JoinHostPort(host, port)
}

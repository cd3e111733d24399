package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"commonseed/seed/web"
)

// serving are the HTTP servers of a server.
type serving struct {
	*server
	failed  chan error // the first that fails ends the seeder
	servers []*http.Server
	closers []func()
}

// run serves on one listener.
func (s *serving) run(ln net.Listener, h http.Handler) {
	srv := web.NewServer(s.contained(h))
	s.servers = append(s.servers, srv)
	go func() {
		err := srv.Serve(ln)
		if errors.Is(err, http.ErrServerClosed) {
			return
		}
		select {
		case s.failed <- fmt.Errorf("serving %s: %w", ln.Addr(), err):
		default:
		}
	}()
}

// status answers who asks how it goes, from now on.
func (s *serving) status() {
	h := s.statusHandler()
	if s.pages != nil {
		s.run(s.pages, onlyLoopback(h))
	}
	for _, c := range s.channels {
		ln, remove, err := listenStatus(c.State())
		if err != nil {
			s.event(slog.LevelWarn, fmt.Sprintf("commonseed status cannot ask this seeder: %v", err))
			continue
		}
		s.run(ln, h)
		s.closers = append(s.closers, remove)
	}
}

// stop ends all servers within a second; it may be called again.
func (s *serving) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, srv := range s.servers {
		if srv.Shutdown(ctx) != nil {
			srv.Close()
		}
	}
	for _, remove := range s.closers {
		remove()
	}
}

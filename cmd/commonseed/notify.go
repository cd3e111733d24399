package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// notifier tells a service manager how it goes. sd_notify(3)
type notifier struct {
	socket string // "" is no service manager
	log    *slog.Logger
}

// newNotifier takes the manager's socket from the environment.
func newNotifier(log *slog.Logger) notifier {
	return notifier{os.Getenv("NOTIFY_SOCKET"), log}
}

// tell sends assignments, one a line, like READY=1.
func (n notifier) tell(lines ...string) {
	if n.socket == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"}) // "@": abstract
	if err == nil {
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		_, err = conn.Write([]byte(strings.Join(lines, "\n")))
	}
	if err != nil {
		n.log.Warn("the service manager was not told", "what", lines[0], "err", err)
	}
}

// watchdogInterval is how often the service manager wants to hear that all is well;
// 0: it does not. sd_watchdog_enabled(3)
func watchdogInterval() time.Duration {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	usec, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || usec <= 0 || usec > int64(24*time.Hour/time.Microsecond) {
		return 0
	}
	return time.Duration(usec) * time.Microsecond
}

// watchdog tells the service manager that all is well, as long as the engine
// answers. Where it does not, this process is to be started anew.
func (s *server) watchdog(ctx context.Context) {
	interval := watchdogInterval() / 3
	if interval == 0 {
		return
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		r := s.engine.Report() // does not return if the engine hangs
		s.manager.tell("WATCHDOG=1", fmt.Sprintf("STATUS=%s, %s, %s/s up", count(r.Torrents, "release"),
			count(r.Peers, "peer"), bytesText(int64(r.Rate))))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

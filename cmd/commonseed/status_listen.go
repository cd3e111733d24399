package main

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"commonseed/publish"
)

// Who may ask a seeder how it goes: whoever may read the channel's .commonseed,
// through a Unix socket in it, and, only where somebody asked for it, every program
// of this machine, through a loopback port. docs/decisions/status.md

const (
	socketName = "status.sock"
	// maxSocketPath is how long a socket's path may be on every Unix, in bytes.
	maxSocketPath = 103
)

// listenStatus listens on the socket in a channel's state directory, which this
// process has locked: one that is there is left over. The second answer takes
// the socket away again.
func listenStatus(state string) (net.Listener, func(), error) {
	socket := filepath.Join(state, socketName)
	remove := func() { os.Remove(socket) }
	remove()
	var ln *net.UnixListener
	err := shortly(state, func(dir string) (err error) {
		ln, err = net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, socketName), Net: "unix"})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	ln.SetUnlinkOnClose(false) // by a name that may be gone by then
	if err := os.Chmod(socket, 0o600); err != nil {
		ln.Close()
		remove()
		return nil, nil, err
	}
	return ln, remove, nil
}

// dialStatus connects to the seeder of a channel.
func dialStatus(state string) (conn net.Conn, err error) {
	err = shortly(state, func(dir string) (err error) {
		conn, err = net.Dial("unix", filepath.Join(dir, socketName))
		return err
	})
	return conn, err
}

// shortly calls f with a name for dir that is short enough for the name of a
// socket in it: dir itself, or a link that lasts as long as the call.
func shortly(dir string, f func(dir string) error) error {
	if len(filepath.Join(dir, socketName)) <= maxSocketPath {
		return f(dir)
	}
	tmp := os.TempDir()
	if len(tmp) > maxSocketPath/2 {
		tmp = "/tmp"
	}
	tmp, err := os.MkdirTemp(tmp, "cs")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	link := filepath.Join(tmp, "c")
	if err := os.Symlink(dir, link); err != nil {
		return err
	}
	return f(link)
}

// pagesAddress is where the live page is asked for: flag over file, "" is nowhere.
func (s *server) pagesAddress(c *publish.Config) string {
	if s.flags.Status != "" {
		return s.flags.Status
	}
	return c.Seed.Status
}

var errNotLoopback = errors.New("is no loopback address: write 127.0.0.1:7449, and let a proxy with a password stand before it")

// listenPages listens for browsers of this machine. Without an address there is no
// listener, and no error.
func listenPages(addr string) (net.Listener, error) {
	if addr == "" {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(addr)
	if err == nil && !isLoopback(host) {
		err = errNotLoopback
	}
	if err != nil {
		return nil, &publish.ValueError{Where: "--status, or [seed] in commonseed.toml", Key: "status", Value: addr, Err: err}
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, &portError{"--status", addr, err}
	}
	return ln, nil
}

func (s *server) pagesURL() string {
	if s.pages == nil {
		return ""
	}
	return "http://" + s.pages.Addr().String() + "/"
}

// isLoopback knows the names of this machine for itself.
func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// onlyLoopback answers nobody but those who ask this machine by such a name: a
// page from elsewhere whose name was turned to 127.0.0.1 (DNS rebinding) asks by
// another one, and so does a proxy that was not told to stand here.
func onlyLoopback(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host // without a port
		}
		if !isLoopback(host) {
			http.Error(w, "Ask by the name localhost or 127.0.0.1.", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}

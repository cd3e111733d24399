// Package utp stands in for github.com/anacrolix/go-utp, of which no version
// resolves. It opens no socket: commonseed speaks TCP only, because pure-Go uTP
// moves 1–13 MB/s. Replace it by the real module as soon as that one resolves.
package utp

import (
	"context"
	"errors"
	"log/slog"
	"net"
)

// Default names the implementation in errors of the torrent library.
const Default = "noutp"

var errNoUTP = errors.New("uTP is not part of this build")

// FirewallCallback decides whether an incoming connection is dropped.
type FirewallCallback func(net.Addr) bool

// Option configures a Socket; none has an effect here.
type Option func()

// WithLogger has no effect.
func WithLogger(*slog.Logger) Option { return func() {} }

// Socket is what the torrent library expects of a uTP socket.
type Socket interface {
	net.PacketConn
	Accept() (net.Conn, error)
	Addr() net.Addr
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	SetFirewallCallback(FirewallCallback)
}

// NewSocket always fails.
func NewSocket(network, addr string, _ ...Option) (Socket, error) { return nil, errNoUTP }

// NewSocketFromPacketConn always fails and closes nothing.
func NewSocketFromPacketConn(net.PacketConn, ...Option) (Socket, error) { return nil, errNoUTP }

package origin

import (
	"net"

	"golang.org/x/sys/unix"
)

// unacknowledged is how many bytes that were written to a connection the other
// system has not acknowledged.
func unacknowledged(nc net.Conn) (n int64) {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return 0
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		if v, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			n = int64(v)
		}
	})
	return n
}

//go:build unix

package announce

import "syscall"

// silent says whether a kept connection is still open and nothing came on it: what
// comes unasked would be taken for the next answer.
func silent(c syscall.RawConn) bool {
	if c == nil {
		return true
	}
	var b [1]byte
	var failed error
	err := c.Control(func(fd uintptr) { _, failed = syscall.Read(int(fd), b[:]) })
	return err == nil && failed == syscall.EAGAIN
}

package origin

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// maxParts is how many buffers one call of the system fills at most.
const maxParts = 1024

// readParts fills the parts, one after the other, from a file at off.
func readParts(f *os.File, parts [][]byte, off int64) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for len(parts) > 0 {
			n, err := unix.Preadv(int(fd), parts[:min(len(parts), maxParts)], off)
			if err == unix.EINTR {
				continue
			}
			if err == nil && n == 0 {
				err = io.EOF
			}
			if err != nil {
				failed = err
				return
			}
			off += int64(n)
			parts = consume(parts, n)
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// consume drops n bytes that were filled.
func consume(parts [][]byte, n int) [][]byte {
	for n > 0 && n >= len(parts[0]) {
		n -= len(parts[0])
		parts = parts[1:]
	}
	if n > 0 {
		rest := append([][]byte{parts[0][n:]}, parts[1:]...)
		return rest
	}
	return parts
}

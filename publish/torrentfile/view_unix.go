//go:build unix

package torrentfile

import "syscall"

func mmap(fd uintptr, at int64, n int) ([]byte, error) {
	return syscall.Mmap(int(fd), at, n, syscall.PROT_READ, syscall.MAP_SHARED)
}

func munmap(mem []byte) { _ = syscall.Munmap(mem) } // it was mapped

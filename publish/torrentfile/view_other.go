//go:build !unix

package torrentfile

import "errors"

func mmap(uintptr, int64, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func munmap([]byte) {}

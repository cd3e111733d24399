package main

import (
	"io"
	"os"
	"syscall"
)

const (
	mapWindow = 16 << 20 // bytes mapped at a time
	mapLeast  = 1 << 20  // bytes of a file, below which it is read
)

// feeder reads the files of one worker of a stand-in.
type feeder struct {
	mapped bool
	read   int
	buf    []byte
	part   *part
	file   *os.File
}

// feed hashes n bytes of a file from off on.
func (fd *feeder) feed(w io.Writer, p *part, off, n int64) error {
	if fd.part != p {
		fd.close()
		file, err := os.Open(p.path)
		if err != nil {
			return err
		}
		fd.part, fd.file = p, file
	}
	if fd.mapped && p.length >= mapLeast {
		return fd.feedMapped(w, off, n)
	}
	return fd.feedRead(w, off, n)
}

func (fd *feeder) feedRead(w io.Writer, off, n int64) error {
	if fd.buf == nil {
		fd.buf = make([]byte, fd.read)
	}
	for n > 0 {
		part := fd.buf[:min(n, int64(len(fd.buf)))]
		if _, err := fd.file.ReadAt(part, off); err != nil {
			return err
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
		off, n = off+int64(len(part)), n-int64(len(part))
	}
	return nil
}

func (fd *feeder) feedMapped(w io.Writer, off, n int64) error {
	for n > 0 {
		length := min(n, mapWindow)
		from := off &^ int64(os.Getpagesize()-1)
		data, err := syscall.Mmap(int(fd.file.Fd()), from, int(off-from+length), syscall.PROT_READ, syscall.MAP_SHARED)
		if err != nil {
			return err
		}
		_, err = w.Write(data[off-from:])
		if lost := syscall.Munmap(data); err == nil {
			err = lost
		}
		if err != nil {
			return err
		}
		off, n = off+length, n-length
	}
	return nil
}

func (fd *feeder) close() {
	if fd.file != nil {
		fd.file.Close()
	}
}

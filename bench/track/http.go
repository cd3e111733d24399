package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"syscall"
)

// httpClient announces over HTTP/1.1, with a connection for each announce or with one
// for all. It speaks to the system without the ways round that Go's own client
// makes: the load is to cost less than the tracker.
type httpClient struct {
	tracker, source syscall.SockaddrInet4
	keep            bool
	fd              int // of a connection that is kept; -1: none
	request, answer []byte
	host            string
}

func openHTTP(worker int, tracker netip.AddrPort, keep bool) (client, error) {
	return &httpClient{
		tracker: syscall.SockaddrInet4{Addr: tracker.Addr().As4(), Port: int(tracker.Port())},
		source:  syscall.SockaddrInet4{Addr: source(worker).As4()},
		keep:    keep, fd: -1, answer: make([]byte, 16<<10), host: tracker.String(),
	}, nil
}

func (c *httpClient) announce(peers []peer) (int, error) {
	for i, p := range peers {
		if err := c.one(p); err != nil {
			return i, err
		}
	}
	return len(peers), nil
}

// one announces one peer. Without keep it reads until the tracker closes the connection.
func (c *httpClient) one(p peer) error {
	if c.fd < 0 {
		if err := c.connect(); err != nil {
			return err
		}
	}
	c.write(p)
	if _, err := syscall.Write(c.fd, c.request); err != nil {
		return err
	}
	got := 0
	for !c.keep || !complete(c.answer[:got]) {
		n, err := syscall.Read(c.fd, c.answer[got:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("after %d bytes: %w", got, err)
		}
		if n == 0 {
			break
		}
		got += n
	}
	if !c.keep {
		c.close()
	}
	if answer := c.answer[:got]; !complete(answer) || !bytes.Contains(answer, []byte("\r\n\r\nd8:complete")) {
		return fmt.Errorf("tracker answered %.300q", answer)
	}
	return nil
}

func (c *httpClient) connect() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	c.fd = fd
	const bindAddressNoPort = 24 // IP_BIND_ADDRESS_NO_PORT: the port is chosen when it connects
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, bindAddressNoPort, 1); err != nil {
		return err
	}
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 10}); err != nil {
		return err
	}
	if err := syscall.Bind(fd, &c.source); err != nil {
		return err
	}
	return syscall.Connect(fd, &c.tracker)
}

// complete says whether all of an answer is there.
func complete(answer []byte) bool {
	head, body, ok := bytes.Cut(answer, []byte("\r\n\r\n"))
	if !ok {
		return false
	}
	_, length, _ := bytes.Cut(head, []byte("Content-Length: "))
	length, _, _ = bytes.Cut(length, []byte("\r"))
	n, err := strconv.Atoi(string(length))
	return err == nil && len(body) == n
}

// write makes the request that libtorrent would make.
func (c *httpClient) write(p peer) {
	b := append(c.request[:0], "GET /announce?info_hash="...)
	for _, x := range p.infohash {
		b = append(b, '%', "0123456789ABCDEF"[x>>4], "0123456789ABCDEF"[x&15])
	}
	b = append(b, "&peer_id=-XX0000-000000000000&port="...)
	b = strconv.AppendUint(b, uint64(p.port), 10)
	b = append(b, "&uploaded=0&downloaded=0&left="...)
	b = strconv.AppendUint(b, p.left, 10)
	b = append(b, "&key=0A0B0C0D&compact=1&supportcrypto=1&numwant=50 HTTP/1.1\r\nHost: "...)
	b = append(b, c.host...)
	b = append(b, "\r\nUser-Agent: bench\r\nAccept-Encoding: gzip\r\n"...)
	if !c.keep {
		b = append(b, "Connection: close\r\n"...)
	}
	c.request = append(b, "\r\n"...)
}

func (c *httpClient) close() {
	if c.fd >= 0 {
		syscall.Close(c.fd)
	}
	c.fd = -1
}

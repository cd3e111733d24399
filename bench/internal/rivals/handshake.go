package rivals

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"
)

const (
	protocol  = "\x13BitTorrent protocol"
	handshake = len(protocol) + 8 + 20 + 20 // with reserved bits, infohash and peer id; BEP 3
	// Extensions and the fast extension: to the first everybody answers with a message, even
	// who has no pieces to tell of. BEP 10, BEP 6
	reserved = "\x00\x00\x00\x00\x00\x10\x00\x04"
	haveAll  = "\x00\x00\x00\x01\x0e" // BEP 6
)

// Up waits until the seeder answers the handshake of a stranger for every one of these
// infohashes (v1, in hex) with the infohash, and says something after it.
func (p *Process) Up(ctx context.Context, infohashes []string) error {
	return p.greetAll(ctx, infohashes, "")
}

// Accompany is Up by a stranger that says it has everything too. A seeder that would
// super-seed while nobody else has (BEP 16) sees that somebody does.
func (p *Process) Accompany(ctx context.Context, infohashes []string) error {
	return p.greetAll(ctx, infohashes, haveAll)
}

func (p *Process) greetAll(ctx context.Context, infohashes []string, message string) error {
	for _, hash := range infohashes {
		for {
			err := p.greet(ctx, hash, message)
			if err == nil {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("torrent %s is not seeded: %w", hash, err)
			case err := <-p.done:
				p.done <- err
				return fmt.Errorf("the seeder has ended: %w\n%s", err, p.said())
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	return nil
}

// greet is one handshake, with a message after it.
func (p *Process) greet(ctx context.Context, hash, message string) error {
	raw, err := hex.DecodeString(hash)
	if err != nil || len(raw) != 20 {
		return fmt.Errorf("no v1 infohash: %q", hash)
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", p.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	id := fmt.Sprintf("-CB0000-%012d", rand.N(int64(1e12)))
	if _, err := io.WriteString(c, protocol+reserved+string(raw)+id); err != nil {
		return err
	}
	answer := make([]byte, handshake+1) // and the first byte of a message
	if _, err := io.ReadFull(c, answer); err != nil {
		return err
	}
	if got := answer[len(protocol)+8:][:20]; string(answer[:len(protocol)]) != protocol || string(got) != string(raw) {
		return fmt.Errorf("answered with infohash %x", got)
	}
	if _, err := io.WriteString(c, message); err != nil || message == "" {
		return err
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	io.Copy(io.Discard, c) // a connection closed before all was read is reset, and the message lost
	return nil
}

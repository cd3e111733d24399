package tracker

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"time"
)

// Actions of the UDP tracker protocol, and the sizes of what is asked. BEP 15
const (
	udpConnect  = 0
	udpAnnounce = 1
	udpScrape   = 2
	udpError    = 3

	udpMagic        = 0x41727101980
	udpHeader       = 16 // connection id, action, transaction id
	udpAnnounceSize = 98

	// maxAnswer is what passes every network in one piece: 1280 bytes with IPv6.
	maxAnswer = 1232
	maxPacket = 2048
)

// badID is worded as opentracker does it: some clients know by these words that
// they have to connect again.
const badID = "Connection ID missmatch.\x00"

// ServeUDP answers on a socket until that is closed, and then returns nil. An error
// says that the socket cannot be read. What is sent to somebody who has not shown
// that he receives at his address is never larger than what came. BEP 15
func (t *Tracker) ServeUDP(c *net.UDPConn) error {
	wantArrival(c)
	readers := min(runtime.GOMAXPROCS(0), 4)
	failed := make(chan error, readers)
	var all sync.WaitGroup
	for range readers {
		all.Go(func() { failed <- t.readUDP(newPost(c)) })
	}
	all.Wait()
	return <-failed
}

// readUDP answers what comes through a post.
func (t *Tracker) readUDP(p *post) error {
	d := t.newUDPDesk()
	for fails := 0; ; {
		n, err := p.receive()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil: // one packet's fault on some systems, a lack of memory on others
			if fails++; fails == 1000 {
				return err
			}
			time.Sleep(10 * time.Millisecond)
			continue
		}
		fails = 0
		for i := range n {
			packet, from, local := p.packet(i)
			if out := d.reply(packet, from, local); out != nil {
				p.answer(i, out)
			}
		}
		p.send()
	}
}

// udpDesk is what answering packets needs, for one goroutine.
type udpDesk struct {
	tracker *Tracker
	mint    *mint
	ask     announcement
	answer  answer
	out     []byte
}

func (t *Tracker) newUDPDesk() *udpDesk {
	return &udpDesk{tracker: t, mint: newMint(t.key), out: make([]byte, 0, maxAnswer)}
}

// reply answers one packet; nil for what is not worth an answer. Options behind an
// announce (BEP 41) are passed over: which path was meant changes nothing.
func (d *udpDesk) reply(packet []byte, from, local netip.Addr) []byte {
	if len(packet) < udpHeader {
		return nil
	}
	id, action := binary.BigEndian.Uint64(packet), binary.BigEndian.Uint32(packet[8:])
	d.out = append(d.out[:0], packet[8:16]...) // action and transaction id
	now := int64(d.tracker.now().Sub(time.Unix(0, 0)) / ticket)
	switch {
	case action == udpConnect && id == udpMagic:
		return binary.BigEndian.AppendUint64(d.out, d.mint.id(from, now))
	case action == udpAnnounce && len(packet) >= udpAnnounceSize:
	case action == udpScrape && len(packet) >= udpHeader+20:
	default:
		return nil
	}
	var err error
	switch {
	case !d.mint.valid(id, from, now):
		return d.refuse(packet, badID)
	case action == udpAnnounce:
		err = d.announce(packet, from, local)
	default:
		err = d.scrape(packet[udpHeader:])
	}
	if err != nil {
		return d.refuse(packet, err.Error())
	}
	return d.out
}

func (d *udpDesk) refuse(packet []byte, reason string) []byte {
	d.tracker.refusals.Add(1)
	d.out = binary.BigEndian.AppendUint32(d.out[:0], udpError)
	d.out = append(append(d.out, packet[12:16]...), reason...)
	return d.out
}

// announce appends interval, leechers, seeders and the peers, who are of the
// asker's own kind of address. BEP 15
func (d *udpDesk) announce(packet []byte, from, local netip.Addr) error {
	a := &d.ask
	*a = announcement{
		port: binary.BigEndian.Uint16(packet[96:]),
		seed: binary.BigEndian.Uint64(packet[64:]) == 0,
		from: from, local: local, v4: from.Is4(), v6: !from.Is4(),
		event: event(binary.BigEndian.Uint32(packet[80:])),
	}
	copy(a.infohash[:], packet[16:])
	if a.port == 0 {
		return errPort
	}
	size := 6
	if a.v6 {
		size = 18
	}
	a.numwant = defaultNumwant
	if n := int32(binary.BigEndian.Uint32(packet[92:])); n >= 0 {
		a.numwant = min(int(n), maxNumwant)
	}
	a.numwant = min(a.numwant, (maxAnswer-20)/size)
	if err := d.tracker.announce(a, &d.answer); err != nil {
		return err
	}
	d.out = binary.BigEndian.AppendUint32(d.out, uint32(d.answer.interval))
	d.out = binary.BigEndian.AppendUint32(d.out, uint32(d.answer.incomplete))
	d.out = binary.BigEndian.AppendUint32(d.out, uint32(d.answer.complete))
	d.out = append(append(d.out, d.answer.v4...), d.answer.v6...)
	return nil
}

// scrape appends seeders, downloads and leechers of each torrent. The protocol has
// no way to say that one is not tracked here: it has nobody. BEP 15
func (d *udpDesk) scrape(hashes []byte) error {
	if len(hashes) >= 20*(maxScrape+1) {
		return errScrape
	}
	for ; len(hashes) >= 20; hashes = hashes[20:] {
		c, _ := d.tracker.scrape((*[20]byte)(hashes))
		for _, n := range [...]int{c.complete, c.downloaded, c.incomplete} {
			d.out = binary.BigEndian.AppendUint32(d.out, uint32(n))
		}
	}
	d.tracker.scrapes.Add(1)
	return nil
}

// boundTo is the address of a socket, without its port.
func boundTo(c *net.UDPConn) netip.Addr {
	return plain(c.LocalAddr().(*net.UDPAddr).AddrPort().Addr())
}

package origin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
	"golang.org/x/time/rate"

	"commonseed/seed"
	"commonseed/seed/seedtest"
)

// seeding starts an engine that seeds a small payload.
func seeding(t *testing.T, v seedtest.Version, o Options) (*Engine, seedtest.Payload) {
	t.Helper()
	p := seedtest.NewPayload(t, v)
	e := open(t, o)
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	seedtest.Await(t, e, id, seed.Seeding)
	e.list()[0].heardOfSeed(time.Now()) // no super-seeding
	return e, p
}

func TestGreetingSaysWeHaveEverything(t *testing.T) {
	e, p := seeding(t, seedtest.Hybrid, Options{})
	for _, fast := range []bool{false, true} {
		pr := mustProbe(t, e, p, fast)
		ext, err := pr.next(msgExtended)
		check(t, err)
		var h extendedHandshake
		check(t, bencode.Unmarshal(ext[1:], &h))
		if h.UploadOnly != 1 || h.MetadataSize == 0 || h.M["ut_metadata"] == 0 || h.Port != e.PeerPort() || h.Reqq < 250 {
			t.Errorf("extension handshake %+v", h)
		}
		want := byte(msgBitfield)
		if fast {
			want = msgHaveAll
		}
		field, err := pr.next(want)
		check(t, err)
		if !fast && !bytes.Equal(field, fullBitfield(14)) {
			t.Errorf("bitfield %x", field)
		}
		if _, err := pr.next(msgUnchoke); err != nil {
			t.Errorf("interested and not unchoked: %v", err)
		}
	}
}

// libtorrent hangs up on the v1 infohash when a tracker meanwhile told it that
// we speak v2.
func TestHandshakesAreUpgraded(t *testing.T) {
	for _, v := range []seedtest.Version{seedtest.V1, seedtest.Hybrid} {
		e, p := seeding(t, v, Options{})
		swarms := swarmsOf(t, p)
		nc, err := net.Dial("tcp", peerAddr(e))
		check(t, err)
		defer nc.Close()
		h := hello{infohash: swarms[0], peerID: [20]byte{'p'}}
		h.reserved[7] = bitV2
		nc.Write(h.bytes())
		b := make([]byte, helloSize)
		_, err = io.ReadFull(nc, b)
		check(t, err)
		if got, err := parseHello(b); err != nil || got.infohash != swarms[len(swarms)-1] {
			t.Errorf("%v: answered with %x, %v", v, got.infohash, err)
		}
	}
}

func TestBlocksOfAllShapes(t *testing.T) {
	t.Parallel()
	for _, v := range []seedtest.Version{seedtest.V1, seedtest.Hybrid, seedtest.V2} {
		e, p := seeding(t, v, Options{})
		want := content(t, p)
		pr := mustProbe(t, e, p, true)
		for at := 0; at < len(want); at += 7777 {
			n := min(len(want)-at, 16<<10, 32<<10-at%(32<<10))
			got, err := pr.block(block{uint32(at / (32 << 10)), uint32(at % (32 << 10)), uint32(n)})
			check(t, err)
			if !bytes.Equal(got, want[at:at+n]) {
				t.Fatalf("%v: wrong bytes at %d", v, at)
			}
		}
	}
}

func TestMetadataIsServed(t *testing.T) {
	e, p := seeding(t, seedtest.Hybrid, Options{})
	pr := mustProbe(t, e, p, true)
	pr.send(msgExtended, append([]byte{0}, "d1:md11:ut_metadatai7eee"...))
	if _, err := pr.next(msgExtended); err != nil { // their handshake
		t.Fatal(err)
	}
	for piece, wantType := range map[string]string{"0": "8:msg_typei1e", "1": "8:msg_typei2e", "-1": "8:msg_typei2e", "99999999": "8:msg_typei2e"} {
		pr.send(msgExtended, append([]byte{ourMetadataID}, "d8:msg_typei0e5:piecei"+piece+"ee"...))
		got, err := pr.next(msgExtended)
		check(t, err)
		if got[0] != 7 || !strings.Contains(string(got), wantType) {
			t.Errorf("piece %s: %q", piece, got[:min(len(got), 60)])
		}
		if piece == "0" && !bytes.HasSuffix(got, layoutOf(t, p).info) {
			t.Error("the info dictionary is not in the answer")
		}
	}
}

// The crash of other engines: hash requests for an empty file, or for nothing.
func TestHashRequestsThatHaveNoAnswerAreRejected(t *testing.T) {
	t.Parallel()
	p := seedtest.PayloadOf(t, seedtest.Hybrid, awkward)
	e := open(t, Options{})
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	seedtest.Await(t, e, id, seed.Seeding)
	pr := mustProbe(t, e, p, true)
	big, small := hash32{}, hash32{}
	for _, f := range layoutOf(t, p).files {
		switch {
		case strings.HasSuffix(f.path, "big.bin"):
			big = f.root
		case strings.HasSuffix(f.path, "small"):
			small = f.root
		}
	}
	for _, q := range []hashRequest{
		{root: hash32{}, base: 1, count: 2}, // an empty file's root
		{root: hash32{}, count: 1 << 31, index: 1 << 31, base: 1 << 31, proofs: 1 << 31},
		{root: small, base: 1, count: 2},         // no longer than a piece
		{root: big, base: 1, count: 2, index: 1}, // not aligned
		{root: big, base: 1, count: 4096},
		{root: big, base: 1, count: 2, index: 1 << 20},
		{root: big, base: 1, count: 2, proofs: 1 << 30},
	} {
		pr.send(msgHashRequest, q.append(nil))
		got, err := pr.next(msgHashReject)
		check(t, err)
		if !bytes.Equal(got, q.append(nil)) {
			t.Errorf("rejection of %+v is about something else", q)
		}
	}
	q := hashRequest{root: big, base: 1, count: 512}
	pr.send(msgHashRequest, q.append(nil))
	if got, err := pr.next(msgHashes); err != nil || len(got) != hashRequestSize+512*32 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// Hashes of any layer lead to the root, also those of blocks, which no torrent
// holds.
func TestHashRequestsAtAnyLayerProveThemselves(t *testing.T) {
	t.Parallel()
	p := seedtest.PayloadOf(t, seedtest.V2, awkward)
	e := open(t, Options{})
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	seedtest.Await(t, e, id, seed.Seeding)
	pr := mustProbe(t, e, p, true)
	for _, f := range layoutOf(t, p).files {
		if f.pad || f.length == 0 {
			continue
		}
		top := f.top()
		for base := range top {
			for count := uint32(2); count <= min(512, uint32(1)<<(top-base)); count *= 2 {
				for _, index := range []uint32{0, 1<<(top-base) - count, (1 << (top - base) / 2) / count * count} {
					q := hashRequest{root: f.root, base: uint32(base), index: index, count: count, proofs: uint32(top - base - 1)}
					pr.send(msgHashRequest, q.append(nil))
					got, err := pr.next(msgHashes)
					if err != nil {
						t.Fatalf("%s: %+v: %v", f.path, q, err)
					}
					if climb(got[hashRequestSize:], index, count) != f.root {
						t.Errorf("%s: layer %d, %d hashes from %d on do not lead to the root", f.path, base, count, index)
					}
				}
			}
		}
	}
}

func TestMisbehaviourEndsTheConnection(t *testing.T) {
	e, p := seeding(t, seedtest.Hybrid, Options{})
	bigEndian := func(vs ...uint32) (b []byte) {
		for _, v := range vs {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		return b
	}
	for name, raw := range map[string][]byte{
		"request beyond the last piece": message(msgRequest, bigEndian(14, 0, 16384)),
		"request beyond the piece":      message(msgRequest, bigEndian(0, 32768-100, 16384)),
		"request with overflow":         message(msgRequest, bigEndian(0, 1<<32-1, 1<<32-1)),
		"request of 2^31":               message(msgRequest, bigEndian(1<<31, 1<<31, 1<<31)),
		"request of nothing":            message(msgRequest, bigEndian(0, 0, 0)),
		"request of too much":           message(msgRequest, bigEndian(0, 0, 1<<20)),
		"short request":                 message(msgRequest, bigEndian(0, 0)),
		"short cancel":                  message(msgCancel, nil),
		"have beyond the last":          message(msgHave, bigEndian(14)),
		"short have":                    message(msgHave, []byte{1}),
		"bitfield too long":             message(msgBitfield, make([]byte, 100)),
		"bitfield with spare bits":      message(msgBitfield, []byte{0xff, 0xff}),
		"an unasked block":              message(msgPiece, bigEndian(0, 0, 7)),
		"a message of 4 GiB":            bigEndian(1<<32 - 1),
		"an empty extension message":    message(msgExtended, nil),
		"a torn extension handshake":    message(msgExtended, []byte("\x00d1:m")),
		"a torn hash request":           message(msgHashRequest, make([]byte, 10)),
		"a second seed":                 message(msgHaveAll, nil),
		"a seed by bitfield":            message(msgBitfield, fullBitfield(14)),
	} {
		pr := mustProbe(t, e, p, true)
		pr.nc.Write(raw)
		if !pr.closed() {
			t.Errorf("%s: still connected", name)
		}
	}
	for _, raw := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", protocol + strings.Repeat("\x00", 48)} {
		nc, err := net.Dial("tcp", peerAddr(e))
		check(t, err)
		nc.Write([]byte(raw))
		nc.(*net.TCPConn).CloseWrite()
		nc.SetReadDeadline(time.Now().Add(5 * time.Second))
		if b, err := io.ReadAll(nc); err != nil && len(b) > 0 && bytes.Contains(b, []byte(protocol)) {
			t.Errorf("%.20q: answered with %d bytes", raw, len(b))
		}
		nc.Close()
	}
	awaitTrue(t, "peers to be gone", func() bool { return e.Status()[0].Peers == 0 })
	if st := e.Status()[0]; st.State != seed.Seeding {
		t.Errorf("state %q", st.State)
	}
}

func TestCancelledAndSurplusRequestsAreRejected(t *testing.T) {
	e, p := seeding(t, seedtest.V1, Options{Limits: Limits{Upload: 64 << 10}}) // so that requests queue
	pr := mustProbe(t, e, p, true)
	var all []byte
	for i := range maxQueue + 50 {
		all = append(all, message(msgRequest, block{uint32(i % 8), uint32(i), 16384}.append(nil))...)
	}
	go pr.nc.Write(all)
	if _, err := pr.next(msgReject); err != nil {
		t.Errorf("surplus requests: %v", err)
	}
	last := block{(maxQueue - 1) % 8, maxQueue - 1, 16384}
	pr.send(msgCancel, last.append(nil))
	for {
		got, err := pr.next(msgReject)
		check(t, err)
		if b, _ := parseBlock(got); b == last {
			break
		}
	}
}

func TestUploadLimitHolds(t *testing.T) {
	t.Parallel()
	const limit = 400 << 10
	e, p := seeding(t, seedtest.V1, Options{Limits: Limits{Upload: limit}})
	begin := time.Now()
	check(t, seedtest.Leech(p.Metainfo, peerAddr(e), t.TempDir(), 10*time.Second))
	least := time.Duration(float64(p.Size-maxBlock) / limit * float64(time.Second))
	if took := time.Since(begin); took < least {
		t.Errorf("%d bytes in %v, want at least %v", p.Size, took, least)
	}
}

func TestNoMoreThanMaxPeers(t *testing.T) {
	e, p := seeding(t, seedtest.V1, Options{Limits: Limits{Peers: 2}})
	first := mustProbe(t, e, p, true)
	mustProbe(t, e, p, true)
	if _, err := dialProbe(t, peerAddr(e), swarmsOf(t, p)[0], true); err == nil {
		t.Error("a third peer was taken")
	}
	first.nc.Close()
	awaitTrue(t, "room for another peer", func() bool {
		_, err := dialProbe(t, peerAddr(e), swarmsOf(t, p)[0], true)
		return err == nil
	})
}

func TestStatusCountsPeersAndRate(t *testing.T) {
	t.Parallel()
	e, p := seeding(t, seedtest.V1, Options{})
	pr := mustProbe(t, e, p, true)
	awaitTrue(t, "the peer to be counted", func() bool { return e.Status()[0].Peers == 1 })
	awaitTrue(t, "a rate", func() bool {
		for i := range uint32(5) {
			if _, err := pr.block(block{i, 0, 16384}); err != nil {
				t.Fatal(err)
			}
		}
		return e.Status()[0].Rate > 0
	})
	if st := e.Status()[0]; st.Uploaded == 0 || st.Uploaded%16384 != 0 {
		t.Errorf("%d bytes uploaded", st.Uploaded)
	}
}

// FuzzMessages feeds a served connection with what a peer may send.
func FuzzMessages(f *testing.F) {
	p := seedtest.NewPayload(f, seedtest.Hybrid)
	l, err := readMetainfo(p.Metainfo)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message(msgRequest, block{1, 2, 3}.append(nil)))
	f.Add(message(msgHashRequest, hashRequest{count: 2, base: 1}.append(nil)))
	f.Add(append(message(msgExtended, []byte("\x00d1:md11:ut_metadatai3eee")), message(msgExtended, []byte("\x01d8:msg_typei0e5:piecei0ee"))...))
	f.Add(append(message(msgBitfield, make([]byte, 2)), message(msgCancel, make([]byte, 12))...))
	e := &Engine{limit: rate.NewLimiter(rate.Inf, maxBlock), ctx: context.Background(), choker: newChoker(), log: slog.New(slog.DiscardHandler)}
	e.SetLimits(Limits{})
	e.dialer = newDialer(e)
	f.Fuzz(func(t *testing.T, data []byte) {
		near, far := net.Pipe()
		defer far.Close()
		go io.Copy(io.Discard, far)
		c := newConn(e, near)
		c.t = &torrent{}
		c.a = newAwake(c.t, newHandles(1), l, make([]stamp, len(l.files)), make(chan struct{}, 1))
		c.have = newBitset(l.numPieces())
		defer c.writers.Wait()
		defer c.close()
		r := bufio.NewReader(bytes.NewReader(data))
		for {
			kind, payload, ok, err := readMessage(r, c.buf, maxExtended)
			if err != nil {
				return
			}
			if ok && c.handle(kind, payload) != nil {
				return
			}
		}
	})
}

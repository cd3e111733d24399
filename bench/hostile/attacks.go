package main

import (
	"bytes"
	"context"
	"net"
	"sync"
	"time"
)

// attack is what hostile peers do until the context is done.
type attack struct {
	name string
	run  func(ctx context.Context, addr string, infohash [20]byte)
}

var attacks = []attack{
	{"none", func(context.Context, string, [20]byte) {}},
	{"5,000 connections that only shake hands", crowd(5000, nil, false)},
	{"2,000 connections a second that say nothing", halfOpen},
	{"200 peers that ask for all and read nothing", crowd(200, bytes.Repeat(request(1, 0), 4000), false)},
	{"200 peers that ask for all and read 1 KiB/s", crowd(200, bytes.Repeat(request(1, 0), 4000), true)},
	{"200 peers that ask for hashes and metadata without end", crowd(200, questions(), false)},
	{"200 peers that take turns with the honest ones and never ask", crowd(200, message(msgInterested, nil), false)},
}

// questions is a flood of what costs more to answer than to ask.
func questions() []byte {
	hashes := make([]byte, 48)
	hashes[43] = 64 // count
	flood := message(msgExtended, append([]byte{0}, "d1:md11:ut_metadatai7eee"...))
	for range 2000 {
		flood = append(flood, message(msgHashRequest, hashes)...)
		flood = append(flood, message(msgExtended, append([]byte{1}, "d8:msg_typei0e5:piecei0ee"...))...)
	}
	return flood
}

// crowd connects n peers that say what they have to say, again and again, and come back
// when they are sent away.
func crowd(n int, says []byte, trickle bool) func(context.Context, string, [20]byte) {
	return func(ctx context.Context, addr string, infohash [20]byte) {
		var all sync.WaitGroup
		for range n {
			all.Go(func() {
				for ctx.Err() == nil {
					nc, err := connect(ctx, addr, infohash)
					if err != nil {
						pause(ctx, time.Second)
						continue
					}
					if says != nil {
						nc.Write(message(msgInterested, nil))
					}
					go func() {
						for says != nil && ctx.Err() == nil {
							if _, err := nc.Write(says); err != nil {
								return
							}
							pause(ctx, 100*time.Millisecond)
						}
					}()
					linger(ctx, nc, trickle)
					nc.Close()
				}
			})
		}
		all.Wait()
	}
}

// linger stays until the other side hangs up, and reads next to nothing.
func linger(ctx context.Context, nc net.Conn, trickle bool) {
	b := make([]byte, 100)
	for ctx.Err() == nil {
		if !pause(ctx, 100*time.Millisecond) {
			return
		}
		if !trickle {
			continue
		}
		if _, err := nc.Read(b); err != nil {
			return
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// halfOpen opens connections and says nothing on them.
func halfOpen(ctx context.Context, addr string, _ [20]byte) {
	var open []net.Conn
	defer func() {
		for _, nc := range open {
			nc.Close()
		}
	}()
	for pause(ctx, 10*time.Millisecond) {
		for range 20 {
			if nc, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
				open = append(open, nc)
			}
		}
		for len(open) > 4000 {
			open[0].Close()
			open = open[1:]
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const (
	patience = 30 * time.Second // for programs to start
	tooLate  = 15               // times the bound, after which a swarm is given up
)

// result is what one swarm showed. Times are since the beginning.
type result struct {
	peers    int
	pieces   int
	finished []time.Duration // the first peer first; those that were complete at the end
	firsts   []time.Duration // when a piece was out once, the first first; those that ever were
	killed   time.Duration   // when the seeder was killed; 0: it was not
	wire     int64           // bytes that left the seeder until the last peer was complete, headers included
	uploaded int64           // payload bytes by the seeder's own count; -1: it did not say
	wasted   int64           // payload bytes that peers received and had already, or that were wrong
	idle     float64         // share of the processors' time that nobody used
	others   float64         // and that went to what has no part in it
	samples  []sample
}

// swarm lets leechers download from a seeder and one another, until all are complete.
func (b *bench) swarm(ctx context.Context, s seeder) (_ *result, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	net, err := newNetwork(ctx, b.leechers+1, b.rate)
	if err != nil {
		return nil, err
	}
	files := filepath.Join(b.dir, "leechers")
	defer func() {
		cancel()
		err = errors.Join(err, net.remove(), os.RemoveAll(files))
	}()
	if err := b.tracker(ctx, net, s.torrent(b).hashes); err != nil {
		return nil, err
	}
	w := newWatch(b, s)
	command, err := s.command(b)
	if err != nil {
		return nil, err
	}
	source, err := net.start(ctx, net.node(0), w.heardSeeder, command...)
	if err != nil {
		return nil, err
	}
	if err := announced(ctx, net, source, s.torrent(b).hashes[0]); err != nil {
		return nil, err
	}
	leechers := make([]*process, b.leechers)
	for i := range leechers {
		dir := filepath.Join(files, strconv.Itoa(i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		heard := func(line []byte) { w.heardLeecher(i, line) }
		if leechers[i], err = net.start(ctx, net.node(i+1), heard, b.libtorrent("leech", s.torrent(b), dir)...); err != nil {
			return nil, err
		}
	}
	if err := w.await(ctx, leechers, time.After(patience+time.Duration(b.leechers)*time.Second), w.allReady); err != nil {
		return nil, err
	}
	return b.race(ctx, w, source, leechers)
}

// race is the time that is measured.
func (b *bench) race(ctx context.Context, w *watch, source *process, leechers []*process) (*result, error) {
	begin := time.Now().Add(time.Second)
	for _, p := range leechers {
		if _, err := fmt.Fprintf(p.stdin, "%.6f\n", float64(begin.UnixMicro())/1e6); err != nil {
			return nil, err
		}
	}
	time.Sleep(time.Until(begin))
	stop, err := w.sampling(ctx, begin, append([]*process{source}, leechers...))
	if err != nil {
		return nil, err
	}
	if b.kill {
		go func() {
			select {
			case <-w.once:
				source.cmd.Process.Kill()
				w.seederKilled(time.Since(begin))
			case <-ctx.Done():
			}
		}()
	}
	late := time.After(time.Duration(tooLate * b.bound() * float64(time.Second)))
	if err := w.await(ctx, leechers, late, w.allFinished); err != nil && !errors.Is(err, errLate) {
		return nil, err
	}
	if err := stop(); err != nil {
		return nil, err
	}
	for _, p := range leechers {
		p.stop()
	}
	source.stop()
	return w.result(), nil
}

// tracker starts opentracker in the hub. Debian's knows no infohashes but those of a
// list; it reads that as nobody, and from a directory that becomes its root.
func (b *bench) tracker(ctx context.Context, net *network, hashes []string) error {
	dir := filepath.Join(b.dir, "tracker")
	var list []byte
	for _, h := range hashes {
		list = append(append(list, bytes.ToUpper([]byte(h))...), '\n')
	}
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "list"), list, 0o644)); err != nil {
		return err
	}
	_, err := net.start(ctx, net.hub(), func([]byte) {}, "opentracker", "-i", hubAddress, "-p", "6969", "-P", "6969", "-d", dir, "-w", "/list")
	return err
}

// announced waits until the tracker knows of the seeder.
func announced(ctx context.Context, net *network, source *process, infohash string) error {
	url := "http://" + hubAddress + ":6969/scrape?info_hash="
	for i := 0; i < len(infohash); i += 2 {
		url += "%" + infohash[i:i+2]
	}
	deadline := time.After(patience)
	for {
		out, _ := output(ctx, "ip", "netns", "exec", net.hub(), "curl", "-s", "-m", "1", url)
		if bytes.Contains(out, []byte("8:completei1e")) {
			return nil
		}
		select {
		case <-source.done:
			return source.failure()
		case <-deadline:
			return fmt.Errorf("the tracker does not know of the seeder after %v: %q", patience, out)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// message is a line of a node.
type message struct {
	Ready     bool
	Got       [][2]float64 // pieces since the last line: when, which
	Finished  *float64     // when it was complete
	Uploaded  *int64       // at its end: payload bytes
	Redundant int64        // and those it had already
	Failed    int64        // and those that were wrong
	slots
}

// slots are of one leecher, or the mean of all.
type slots struct {
	Peers    float64 // connections
	Serves   float64 // of them, those that want something and may have it
	ServedBy float64 `json:"served_by"` // those that have something and let us have it
}

func parse(line []byte) (m message, err error) {
	err = json.Unmarshal(line, &m)
	return m, err
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

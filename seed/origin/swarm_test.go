package origin

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"commonseed/internal/peers"
	"commonseed/seed"
	"commonseed/seed/seedtest"
)

// Debian's opentracker judges our announces, over HTTP and UDP.
func TestOpentrackerKnowsUs(t *testing.T) {
	peers.Need(t, "opentracker")
	port := freePort(t)
	host := fmt.Sprintf("127.0.0.1:%d", port)
	for _, at := range []string{"http://" + host + "/announce", "udp://" + host + "/announce"} {
		p := seedtest.NewPayload(t, seedtest.Hybrid, at)
		allow := filepath.Join(t.TempDir(), "allow")
		check(t, os.WriteFile(allow, []byte(strings.ToUpper(p.V1+"\n"+p.V2[:40]+"\n")), 0o644))
		stop := startOpentracker(t, port, allow)
		e := open(t, Options{})
		id, err := e.Add(context.Background(), p.Torrent())
		check(t, err)
		seedtest.Await(t, e, id, seed.Seeding)
		for _, hash := range swarmsOf(t, p) {
			scrape := "http://" + host + "/scrape?info_hash=" + url.QueryEscape(string(hash[:]))
			awaitTrue(t, "opentracker to count a seed by "+at, func() bool { return strings.Contains(get(scrape), "8:completei1e") })
		}
		check(t, e.Close())
		for _, hash := range swarmsOf(t, p) {
			scrape := "http://" + host + "/scrape?info_hash=" + url.QueryEscape(string(hash[:]))
			awaitTrue(t, "opentracker to forget us by "+at, func() bool { return !strings.Contains(get(scrape), "completei1e10") })
		}
		stop()
	}
}

// startOpentracker runs it with a list of infohashes. As root it insists on
// another user and a folder of its own, which becomes its root directory.
func startOpentracker(t *testing.T, port int, allow string) (stop func()) {
	t.Helper()
	args := []string{"-i", "127.0.0.1", "-p", fmt.Sprint(port), "-P", fmt.Sprint(port)}
	if dir, name := filepath.Split(allow); os.Getuid() == 0 {
		check(t, os.Chmod(dir, 0o755))
		args = append(args, "-w", "/"+name, "-d", dir, "-u", "nobody")
	} else {
		args = append(args, "-w", allow)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "opentracker", args...)
	check(t, cmd.Start())
	stop = func() { cancel(); cmd.Wait() }
	t.Cleanup(stop)
	awaitTrue(t, "opentracker to listen", func() bool {
		nc, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			nc.Close()
		}
		return err == nil
	})
	return stop
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func get(url string) string {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(url)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	b := make([]byte, 4096)
	n, _ := res.Body.Read(b)
	return string(b[:n])
}

// A leecher that cannot find us is found by us, whichever handshake it wants.
func TestLeechersAreDialled(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{false, true} {
		t.Run(fmt.Sprintf("encrypted %v", encrypted), func(t *testing.T) {
			e, p := seeding(t, seedtest.Hybrid, Options{})
			dir := t.TempDir()
			err := seedtest.LeechIncoming(p.Metainfo, dir, encrypted, 15*time.Second, func(addr netip.AddrPort) {
				e.dialer.offer(e.list()[0], swarmsOf(t, p)[0], []netip.AddrPort{addr}, time.Now().Add(-dialAfter))
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := seedtest.Diff(t, p.Root, dir); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDialingKeepsItsBounds(t *testing.T) {
	e, _ := seeding(t, seedtest.V1, Options{})
	tor := e.list()[0]
	var named []netip.AddrPort
	for i := range 1000 {
		named = append(named, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)}), 1))
	}
	named = append(named, netip.AddrPort{}, netip.MustParseAddrPort("0.0.0.0:1"), netip.MustParseAddrPort("224.0.0.1:1"), netip.MustParseAddrPort("1.2.3.4:0"))
	e.dialer.offer(tor, tor.swarms[0], named[len(named)-4:], time.Now())
	if n := len(e.dialer.candidates[tor]); n != 0 {
		t.Errorf("%d senseless addresses are taken", n)
	}
	e.dialer.offer(tor, tor.swarms[0], named, time.Now())
	if n := len(e.dialer.candidates[tor]); n != maxCandidates {
		t.Errorf("%d candidates, want %d", n, maxCandidates)
	}
	check(t, e.Remove(context.Background(), tor.id))
	e.dialer.mu.Lock()
	defer e.dialer.mu.Unlock()
	if len(e.dialer.candidates) != 0 {
		t.Error("candidates of a removed torrent are kept")
	}
}

// Active torrents are announced on the local network first, the others in turn,
// and private ones never.
func TestWhatIsAnnouncedLocally(t *testing.T) {
	e := open(t, Options{})
	var ids []string
	for i := range 5 {
		p := seedtest.PayloadOf(t, seedtest.V1, map[string]int64{fmt.Sprint(i): 100})
		if i == 2 {
			p.Metainfo = edit(t, p.Metainfo, func(_, info map[string]any) { info["private"] = 1 })
		}
		id, err := e.Add(context.Background(), p.Torrent())
		check(t, err)
		seedtest.Await(t, e, id, seed.Seeding)
		ids = append(ids, id)
	}
	_, err := e.wake(e.byID(ids[3]))
	check(t, err)
	_, err = e.wake(e.byID(ids[2]))
	check(t, err)
	hashes, _ := e.nextLocal(1)
	var got []string
	for _, h := range hashes {
		got = append(got, idOf(h[:]))
	}
	if want := []string{ids[3], ids[1], ids[4], ids[0]}; !slices.Equal(got, want) {
		t.Errorf("announced %v, want %v", got, want)
	}
}

package strangers

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestPublishedExamplesVerify(t *testing.T) {
	t.Parallel()
	s, all := publishExamples(t, "127.0.0.1")
	commonseed(t, "verify", channelOf(all[0]))
	stop(t, s)
	commonseed(t, "verify", channelOf(all[0]))
}

// A channel that is seeded again, at other addresses, is the same torrents:
// whoever has the old hash finds the new peers.
func TestSeedAgainServesTheSameTorrents(t *testing.T) {
	t.Parallel()
	s, all := publishExamples(t, "127.0.0.1")
	stop(t, s)

	again := seeding(t, nil, "127.0.0.1", "seed", channelOf(all[0]))
	if again.Releases != len(all) {
		t.Errorf("%d releases are seeded again, want %d", again.Releases, len(all))
	}
	feed := string(fetch(t, again.HTTP+"torrents.xml"))
	all = again.current(t, all)
	for _, p := range all {
		if !strings.Contains(strings.ToLower(feed), p.InfohashV1) || !strings.Contains(feed, again.HTTP+p.Slug+"/") {
			t.Errorf("torrents.xml lacks %s at %s:\n%s", p.InfohashV1, again.HTTP, feed)
		}
	}
	libtorrent(t, all)
}

// stop interrupts a seeder, as Ctrl-C does, and wants it to say so and be gone.
func stop(t *testing.T, s *seeder) {
	t.Helper()
	begun := time.Now()
	s.Signal(syscall.SIGINT)
	if !s.Ended(5 * time.Second) {
		t.Fatal("commonseed still runs five seconds after SIGINT")
	}
	t.Logf("stopped within %v", time.Since(begun).Round(time.Millisecond))
	if s.Err != nil {
		t.Errorf("commonseed ended with %v after SIGINT, want success", s.Err)
	}
	var last string
	for line := range s.lines {
		last = line
	}
	if last == "" || parseMessage(t, last).Type != "stopped" {
		t.Errorf("commonseed's last line is %q, want the message stopped", last)
	}
}

// channelOf is the directory of the channel that a release was published into.
func channelOf(p published) string {
	dir, _, _ := strings.Cut(p.Torrent, "/public/")
	return dir
}

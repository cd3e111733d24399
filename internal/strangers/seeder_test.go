package strangers

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"commonseed/internal/peers"
)

// message is one JSON line of commonseed, with what the tests read of any kind.
type message struct {
	Type       string `json:"message_type"`
	Slug       string `json:"slug"`
	InfohashV1 string `json:"infohash_v1"`
	InfohashV2 string `json:"infohash_v2"`
	Magnet     string `json:"magnet"`
	Torrent    string `json:"torrent"`
	Payload    string `json:"payload"`
	HTTP       string `json:"http"`
	Releases   int    `json:"releases"`
}

// commonseed runs the program to its end and returns its JSON lines.
func commonseed(t testing.TB, args ...string) []message {
	t.Helper()
	var stderr peers.Output
	cmd := exec.Command(program(t), append(args, "--json")...)
	cmd.Dir, cmd.Stderr = t.TempDir(), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("commonseed %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.Tail())
	}
	var all []message
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		all = append(all, parseMessage(t, line))
	}
	return all
}

func parseMessage(t testing.TB, line string) message {
	t.Helper()
	var m message
	if err := json.Unmarshal([]byte(line), &m); err != nil || m.Type == "" {
		t.Fatalf("commonseed printed %q, which is no message: %v", line, err)
	}
	return m
}

// seeder is a running commonseed that serves and seeds.
type seeder struct {
	*peers.Process
	message
	lines chan string // what it prints after the seeding line; closed at its end
}

// seeding starts commonseed with the arguments of a command that seeds, and
// waits until it does. Lines printed before go to before, if that is not nil.
func seeding(t testing.TB, before func(message), host string, args ...string) *seeder {
	t.Helper()
	read, write := io.Pipe()
	args = append(args, "--http", net.JoinHostPort(host, "0"), "--peer-port", "0", "--json")
	s := &seeder{Process: peers.Start(t, t.TempDir(), write, program(t), args...), lines: make(chan string, 1000)}
	go func() {
		<-s.Done
		write.Close()
	}()
	go func() {
		defer close(s.lines)
		for scan := bufio.NewScanner(read); scan.Scan(); {
			s.lines <- scan.Text()
		}
	}()
	deadline := time.After(patience)
	for {
		select {
		case line, ok := <-s.lines:
			if !ok {
				t.Fatalf("commonseed %s ended before it seeded: %v", strings.Join(args, " "), s.Err)
			}
			m := parseMessage(t, line)
			if m.Type == "seeding" {
				s.message = m
				return s
			}
			if before != nil {
				before(m)
			}
		case <-deadline:
			t.Fatalf("commonseed %s: not seeding within %v", strings.Join(args, " "), patience)
		}
	}
}

// published is an example as it was published.
type published struct {
	example
	message
}

// name is the payload folder's, which is the torrent's.
func (p published) name() string { return filepath.Base(p.Payload) }

// publishExamples publishes all examples into a new channel and keeps seeding it.
func publishExamples(t testing.TB, host string) (*seeder, []published) {
	t.Helper()
	channel := filepath.Join(t.TempDir(), "channel")
	var all []published
	last := len(examples) - 1
	for _, e := range examples[:last] {
		lines := commonseed(t, "publish", e.path(t), "--channel", channel, "--no-seed")
		if len(lines) != 1 || lines[0].Type != "release" {
			t.Fatalf("publishing %s printed %v, want one release", e.dir, lines)
		}
		all = append(all, published{e, lines[0]})
	}
	s := seeding(t, func(m message) {
		if m.Type == "release" {
			all = append(all, published{examples[last], m})
		}
	}, host, "publish", examples[last].path(t), "--channel", channel)
	if len(all) != len(examples) || s.Releases != len(examples) {
		t.Fatalf("%d releases published, %d seeded, want %d", len(all), s.Releases, len(examples))
	}
	return s, s.current(t, all)
}

// current reads from the seeder how it serves the releases now: the magnets
// name its tracker, whatever was printed when they were published.
func (s *seeder) current(t testing.TB, all []published) []published {
	t.Helper()
	var now []published
	for _, p := range all {
		var record struct {
			Torrent struct {
				File       string `json:"file"`
				InfohashV1 string `json:"infohash_v1"`
				InfohashV2 string `json:"infohash_v2"`
				Magnet     string `json:"magnet"`
			} `json:"torrent"`
		}
		if err := json.Unmarshal(fetch(t, s.HTTP+p.Slug+"/release.json"), &record); err != nil {
			t.Fatal(err)
		}
		got := record.Torrent
		if got.InfohashV1 != p.InfohashV1 || got.InfohashV2 != p.InfohashV2 || got.File != filepath.Base(p.Torrent) {
			t.Errorf("%s is served as %s (%s, %s), want %s (%s, %s)", p.Slug,
				got.File, got.InfohashV1, got.InfohashV2, filepath.Base(p.Torrent), p.InfohashV1, p.InfohashV2)
		}
		p.Magnet = got.Magnet
		now = append(now, p)
	}
	return now
}

// fetch gets a document over HTTP, 10 MiB at most.
func fetch(t testing.TB, url string) []byte {
	t.Helper()
	client := http.Client{Timeout: 20 * time.Second}
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 10<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %s", res.Status)
	}
	if err != nil {
		t.Fatalf("GET %s: %v", url, err)
	}
	return body
}

// torrentFile downloads the .torrent of a release from where the feed says it is.
func (s *seeder) torrentFile(t testing.TB, p published) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(p.Torrent))
	writeFile(t, path, string(fetch(t, s.HTTP+p.Slug+"/"+filepath.Base(p.Torrent))))
	return path
}

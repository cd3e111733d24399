// Package strangers lets other people's programs judge the built commonseed from
// outside: they follow its feeds, download what it seeds, and read the licence
// from what arrived. It holds tests alone.
//
//	strangers_test.go     what all tests share
//	program_test.go       builds the program once
//	clients_test.go       one seeder, several strangers at once
//	peers_test.go         every client completes by the tracker alone
//	seeder_test.go        runs commonseed and reads its JSON lines
//	race_test.go          whether to look for races in the program too
//	arrival_test.go       what a stranger must find in a download
//	qbittorrent_test.go   subscribes to the torrent feed
//	aria2_test.go         downloads from the web seed alone
//	libtorrent_test.go    downloads from a magnet, by the v2 protocol
//	restart_test.go       stopping, verifying, seeding again
//	kill_test.go          kill -9 in the middle of publishing
//
// Nothing here imports a room of commonseed: the tests know only what a script
// on the outside can know. All traffic stays on this machine.
package strangers

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long a stranger may take to complete.
const patience = 90 * time.Second

// scratch is a directory for the built programs, gone when the tests end.
var scratch string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "commonseed-strangers-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	// The tests mostly wait for other programs: more of them than processors run.
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

const (
	ccBy = "https://creativecommons.org/licenses/by/4.0/"
	cc0  = "https://creativecommons.org/publicdomain/zero/1.0/"
)

// example is one work of examples/ and what a stranger must find in it.
type example struct {
	dir     string            // below examples/
	license string            // of the work, as URL
	spdx    string            // the same as a sidecar writes it
	media   map[string]string // files that carry a stamp, and the licence in it
	sidecar []string          // files with a sidecar beside them
}

var examples = []example{
	{"song", ccBy, "CC-BY-4.0", map[string]string{"Slack Water.mp3": ccBy, "cover.png": ccBy}, nil},
	{"photo-essay", cc0, "CC0-1.0", map[string]string{
		"01 Before Dawn.jpg": cc0, "02 First Light.jpg": cc0, "03 Noon Haze.jpg": cc0,
		"04 Last Light.jpg": cc0, "05 Northern Lights.jpg": cc0,
	}, []string{"captions.txt"}},
	{"lecture", ccBy, "CC-BY-4.0", map[string]string{"The Letters of a Licence.mp4": ccBy, "jingle.flac": cc0, "handout.pdf": ccBy},
		[]string{"transcript.txt"}},
}

func (e example) path(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../examples", e.dir))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

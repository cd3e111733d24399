package strangers

import (
	"fmt"
	"path/filepath"
	"testing"

	"commonseed/internal/peers"
)

// aria2 downloads the .torrents with no way to find a peer: without trackers,
// DHT, local discovery and peer exchange only the web seed is left.
func aria2(t *testing.T, s *seeder, all []published) {
	peers.Need(t, "aria2c")
	dir := t.TempDir()
	args := []string{
		"--no-conf", "--dir", dir, "--bt-exclude-tracker=*", "--enable-dht=false", "--enable-dht6=false",
		"--bt-enable-lpd=false", "--enable-peer-exchange=false", "--seed-time=0", "--file-allocation=none",
		"--listen-port", fmt.Sprint(peers.FreePort(t)), "--bt-stop-timeout=60", "--summary-interval=0", "--console-log-level=notice",
	}
	for _, p := range all {
		args = append(args, s.torrentFile(t, p))
	}
	client := peers.Start(t, dir, nil, "aria2c", args...)
	if !client.Ended(patience) || client.Err != nil {
		t.Fatalf("aria2 did not complete: %v", client.Err)
	}
	for _, p := range all {
		checkArrival(t, p, dir)
	}
	if leftovers, _ := filepath.Glob(filepath.Join(dir, "*.aria2")); len(leftovers) > 0 {
		t.Errorf("aria2 calls these incomplete: %q", leftovers)
	}
}

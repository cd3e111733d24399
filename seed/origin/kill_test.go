package origin

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"commonseed/seed"
	"commonseed/seed/seedtest"
)

// childEnv makes the test binary a seeder that is killed: its value is the resume
// file, and arguments are pairs of .torrent file and payload folder.
const childEnv = "COMMONSEED_TEST_SEEDER"

// seedAsChild seeds what the arguments name, says how each stands, and waits.
func seedAsChild(resumeFile string, args []string) {
	e, err := New(Options{ListenHost: "127.0.0.1", ResumeFile: resumeFile, Recheck: 10 * time.Millisecond})
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	for i := 0; i+1 < len(args); i += 2 {
		id, err := e.Add(context.Background(), seed.Torrent{Path: args[i], Root: args[i+1]})
		if err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		fmt.Println("added", id, e.Status()[i/2].State)
	}
	told := map[string]bool{}
	for {
		for _, st := range e.Status() {
			if st.State == seed.Seeding && !told[st.Infohash] {
				told[st.Infohash] = true
				fmt.Println("seeding", st.Infohash)
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// A seeder is killed a hundred times, at any moment. What it had checked it never
// reads again, and nothing that it wrote is lost.
func TestKilledSeedersForgetNothing(t *testing.T) {
	t.Parallel()
	resumeFile := filepath.Join(t.TempDir(), "checked")
	var args []string
	const torrents = 20
	for i := range torrents {
		p := seedtest.PayloadOf(t, seedtest.Version(i%3), map[string]int64{"a": int64(200_000 * (i + 1)), fmt.Sprint(i): 10})
		p.Torrent()
		args = append(args, p.Path, p.Root)
	}
	known := map[string]bool{}
	for range 100 {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = append(os.Environ(), childEnv+"="+resumeFile)
		out, err := cmd.StdoutPipe()
		check(t, err)
		check(t, cmd.Start())
		kill := time.AfterFunc(rand.N(80*time.Millisecond), func() { cmd.Process.Kill() })
		for s := bufio.NewScanner(out); s.Scan(); {
			words := strings.Fields(s.Text())
			switch {
			case len(words) == 3 && words[0] == "added":
				if known[words[1]] && words[2] != string(seed.Seeding) {
					t.Errorf("%s is checked again", words[1])
				}
			case len(words) == 2 && words[0] == "seeding":
				known[words[1]] = true
			default:
				t.Fatal(s.Text())
			}
		}
		cmd.Wait()
		kill.Stop()
	}
	if len(known) < torrents/2 {
		t.Errorf("only %d of %d torrents got through a check", len(known), torrents)
	}
}

// Package peers lets tests call on other people's programs, the strangers that
// judge what commonseed writes. A missing program skips the test with a reason;
// under COMMONSEED_PEERS=required it fails it instead, so that CI cannot pass by
// skipping. scripts/install-peers installs all of them on Debian.
//
//   - peers.go    Need, NeedPython, Run
//   - process.go  Start, for programs that run on
//   - network.go  InOwnNetwork, for programs that want more than 127.0.0.1
//   - clients     downloads with BitTorrent clients
package peers

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Required says whether a missing program fails a test.
func Required() bool { return os.Getenv("COMMONSEED_PEERS") == "required" }

// Need skips (or fails, see Required) the test unless all programs are on PATH.
func Need(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			missing(t, name)
		}
	}
}

// NeedPython answers with the system's Python if it can import all modules, and
// skips (or fails) the test otherwise. Debian installs its modules for
// /usr/bin/python3 alone, whichever python3 comes first on PATH.
func NeedPython(t testing.TB, modules ...string) string {
	t.Helper()
	const python = "/usr/bin/python3"
	for _, module := range modules {
		if err := exec.Command(python, "-c", "import "+module).Run(); err != nil {
			missing(t, "python3 module "+module)
		}
	}
	return python
}

func missing(t testing.TB, what string) {
	t.Helper()
	if Required() {
		t.Fatalf("%s is missing: run scripts/install-peers", what)
	}
	t.Skipf("%s is missing: run scripts/install-peers to have this checked", what)
}

// Run runs a program to its end, 60 seconds at most, and returns its combined
// output. A failing program fails the test.
func Run(t testing.TB, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

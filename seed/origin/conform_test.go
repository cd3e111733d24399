package origin

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"commonseed/seed"
	"commonseed/seed/seedtest"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(childEnv); file != "" {
		seedAsChild(file, os.Args[1:])
	}
	goleak.VerifyTestMain(m)
}

// open starts an engine on a free loopback port and closes it with the test.
func open(t *testing.T, o Options) *Engine {
	t.Helper()
	if o.ListenHost == "" {
		o.ListenHost = "127.0.0.1"
	}
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return e
}

func peerAddr(e *Engine) string { return fmt.Sprintf("127.0.0.1:%d", e.PeerPort()) }

func TestEngineConforms(t *testing.T) {
	t.Parallel()
	seedtest.Conform(t,
		func(t *testing.T) seed.Seeder { return open(t, Options{}) },
		func(s seed.Seeder) string { return peerAddr(s.(*Engine)) })
}

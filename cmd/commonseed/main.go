// Command commonseed turns media files into a release that anyone may copy: it
// packages them, stamps the licence into them, builds the torrent and the
// feeds, and seeds them.
//
// Each command has a file of its own that only wires the rooms together. cli.go
// holds the grammar, errors.go turns every error into message, hint and exit
// code, report.go writes what people and scripts read, serve.go keeps
// channels reachable.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr, time.Now)
	stop()
	os.Exit(code)
}

//go:build unix

package origin

import (
	"os"
	"syscall"
	"testing"
)

// Opening a pipe for reading waits for a writer, for ever.
func TestAPipeIsNotWaitedFor(t *testing.T) {
	refuses(t, func(t *testing.T, path string) {
		check(t, os.Remove(path))
		check(t, syscall.Mkfifo(path, 0o644))
	})
}

//go:build !linux

package measure

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

// Run runs a program and measures its time.
func Run(ctx context.Context, dir, program string, args ...string) (Usage, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	start := time.Now()
	said, err := cmd.CombinedOutput()
	used := Usage{Took: time.Since(start)}
	if err != nil {
		return used, fmt.Errorf("%s: %w\n%.2000s", program, err, said)
	}
	return used, nil
}

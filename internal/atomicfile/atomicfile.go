// Package atomicfile replaces files so that a reader, or a machine that loses
// power, sees either the old content or the new, and never a part of it.
package atomicfile

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// WriteFile writes data to a temporary sibling of path, syncs it and renames it
// onto path. Who needs the new name to outlive a loss of power, and not just one
// of the two contents, calls Sync for the directory as well.
func WriteFile(path string, data []byte, perm os.FileMode) error {
	return renameio.WriteFile(path, data, perm, renameio.IgnoreUmask(), renameio.WithTempDir(filepath.Dir(path)))
}

// WriteIfChanged is WriteFile, but leaves a file that already holds data
// untouched, so that its modification time (and a server's ETag) stay.
func WriteIfChanged(path string, data []byte, perm os.FileMode) (changed bool, err error) {
	old, err := os.ReadFile(path)
	if err == nil && bytes.Equal(old, data) {
		return false, nil
	}
	return true, WriteFile(path, data, perm)
}

// Sync makes the content of a file, or the names in a directory, durable.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", path, err)
	}
	return nil
}

package filestate

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func of(t *testing.T, path string) State {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return Of(fi)
}

func TestStateShowsWhatWasDoneToAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tide.flac")
	write := func(name, content string) {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(path, "one")
	old := time.Unix(1_000_000_000, 0)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	before := of(t, path)
	if before != of(t, path) || before == (State{}) {
		t.Fatalf("an untouched file: %+v, %+v", before, of(t, path))
	}
	// Replaced by a file of the same size and time: another inode.
	write(path+".new", "two")
	if err := os.Chtimes(path+".new", old, old); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if before == of(t, path) {
		t.Error("a replaced file looks the same")
	}
	write(path, "longer")
	if before.Size == of(t, path).Size {
		t.Error("a longer file has the same size")
	}
}

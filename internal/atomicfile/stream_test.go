package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStreamIfChanged(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	long := strings.Repeat("0123456789", 20_000)
	var before os.FileInfo
	for _, c := range []struct {
		content string
		changed bool
	}{
		{"", true}, {"", false}, {long, true}, {long, false}, {long + "x", true}, {long, true}, {long[:64<<10], true}, {long[:64<<10], false},
		{"x" + long[1:64<<10], true}, {"short", true},
	} {
		changed, err := StreamIfChanged(path, 0o644, func(w io.Writer) error {
			_, err := io.WriteString(w, c.content)
			return err
		})
		if err != nil || changed != c.changed {
			t.Fatalf("%d bytes: changed %v, %v; want %v", len(c.content), changed, err, c.changed)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != c.content {
			t.Fatalf("%d bytes: holds %d, %v", len(c.content), len(got), err)
		}
		after, err := os.Stat(path)
		if err != nil || !c.changed && !os.SameFile(before, after) || after.Mode().Perm() != 0o644 {
			t.Errorf("%d bytes: an unchanged file was replaced, or mode %v is wrong, %v", len(c.content), after.Mode(), err)
		}
		before = after
	}
	failed := errors.New("failed")
	if _, err := StreamIfChanged(path, 0o644, func(w io.Writer) error { io.WriteString(w, "half"); return failed }); !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "short" {
		t.Errorf("half a file was left: %q", got)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("directory holds %v", entries)
	}
}

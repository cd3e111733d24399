package atomicfile

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWriteFileReplacesAndLeavesNoTemporary(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "feed.xml")
	for _, content := range []string{"one", "two", ""} {
		if err := WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != content {
			t.Fatalf("got %q, %v; want %q", got, err, content)
		}
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Fatalf("directory holds %v, want feed.xml alone", entries)
	}
	if st, _ := os.Stat(path); st.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, want 0644", st.Mode())
	}
}

func TestWriteIfChangedKeepsModificationTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "feed.xml")
	if changed, err := WriteIfChanged(path, []byte("one"), 0o644); err != nil || !changed {
		t.Fatalf("first write: changed=%v, %v", changed, err)
	}
	before, _ := os.Stat(path)
	if changed, err := WriteIfChanged(path, []byte("one"), 0o644); err != nil || changed {
		t.Fatalf("same content: changed=%v, %v", changed, err)
	}
	after, _ := os.Stat(path)
	if !os.SameFile(before, after) {
		t.Error("an unchanged file was replaced")
	}
	if changed, err := WriteIfChanged(path, []byte("two"), 0o644); err != nil || !changed {
		t.Fatalf("new content: changed=%v, %v", changed, err)
	}
}

func TestWriteFileIntoMissingDirectoryFails(t *testing.T) {
	if err := WriteFile(filepath.Join(t.TempDir(), "no", "feed.xml"), nil, 0o644); err == nil {
		t.Fatal("no error")
	}
}

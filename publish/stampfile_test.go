package publish

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"commonseed/license"
)

// TestStampWorksStops: when it is stopped in the middle, what is finished stays and
// nothing half done is left.
func TestStampWorksStops(t *testing.T) {
	by, err := license.Parse("cc-by-4.0")
	if err != nil {
		t.Fatal(err)
	}
	root, out := filepath.Join(t.TempDir(), "album"), filepath.Join(t.TempDir(), "out")
	media, err := os.ReadFile("../license/stamp/testdata/audio/bare.mp3")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if err := os.WriteFile(filepath.Join(root, string(rune('a'+i%26))+string(rune('a'+i/26))+".mp3"), media, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("enough")
	done := map[string]bool{}
	_, err = StampWorks(ctx, []Work{{Paths: []string{root}, License: by, Creator: "Ana"}}, StampOptions{
		Out: out, Progress: func(int64, int64) {}, Done: func(s StampedFile) {
			if done[s.Path] = true; len(done) == 5 {
				cancel(why)
			}
		}})
	if !errors.Is(err, why) || len(done) < 5 || len(done) == 200 {
		t.Fatalf("%d files, %v", len(done), err)
	}
	entries, err := os.ReadDir(filepath.Join(out, "album"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || filepath.Ext(e.Name()) != ".mp3" || info.Size() <= int64(len(media)) {
			t.Errorf("left behind: %s, %v", e.Name(), err)
		}
	}
}

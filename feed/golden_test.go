package feed

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata")

// TestGolden shows, as whole documents, what readers are given. After a change
// that is meant: go test ./feed -run Golden -update, and read the difference.
func TestGolden(t *testing.T) {
	rels := sampleReleases(2)
	dir := written(t, sampleChannel(), rels)
	docs := map[string]string{}
	for _, name := range []string{TorrentsName, PodcastName, JSONName, OPMLName} {
		docs[name] = readDoc(t, dir, name)
	}
	for name, render := range map[string]func() ([]byte, error){
		ReleaseName:  rels[0].Marshal,
		MetadataName: func() ([]byte, error) { return CreativeWork(rels[0], "") },
		"page.json":  func() ([]byte, error) { return CreativeWork(rels[0], base) },
	} {
		data, err := render()
		if err != nil {
			t.Fatal(err)
		}
		docs[name] = string(data)
	}
	for name, got := range docs {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is not as in testdata:\n%s", name, got)
		}
	}
}

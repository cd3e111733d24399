package torrentfile_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"commonseed/publish/torrentfile"
)

func ExampleBuild() {
	dir, err := os.MkdirTemp("", "tide")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "tide.txt"), []byte("the sea comes and goes"), 0o644); err != nil {
		panic(err)
	}
	t, err := torrentfile.Build(context.Background(), dir, torrentfile.Options{
		Name:         "Tide",
		License:      "https://creativecommons.org/licenses/by/4.0/",
		Announcement: torrentfile.Announcement{Trackers: [][]string{{"https://tracker.example/announce"}}},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(t.InfohashV1())
	fmt.Println(t.InfohashV2())
	fmt.Println(t.PieceLength(), t.Files()[0].Path)
	// Output:
	// 342754de239fd98c74355222d7442e3072a5f70e
	// 0c35436af176bfd03f9789d09253c33e12ba23eecc5bf5628dc0942d12e39b0f
	// 16384 tide.txt
}

// text is a file that lies in memory.
type text struct{ *strings.Reader }

func (text) Region(int64) (fd uintptr, at, n int64) { return 0, 0, 0 }
func (text) Keep(p []byte, off int64) error         { return nil }
func (text) Close() error                           { return nil }

// A Builder takes files from anywhere, and some of them can be made of what was found
// out about the others.
func ExampleBuilder() {
	var sums []string
	source := func(path, content string) torrentfile.Source {
		return torrentfile.Source{Path: path, Length: int64(len(content)),
			Open: func() (torrentfile.Content, error) { return text{strings.NewReader(content)}, nil },
			Sum:  func(sum [sha256.Size]byte) { sums = append(sums, fmt.Sprintf("%x  %s\n", sum[:4], path)) }}
	}
	b, err := torrentfile.NewBuilder(torrentfile.Options{Name: "Tide", PieceLength: 64 << 10})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	if err := b.Add(ctx, []torrentfile.Source{source("tide.txt", "the sea comes and goes")}); err != nil {
		panic(err)
	}
	if err := b.Add(ctx, []torrentfile.Source{source("SHA256", sums[0])}); err != nil {
		panic(err)
	}
	t, err := b.Torrent()
	if err != nil {
		panic(err)
	}
	for _, f := range t.Files() {
		fmt.Println(f.Path, f.Length)
	}
	// Output:
	// SHA256 19
	// tide.txt 22
}

// What is half there is checked as far as it goes.
func ExampleTorrent_Check() {
	dir, err := os.MkdirTemp("", "tide")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	sea := []byte(strings.Repeat("the sea comes and goes\n", 2000))
	if err := os.WriteFile(filepath.Join(dir, "tide.txt"), sea, 0o644); err != nil {
		panic(err)
	}
	t, err := torrentfile.Build(context.Background(), dir, torrentfile.Options{Name: "Tide", PieceLength: 16 << 10})
	if err != nil {
		panic(err)
	}
	sea[20_000] = '!'
	if err := os.WriteFile(filepath.Join(dir, "tide.txt"), sea[:40_000], 0o644); err != nil {
		panic(err)
	}
	report, err := t.Check(context.Background(), dir, torrentfile.CheckOptions{})
	if err != nil {
		panic(err)
	}
	for _, f := range report.Files {
		fmt.Println(f.Path, f.Fault)
		fmt.Println(f.Have, "bytes are right; not right:", f.Bad)
	}
	// Output:
	// tide.txt is shorter than it should be: 40000 bytes instead of 46000
	// 16384 bytes are right; not right: [{16384 29616}]
}

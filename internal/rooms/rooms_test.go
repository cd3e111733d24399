package rooms

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func TestTheTreeKeepsTheRules(t *testing.T) {
	tree := os.DirFS("../..")
	if _, err := os.Stat("../../go.mod"); err != nil {
		t.Fatalf("this test reads the whole module: %v", err)
	}
	found, err := Check(tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}

// The walls name rooms that exist; a renamed room would lose its wall unseen.
func TestWallsNameRooms(t *testing.T) {
	for _, w := range walls {
		if info, err := os.Stat("../../" + w.room); err != nil || !info.IsDir() {
			t.Errorf("the table names %q, which is no directory", w.room)
		}
	}
}

func TestCheckCatches(t *testing.T) {
	const doc = "// Package x is documented.\n"
	tests := []struct {
		name, file, code string
		want             string // a part of the only violation; "" for none
	}{
		{"plain code", "license/x.go", doc + "package license\nimport \"strings\"\nvar _ = strings.ToUpper", ""},
		{"license beyond the standard library", "license/x.go", doc + "package license\nimport \"golang.org/x/text/unicode/norm\"\nvar _ = norm.NFC",
			`license/x.go:3: license imports "golang.org/x/text/unicode/norm", but may import the standard library alone`},
		{"license into another room", "license/x.go", doc + "package license\nimport _ \"commonseed/feed\"", `license imports "commonseed/feed"`},
		{"a longer wall wins", "license/stamp/x.go", doc + "package stamp\nimport _ \"commonseed/license\"", ""},
		{"a name that only begins alike", "feed/x.go", doc + "package feed\nimport _ \"commonseed/licenses\"", `feed imports "commonseed/licenses"`},
		{"tests may import more", "seed/x_test.go", doc + "package seed\nimport _ \"go.uber.org/goleak\"", ""},
		{"kong outside cmd", "publish/x.go", doc + "package publish\nimport _ \"github.com/alecthomas/kong\"", "which only cmd may"},
		{"progressbar in a test", "feed/x_test.go", doc + "package feed\nimport _ \"github.com/schollz/progressbar/v3\"", "which only cmd may"},
		{"kong in cmd", "cmd/commonseed/x.go", doc + "package main\nimport _ \"github.com/alecthomas/kong\"", ""},
		{"cgo", "seed/x.go", doc + "package seed\nimport \"C\"", `imports "C"`},
		{"a new room", "mirror/x.go", doc + "package mirror", "has no wall"},
		{"exit", "seed/x.go", doc + "package seed\nimport \"os\"\nfunc f() { os.Exit(1) }", "seed/x.go:4: seed uses os.Exit"},
		{"exit by another name", "seed/x.go", doc + "package seed\nimport sys \"os\"\nfunc f() { sys.Exit(1) }", "sys.Exit"},
		{"environment", "internal/a/x.go", doc + "package a\nimport \"os\"\nvar _ = os.Getenv", "os.Getenv"},
		{"printing", "feed/x.go", doc + "package feed\nimport \"fmt\"\nfunc f() { fmt.Println() }", "fmt.Println"},
		{"printing by println", "feed/x.go", doc + "package feed\nfunc f() { println() }", "feed uses println"},
		{"stderr", "publish/x.go", doc + "package publish\nimport \"os\"\nvar w = os.Stderr", "os.Stderr"},
		{"formatting is not printing", "feed/x.go", doc + "package feed\nimport \"fmt\"\nvar _ = fmt.Sprint(1)", ""},
		{"printing in a test", "feed/x_test.go", doc + "package feed\nimport \"fmt\"\nfunc f() { fmt.Println() }", ""},
		{"printing in cmd", "cmd/commonseed/x.go", doc + "package main\nimport \"fmt\"\nfunc f() { fmt.Println() }", ""},
		{"no doc comment", "feed/x.go", "package feed", "feed/x.go:1: package feed (feed) has no doc comment"},
		{"a comment too far away", "feed/x.go", doc + "\npackage feed", "no doc comment"},
		{"unfinished code", "feed/x.go", doc + "package feed\n// TO" + "DO: later", "feed/x.go:3: TO" + "DO in the tree"},
		{"unfinished prose", "docs/a.md", "one\nFIX" + "ME\n", "docs/a.md:2: FIX" + "ME"},
		{"binary files may hold anything", "examples/a.mp3", "\x00TO" + "DO", ""},
		{"test data is left alone", "feed/testdata/x.go", "package broken; TO" + "DO", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			expect(t, fstest.MapFS{tt.file: {Data: []byte(tt.code)}}, want...)
		})
	}
}

func TestCheckKeepsPublishAndSeedApart(t *testing.T) {
	expect(t, fstest.MapFS{
		"publish/x.go": {Data: []byte("// Package publish is.\npackage publish\nimport _ \"commonseed/seed\"")},
	}, `publish imports "commonseed/seed"`, "never meet are joined: publish -> seed")
	expect(t, fstest.MapFS{
		"seed/web/x.go": {Data: []byte("// Package web is.\npackage web\nimport _ \"commonseed/publish/torrentfile\"")},
	}, `seed/web imports "commonseed/publish/torrentfile"`, "joined: seed/web -> publish/torrentfile")
}

func TestCheckCatchesAWayRound(t *testing.T) {
	expect(t, fstest.MapFS{
		"publish/x.go":         {Data: []byte("// Package publish is.\npackage publish\nimport _ \"commonseed/internal/helper\"")},
		"internal/helper/x.go": {Data: []byte("// Package helper is.\npackage helper\nimport _ \"commonseed/seed/web\"")},
		"seed/web/x.go":        {Data: []byte("// Package web is.\npackage web")},
	}, "publish/x.go: rooms that never meet are joined: publish -> internal/helper -> seed/web")
}

func TestCheckLeavesOtherModules(t *testing.T) {
	expect(t, fstest.MapFS{
		"internal/noutp/go.mod": {Data: []byte("module example.org/utp")},
		"internal/noutp/x.go":   {Data: []byte("package utp\nfunc f() { println() }")},
	})
}

func TestCheckReportsWhatItCannotParse(t *testing.T) {
	if _, err := Check(fstest.MapFS{"feed/x.go": {Data: []byte("package")}}); err == nil {
		t.Error("got no error for a file that is not Go")
	}
}

// expect wants just these violations, each given by a part of it.
func expect(t *testing.T, tree fstest.MapFS, want ...string) {
	t.Helper()
	found, err := Check(tree)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != len(want) {
		t.Fatalf("got %q, want %q", found, want)
	}
	for i, v := range found {
		if !strings.Contains(v.String(), want[i]) {
			t.Errorf("got %q, want it to contain %q", v, want[i])
		}
	}
}

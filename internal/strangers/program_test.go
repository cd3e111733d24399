package strangers

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// program is the path of the built commonseed. Under `go test -race` it has the
// race detector in it as well.
func program(t testing.TB) string { return built(t, race) }

// plainProgram is the same without the race detector, for what is a matter of
// time.
func plainProgram(t testing.TB) string { return built(t, false) }

var buildOnce = map[bool]func() (string, error){
	true:  sync.OnceValues(func() (string, error) { return build("commonseed-race", "-race") }),
	false: sync.OnceValues(func() (string, error) { return build("commonseed") }),
}

func built(t testing.TB, race bool) string {
	t.Helper()
	path, err := buildOnce[race]()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

const root = "../.."

func build(name string, flags ...string) (string, error) {
	if err := lookAtSources(); err != nil {
		return "", err
	}
	path := filepath.Join(scratch, name)
	cmd := exec.Command("go", append(append([]string{"build", "-o", path}, flags...), "./cmd/commonseed")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building commonseed: %w\n%s", err, out)
	}
	return path, nil
}

// lookAtSources looks at every file of the module. Go remembers which files a
// test looked at, and takes an old result for good while none of them changed;
// without this it would not know that the result hangs on the whole program.
func lookAtSources() error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		_, err = os.Stat(path)
		return err
	})
}

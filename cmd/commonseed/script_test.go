package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"commonseed": main, "exits": exits, "await": await})
}

// exits runs a command and fails unless it ends with the exit code given first.
func exits() {
	want, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		fmt.Fprintf(os.Stderr, "exits: got exit code %d, want %d\n", got, want)
		os.Exit(1)
	}
}

// await runs a command again and again until it succeeds, for half a minute.
func await() {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if exec.Command(os.Args[1], os.Args[2:]...).Run() == nil {
			return
		}
	}
	fmt.Fprintf(os.Stderr, "await: %q never succeeded\n", os.Args[1:])
	os.Exit(1)
}

// TestPromises runs the scripts in testdata; each is named for what it promises.
func TestPromises(t *testing.T) {
	media, err := filepath.Abs("../../license/stamp/testdata/audio")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Deadline:            time.Now().Add(6 * time.Minute), // a command that seeds by mistake ends
		Setup: func(env *testscript.Env) error {
			env.Setenv("MEDIA", media)
			env.Setenv("EXAMPLES", examples)
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "mounts" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return exec.Command("unshare", "-m", "true").Run() == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"file":     makeFile,
			"truncate": truncateFile,
			"same":     sameValue,
		},
	})
}

// makeFile writes a file whose name and content are Go strings, so that scripts
// can hold names that text cannot: file NAME CONTENT.
func makeFile(ts *testscript.TestScript, _ bool, args []string) {
	name, err := strconv.Unquote(`"` + args[0] + `"`)
	ts.Check(err)
	content, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(name), []byte(content), 0o644))
}

// truncateFile cuts a file to a share of its size: truncate FILE PERCENT.
func truncateFile(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	percent, err := strconv.Atoi(args[1])
	ts.Check(err)
	info, err := os.Stat(file)
	ts.Check(err)
	ts.Check(os.Truncate(file, info.Size()*int64(percent)/100))
}

// sameValue compares a JSON member in two files: same KEY FILE FILE.
func sameValue(ts *testscript.TestScript, neg bool, args []string) {
	a, b := member(ts, args[0], args[1]), member(ts, args[0], args[2])
	if (a == b) == neg {
		ts.Fatalf("%s: %q and %q", args[0], a, b)
	}
}

func member(ts *testscript.TestScript, key, file string) string {
	var line map[string]any
	ts.Check(decodeFirst(ts.ReadFile(file), &line))
	value, ok := line[key]
	if !ok {
		ts.Fatalf("%s holds no %q", file, key)
	}
	return fmt.Sprint(value)
}

func decodeFirst(text string, into any) error {
	return json.NewDecoder(strings.NewReader(text)).Decode(into)
}

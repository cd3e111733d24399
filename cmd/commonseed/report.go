package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"commonseed/publish"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// report writes results to stdout, and progress and messages to stderr.
type report struct {
	stdout         *results
	stderr         io.Writer
	json, quiet    bool
	verbose, color bool

	mu    sync.Mutex
	bar   *progressbar.ProgressBar
	stage string
}

func newReport(stdout, stderr io.Writer) *report {
	return &report{stdout: &results{w: stdout}, stderr: stderr}
}

// results keeps the first error of writing, so that results that got lost do
// not pass for a success.
type results struct {
	w   io.Writer
	mu  sync.Mutex
	err error
}

func (r *results) Write(b []byte) (int, error) {
	n, err := r.w.Write(b)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
	return n, err
}

// lost is what went wrong in writing results, or nil.
func (r *results) lost() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// foresee takes the global flags from a command line that could not be parsed,
// so that the error is told in the form asked for.
func (r *report) foresee(args []string) {
	for _, arg := range args {
		switch arg {
		case "--":
			return
		case "--json":
			r.json = true
		case "-q", "--quiet":
			r.quiet = true
		}
	}
}

// configure takes the global flags.
func (r *report) configure(c *cli) {
	r.json, r.quiet, r.verbose = c.JSON, c.Quiet, c.Verbose
	switch c.Color {
	case "always":
		r.color = true
	case "never":
	default:
		r.color = terminal(r.stderr) && os.Getenv("NO_COLOR") == ""
	}
}

// terminal says whether w is a screen that can be redrawn.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// message tells a person what is going on; --quiet and --json silence it.
func (r *report) message(format string, args ...any) {
	if !r.quiet && !r.json {
		fmt.Fprintf(r.stderr, format+"\n", args...)
	}
}

// detail is a message for --verbose.
func (r *report) detail(format string, args ...any) {
	if r.verbose {
		r.message(format, args...)
	}
}

// warn tells what a person should know even if nothing fails.
func (r *report) warn(format string, args ...any) {
	fmt.Fprintf(r.stderr, "commonseed: "+r.paint("33", "warning")+": "+format+"\n", args...)
}

// result prints a line for people, result of the command.
func (r *report) result(format string, args ...any) { fmt.Fprintf(r.stdout, format+"\n", args...) }

// object prints one JSON line.
func (r *report) object(v any) {
	enc := json.NewEncoder(r.stdout)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // results keeps the error
}

// fail tells about an error and its hint, and answers with the exit code.
// Several problems are told one by one; the gravest gives the code.
func (r *report) fail(err error) int {
	var problems publish.Problems
	if errors.As(err, &problems) {
		code := 0
		const most = 20
		for i, p := range problems {
			if i < most {
				r.tell(p)
			}
			if c := advise(p).code; code == 0 || c == exitRefused {
				code = c
			}
		}
		if len(problems) > most {
			fmt.Fprintf(r.stderr, "commonseed: … and %d more\n", len(problems)-most)
		}
		return code
	}
	r.tell(err)
	return advise(err).code
}

func (r *report) tell(err error) {
	a := advise(err)
	if r.json {
		enc := json.NewEncoder(r.stderr)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(map[string]any{"message_type": "error", "code": a.code, "message": err.Error(), "hint": a.hint})
		return
	}
	fmt.Fprintf(r.stderr, "commonseed: %s: %s\n", r.paint("31", "error"), strings.ReplaceAll(err.Error(), "\n", "\n  "))
	if a.hint != "" {
		fmt.Fprintf(r.stderr, "commonseed: %s: %s\n", r.paint("36", "hint"), a.hint)
	}
}

func (r *report) paint(code, s string) string {
	if !r.color {
		return s
	}
	return "\x1b[1;" + code + "m" + s + "\x1b[0m"
}

// progress draws a bar on a terminal, one for each stage.
func (r *report) progress(stage string, done, total int64) {
	if r.quiet || r.json || !terminal(r.stderr) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stage != stage {
		r.finish()
		r.stage = stage
		r.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(r.stderr),
			progressbar.OptionSetDescription(fmt.Sprintf("%-9s", stage)), progressbar.OptionShowBytes(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(28),
			progressbar.OptionClearOnFinish())
	}
	_ = r.bar.Set64(min(done, total))
}

// endProgress clears what progress drew.
func (r *report) endProgress() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finish()
}

func (r *report) finish() {
	if r.bar != nil {
		_ = r.bar.Clear()
	}
	r.bar, r.stage = nil, ""
}

// bytesText is a size people can read.
func bytesText(n int64) string {
	const units = "KMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, i := float64(n)/1000, 0
	for value >= 999.95 && i < len(units)-1 {
		value, i = value/1000, i+1
	}
	return fmt.Sprintf("%.1f %cB", value, units[i])
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

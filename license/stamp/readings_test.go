package stamp

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"commonseed/internal/peers"
)

// reading is a cell of the table in docs/formats.md: a stranger's program that
// reads what a stamp wrote in one place of one format.
type reading struct {
	format string   // Stamper.Format
	place  string   // one of Stamper.Places
	reader string   // the program, as the table names it
	sample string   // under testdata
	run    []string // command line; "{}" is the stamped file
	shows  string   // what must stand in its output, such as licenceURL
}

// What a reader may show of the notice that readings are tried with.
var (
	licenceURL = fullNotice(byA).License.URL
	pageText   = pageURL(fullNotice(byA))
	rightsText = oneLine(fullNotice(byA).Copyright())
	termsText  = oneLine(fullNotice(byA).UsageTerms())
)

// readings is filled by the tests of each format.
var readings []reading

// python marks a command for the Python that has Debian's modules.
const python = "/usr/bin/python3"

// TestReadings asks every reader that docs/formats.md names; the table and the
// readings must be the same.
func TestReadings(t *testing.T) {
	t.Parallel()
	documented := tableOfReaders(t)
	for _, r := range readings {
		cell := fmt.Sprintf("%s | %s | %s", r.format, r.place, r.reader)
		if !documented[cell] {
			t.Errorf("docs/formats.md does not name %s", cell)
		}
		delete(documented, cell)
	}
	for cell := range documented {
		t.Errorf("docs/formats.md names %s, which nothing tries", cell)
	}
	outputs := &commandOutputs{done: map[string]string{}}
	for _, r := range readings {
		t.Run(strings.ReplaceAll(r.format+" "+r.place+" "+r.reader, "/", "-"), func(t *testing.T) {
			t.Parallel()
			if out := outputs.of(t, r); !strings.Contains(out, r.shows) {
				t.Errorf("%s does not show %q:\n%.2000s", strings.Join(r.run, " "), r.shows, out)
			}
		})
	}
}

// tableOfReaders reads the rows "| format | `place` | reader, reader |".
func tableOfReaders(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	cells := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| ([a-z0-9]+) +\\| `([^`]+)` +\\| ([^|]+?) +\\|$").FindAllStringSubmatch(string(text), -1) {
		for _, reader := range strings.Split(row[3], ", ") {
			cells[row[1]+" | "+row[2]+" | "+reader] = true
		}
	}
	return cells
}

// commandOutputs runs each command once for each sample.
type commandOutputs struct {
	mu   sync.Mutex
	done map[string]string
}

func (o *commandOutputs) of(t *testing.T, r reading) string {
	t.Helper()
	if r.run[0] == python {
		peers.NeedPython(t, r.reader)
	} else {
		peers.Need(t, r.run[0])
	}
	key := strings.Join(append([]string{r.sample}, r.run...), "\x00")
	o.mu.Lock()
	defer o.mu.Unlock()
	if out, ok := o.done[key]; ok {
		return out
	}
	_, after := inFile(t, r.sample, fullNotice(byA))
	args := slices.Clone(r.run[1:])
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "{}", after)
	}
	o.done[key] = peers.Run(t, r.run[0], args...)
	return o.done[key]
}

// checker is a stranger's program that says whether a file is in order.
type checker struct {
	run   []string // command line; "{}" is the file
	fault string   // a regexp for complaints; "": its exit code tells
}

// checkers are filled by the tests of each format.
var checkers = map[string][]checker{}

// TestStrangersFindNothingWrong: a stamp gives no new cause for complaint.
func TestStrangersFindNothingWrong(t *testing.T) {
	t.Parallel()
	for _, s := range samples {
		for _, c := range checkers[s.stamper.Format()] {
			t.Run(s.file+" "+c.run[0], func(t *testing.T) {
				t.Parallel()
				peers.Need(t, c.run[0])
				before, after := inFile(t, s.file, fullNotice(byA))
				was := strings.ReplaceAll(c.complaints(before), before, after)
				if complaints := c.complaints(after); complaints != "" && complaints != was {
					t.Errorf("%s complains:\n%.2000s\nand before the stamp:\n%.2000s", strings.Join(c.run, " "), complaints, was)
				}
			})
		}
	}
}

// complaints is what a checker has to say against a file.
func (c checker) complaints(path string) string {
	args := slices.Clone(c.run[1:])
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "{}", path)
	}
	out, err := exec.Command(c.run[0], args...).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v\n%s", err, out)
	}
	if c.fault == "" || !regexp.MustCompile(c.fault).Match(out) {
		return ""
	}
	return string(out)
}

// TestStrangersSeeTheSame compares what ffmpeg makes of every sample before and
// after: packets of sound and film, pixels of images.
func TestStrangersSeeTheSame(t *testing.T) {
	t.Parallel()
	for _, s := range samples {
		if s.noFFmpeg != "" {
			continue
		}
		t.Run(s.file, func(t *testing.T) {
			t.Parallel()
			data := readSample(t, s.file)
			out, _ := stampBytes(t, data, fullNotice(byA), false)
			args := []string{"-c", "copy"}
			if slices.Contains([]string{"jpeg", "png", "webp", "gif", "tiff"}, s.stamper.Format()) {
				args = nil
			}
			suffix := filepath.Ext(s.file)
			if want, got := streamHash(t, data, suffix, args...), streamHash(t, out, suffix, args...); got != want {
				t.Errorf("ffmpeg reads other streams:\n%s\n%s", want, got)
			}
		})
	}
}

// exiftooled is a sample after exiftool wrote into it.
func exiftooled(t testing.TB, file string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(file))
	if err := os.WriteFile(path, readSample(t, file), 0o600); err != nil {
		t.Fatal(err)
	}
	peers.Run(t, "exiftool", append([]string{"-q", "-overwrite_original", path}, args...)...)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

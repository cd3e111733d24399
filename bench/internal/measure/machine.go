package measure

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Head says when, where and by which command something is measured.
func Head(bench string) string {
	return fmt.Sprintf("%s, %s, load %s\n`go run ./bench/%s`", time.Now().UTC().Format(time.DateOnly), machine(), load(),
		strings.Join(append([]string{bench}, os.Args[1:]...), " "))
}

// machine names the processor and the compiler.
func machine() string {
	cpu := runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range bytes.Lines(info) {
		if key, value, ok := strings.Cut(string(line), ":"); ok && strings.TrimSpace(key) == "model name" {
			cpu = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d cores, %s", cpu, runtime.GOMAXPROCS(0), runtime.Version())
}

// load is the one-minute load average, to tell a calm run from a busy one.
func load() string {
	avg, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(avg), " ")
	return first
}

// SystemPython is Debian's, where python3-libtorrent lives.
const SystemPython = "/usr/bin/python3"

// Missing are those programs that are not installed; "python3-libtorrent" is one.
func Missing(programs ...string) (missing []string) {
	for _, name := range programs {
		_, err := exec.LookPath(name)
		if name == "python3-libtorrent" {
			err = exec.Command(SystemPython, "-W", "ignore", "-c", "import libtorrent").Run()
		}
		if err != nil {
			missing = append(missing, name)
		}
	}
	return missing
}

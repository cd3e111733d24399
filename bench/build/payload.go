package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"commonseed/publish/torrentfile"
)

// maxMemory bounds what is kept in memory for the hash limit. It is far more than
// any cache holds.
const maxMemory = 256 << 20

// payload is the folder that every builder makes a torrent of.
type payload struct {
	root        string
	size        int64
	files       int
	pieceLength int64
	memory      []byte // a part of it
}

// makePayload writes size bytes that do not compress, cut into files of nearly
// the same length, and reads them once so that they are in the page cache. Piece
// length is the one our builder chooses; the others are told to use it too.
func makePayload(ctx context.Context, dir string, size int64, files int) (payload, error) {
	p := payload{root: filepath.Join(dir, "payload"), size: size, files: files}
	if err := os.Mkdir(p.root, 0o755); err != nil {
		return p, err
	}
	random := rand.NewChaCha8([32]byte{1})
	left := size
	for i := range files {
		n := left / int64(files-i)
		left -= n
		if err := writeRandom(filepath.Join(p.root, fmt.Sprintf("%06d", i)), random, n); err != nil {
			return p, err
		}
	}
	t, err := torrentfile.Build(ctx, p.root, torrentfile.Options{Name: "payload"})
	if err != nil {
		return p, err
	}
	p.pieceLength = t.PieceLength()
	p.memory = make([]byte, max(min(size, maxMemory)/p.pieceLength, 1)*p.pieceLength)
	_, err = random.Read(p.memory)
	return p, err
}

func writeRandom(path string, random io.Reader, n int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.CopyBuffer(f, io.LimitReader(random, n), make([]byte, 1<<20)); err != nil {
		return err
	}
	return f.Sync()
}

// byteSize is a flag such as 1GiB.
type byteSize int64

func (b *byteSize) String() string { return strconv.FormatInt(int64(*b), 10) }

func (b *byteSize) Set(s string) error {
	unit := int64(1)
	for suffix, size := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if number, ok := strings.CutSuffix(s, suffix); ok {
			s, unit = number, size
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || n > (1<<50)/unit {
		return fmt.Errorf("not a size: %q", s)
	}
	*b = byteSize(n * unit)
	return nil
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

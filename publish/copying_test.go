package publish

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"commonseed/internal/peers"
)

// sound is a WAV file of so many bytes of sound: long enough to be mapped.
func sound(size int) []byte {
	le := binary.LittleEndian
	head := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x44\xac\x00\x00\x88\x58\x01\x00\x02\x00\x10\x00data\x00\x00\x00\x00")
	le.PutUint32(head[4:], uint32(len(head)-8+size))
	le.PutUint32(head[40:], uint32(size))
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	return append(head, data...)
}

// TestALargeSourceThatChangesUnderWayIsRefused: what happens to a mapped file is no
// crash, but an error that names it, and nothing is published.
func TestALargeSourceThatChangesUnderWayIsRefused(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"shrinks": func(path string) error { return os.Truncate(path, 1000) },
		"empty":   func(path string) error { return os.Truncate(path, 0) },
		"grows":   func(path string) error { return os.Truncate(path, 50<<20) },
		"touched": func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) },
		"gone":    os.Remove,
		"replaced": func(path string) error {
			return errors.Join(os.WriteFile(path+".new", sound(24<<20), 0o644), os.Rename(path+".new", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			ch, p := newChannel(t, map[string]string{"a.wav": string(sound(24 << 20)), "b.txt": "b"})
			o := options(ch)
			changed := false
			o.Progress = func(string, int64, int64) {
				if !changed {
					changed = true
					if err := change(p.Files[0].Abs); err != nil {
						t.Error(err)
					}
				}
			}
			_, err := Run(context.Background(), p, o)
			var file *FileError
			if !errors.Is(err, ErrChanged) || !errors.As(err, &file) || file.Path != "a.wav" {
				t.Fatalf("got %v, want ErrChanged for a.wav", err)
			}
			nothingPublished(t, ch)
		})
	}
}

// TestACopyThatCannotBeWrittenIsToldOf: by the error of the disk, not as a fault of the
// source.
func TestACopyThatCannotBeWrittenIsToldOf(t *testing.T) {
	ch, p := newChannel(t, map[string]string{"a.wav": string(sound(4 << 20))})
	c, err := p.Files[0].open(filepath.Join(t.TempDir(), "a.wav"), false)
	if err != nil {
		t.Fatal(err)
	}
	copying := c.(*copying)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no device that is full")
	}
	copying.dst.Close()
	copying.dst = full
	if err := c.Keep([]byte("x"), 0); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	_ = c.Close()
	nothingPublished(t, ch)
}

// TestCopiesShareBlocksWhereTheDiskCan publishes on btrfs: what a stamp leaves in its
// place takes no room a second time, and is right.
func TestCopiesShareBlocksWhereTheDiskCan(t *testing.T) {
	dir := mountBtrfs(t)
	const size = 48 << 20
	media := filepath.Join(dir, "Tide")
	writeTest(t, filepath.Join(media, "a.wav"), string(sound(size)))
	writeTest(t, filepath.Join(media, "b.raw"), string(sound(size)[44:]))
	ch, err := OpenChannel(filepath.Join(dir, "channel"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Create(nil); err != nil {
		t.Fatal(err)
	}
	before := used(t, dir)
	r, err := Run(context.Background(), planTest(t, ch, media), options(ch))
	if err != nil {
		t.Fatal(err)
	}
	if more := used(t, dir) - before; more > size/4 {
		t.Errorf("the release takes %d bytes more", more)
	}
	report, err := Verify(context.Background(), r.Dir, func(int64, int64) {})
	if err != nil || !report.OK() {
		t.Errorf("%+v, %v", report, err)
	}
	copied, err := os.ReadFile(filepath.Join(r.Payload(), "b.raw"))
	if err != nil || !bytes.Equal(copied, sound(size)[44:]) {
		t.Errorf("another b.raw: %v", err)
	}
}

// mountBtrfs makes a file system in a file. It wants to be root, with loop devices.
func mountBtrfs(t *testing.T) string {
	t.Helper()
	peers.Need(t, "mkfs.btrfs")
	dir, image := t.TempDir(), filepath.Join(t.TempDir(), "image")
	if err := errors.Join(os.WriteFile(image, nil, 0o600), os.Truncate(image, 512<<20)); err != nil {
		t.Fatal(err)
	}
	peers.Run(t, "mkfs.btrfs", "-q", image)
	if out, err := exec.Command("mount", "-o", "loop", image, dir).CombinedOutput(); err != nil {
		t.Skipf("cannot mount a file here: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

// used is how many bytes of a file system are taken.
func used(t *testing.T, dir string) int64 {
	t.Helper()
	syscall.Sync()
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	return int64(st.Blocks-st.Bfree) * int64(st.Bsize)
}

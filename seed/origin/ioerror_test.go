package origin

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"commonseed/internal/peers"
	"commonseed/seed"
	"commonseed/seed/seedtest"
)

// disk is a file system in a file, which can go bad. It knows the checksums of
// what it holds, so that what goes bad cannot be read.
type disk struct {
	t          *testing.T
	dir, image string
}

// newDisk wants to be root, with loop devices.
func newDisk(t *testing.T) *disk {
	t.Helper()
	peers.Need(t, "mkfs.btrfs")
	d := &disk{t, t.TempDir(), filepath.Join(t.TempDir(), "image")}
	check(t, os.WriteFile(d.image, nil, 0o600))
	check(t, os.Truncate(d.image, 256<<20))
	peers.Run(t, "mkfs.btrfs", "-q", d.image)
	d.mount()
	t.Cleanup(func() { exec.Command("umount", "-l", d.dir).Run() })
	return d
}

func (d *disk) mount() {
	d.t.Helper()
	if out, err := exec.Command("mount", "-o", "loop", d.image, d.dir).CombinedOutput(); err != nil {
		d.t.Skipf("cannot mount a file here: %v: %s", err, out)
	}
}

// spoil flips a byte in each place where the disk holds these bytes.
func (d *disk) spoil(content []byte) {
	d.t.Helper()
	peers.Run(d.t, "sync")
	whole, err := os.ReadFile(d.image)
	check(d.t, err)
	f, err := os.OpenFile(d.image, os.O_WRONLY, 0)
	check(d.t, err)
	defer f.Close()
	n := 0
	for at := 0; ; n++ {
		i := bytes.Index(whole[at:], content)
		if i < 0 {
			break
		}
		_, err := f.WriteAt([]byte{content[0] ^ 0xff}, int64(at+i))
		check(d.t, err)
		at += i + 1
	}
	if n == 0 {
		d.t.Fatal("the content is not found on the disk")
	}
	check(d.t, f.Sync())
	check(d.t, os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0))
}

// A disk that is taken away, or that cannot read, takes the torrent out of
// service: no wrong byte arrives, and when it is well again, so is the torrent.
func TestDisksThatFail(t *testing.T) {
	d := newDisk(t)
	p := seedtest.PayloadOf(t, seedtest.Hybrid, map[string]int64{"film.bin": 8 << 20, "small": 100})
	peers.Run(t, "cp", "-r", p.Root+"/.", d.dir)
	p.Root = d.dir

	e := open(t, Options{Recheck: 50 * time.Millisecond})
	id, err := e.Add(context.Background(), p.Torrent())
	check(t, err)
	seedtest.Await(t, e, id, seed.Seeding)
	e.list()[0].heardOfSeed(time.Now())
	readers := startReaders(t, e, p)
	awaitTrue(t, "readers to get blocks", func() bool { return readers.blocks.Load() > 50 })

	peers.Run(t, "umount", "-l", d.dir)
	if st := seedtest.Await(t, e, id, seed.Failed); !strings.Contains(st.Reason, "missing") {
		t.Errorf("taken away: reason %q", st.Reason)
	}
	d.mount()
	seedtest.Await(t, e, id, seed.Seeding)

	want := content(t, p)
	marks := want[4<<20+20_000:][:64] // where the readers look
	d.spoil(marks)
	if st := seedtest.Await(t, e, id, seed.Failed); !strings.Contains(st.Reason, "film.bin") {
		t.Errorf("unreadable: reason %q", st.Reason)
	}
	marks[0] ^= 0xff
	d.spoil(marks) // as it was
	e.list()[0].mu.Lock()
	e.list()[0].retry = time.Time{} // does not wait for a minute
	e.list()[0].mu.Unlock()
	seedtest.Await(t, e, id, seed.Seeding)
	if err := seedtest.Leech(p.Metainfo, peerAddr(e), t.TempDir(), 20*time.Second); err != nil {
		t.Error(err)
	}
}

package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"

	"commonseed/internal/atomicfile"
	"commonseed/internal/filestate"
	"commonseed/license/stamp"
)

// inMemory is up to which size a file is read once, and all else done in memory.
const inMemory = 1 << 20

var readBuffers = sync.Pool{New: func() any { return new([inMemory]byte) }}

// run stamps one file.
func (j *stampJob) run(ctx context.Context, o StampOptions, progress func(int64)) (StampedFile, error) {
	s := StampedFile{Source: j.Abs, Path: j.target, License: j.Notice.License.URL, State: StateStamped}
	if err := context.Cause(ctx); err != nil {
		return s, err
	}
	src, err := os.Open(j.Abs)
	if err != nil {
		return s, plainError(err)
	}
	defer src.Close()
	var content io.ReaderAt = src
	if j.state.Size <= inMemory {
		buf := readBuffers.Get().(*[inMemory]byte)
		defer readBuffers.Put(buf)
		data := buf[:j.state.Size]
		if _, err := io.ReadFull(src, data); err != nil {
			return s, ErrChanged
		}
		content = bytes.NewReader(data)
	}
	patch := stamp.Patch{{Range: stamp.Range{Len: j.state.Size}}}
	if j.sidecar == "self" {
		s.State, s.Format = StateCopied, "sidecar"
		if o.Out == "" {
			s.State = StateUnchanged
		}
	} else {
		if err := j.plan(content, o); err != nil {
			return s, err
		}
		s.Format, s.Places, s.Remains = j.Stamp.Format, j.Stamp.Places, j.Stamp.Remains
		if patch = j.Stamp.Patch; j.Stamp.Sidecar != nil {
			s.State = StateSidecar
		}
	}
	switch {
	case o.DryRun:
	case o.Out != "":
		err = j.copy(ctx, src, content, patch, progress)
	default:
		s.State, err = j.replace(ctx, s.State, src, content, patch, progress)
	}
	return s, err
}

// plan works out the stamp. A sidecar beside the file, which would be replaced or
// contradicted, must say the same.
func (j *stampJob) plan(content io.ReaderAt, o StampOptions) error {
	sidecar := j.sidecar
	if sidecar == "" {
		if _, err := os.Lstat(j.Abs + ".license"); err == nil {
			sidecar = j.Abs + ".license"
		}
	}
	if err := j.prepareFrom(content, j.work.Allow, sidecar); err != nil {
		return err
	}
	if o.Out != "" && j.sidecar == "" && j.Stamp.Sidecar != nil {
		j.Stamp.Sidecar = stamp.SidecarText(j.Notice) // the one beside the source is not copied
	}
	return nil
}

// unchanged makes sure that the source is still what was planned with.
func (j *stampJob) unchanged(src *os.File) error {
	info, err := src.Stat()
	if err != nil || filestate.Of(info) != j.state {
		return ErrChanged
	}
	return nil
}

// copy writes the stamped copy under a temporary name and renames it. As with cp,
// nobody waits for the disk.
func (j *stampJob) copy(ctx context.Context, src *os.File, content io.ReaderAt, patch stamp.Patch, progress func(int64)) error {
	if err := os.MkdirAll(filepath.Dir(j.target), 0o755); err != nil {
		return err
	}
	info, err := src.Stat()
	if err != nil {
		return err
	}
	temp, err := j.write(ctx, src, content, patch, info.Mode().Perm(), false, progress)
	if err != nil {
		return err
	}
	if j.Stamp != nil && len(j.Stamp.Sidecar) > 0 {
		if err := writeNew(j.target+".license", j.Stamp.Sidecar); err != nil {
			return errors.Join(err, os.Remove(temp))
		}
	}
	if err := os.Rename(temp, j.target); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return nil
}

// writeNew writes a small file that must not exist.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// replace writes the stamped file through to the disk and puts it in the place of
// its source, or writes its sidecar.
func (j *stampJob) replace(ctx context.Context, state string, src *os.File, content io.ReaderAt, patch stamp.Patch, progress func(int64)) (string, error) {
	switch {
	case state == StateUnchanged:
		return state, nil
	case state == StateSidecar && len(j.Stamp.Sidecar) == 0: // there is one that says the same
		return StateUnchanged, nil
	case state == StateSidecar:
		if err := atomicfile.WriteFile(j.target+".license", j.Stamp.Sidecar, 0o644); err != nil {
			return state, err
		}
		return state, atomicfile.Sync(filepath.Dir(j.target))
	case patch.ChangesNothing(content, j.state.Size):
		return StateUnchanged, nil
	}
	info, err := src.Stat()
	if err != nil {
		return state, err
	}
	temp, err := j.write(ctx, src, content, patch, info.Mode().Perm(), true, progress)
	if err != nil {
		return state, err
	}
	keepOwner(temp, info)
	if err := os.Rename(temp, j.target); err != nil {
		return state, errors.Join(err, os.Remove(temp))
	}
	return state, atomicfile.Sync(filepath.Dir(j.target))
}

// write writes a stamped file under a temporary name beside its target. It leaves
// nothing behind when it fails.
func (j *stampJob) write(ctx context.Context, src *os.File, content io.ReaderAt, patch stamp.Patch, mode fs.FileMode, sync bool, progress func(int64)) (string, error) {
	f, err := createTemp(filepath.Dir(j.target), mode)
	if err != nil {
		return "", err
	}
	err = patch.CopyTo(ctx, f, content, progress)
	if err == nil {
		err = j.unchanged(src)
	}
	if err == nil && sync {
		if err = f.Chmod(mode); err == nil { // whatever the umask: it was so before
			err = f.Sync()
		}
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(plainJoin(err), os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// plainJoin unwraps a join of one error.
func plainJoin(err error) error {
	if j, ok := err.(interface{ Unwrap() []error }); ok && len(j.Unwrap()) == 1 {
		return j.Unwrap()[0]
	}
	return err
}

// createTemp makes a file under a name that nobody uses, with the mode that its
// final name will have, as far as the umask lets it.
func createTemp(dir string, mode fs.FileMode) (*os.File, error) {
	for {
		name := filepath.Join(dir, fmt.Sprintf(".commonseed-%016x", rand.Uint64()))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode|0o200)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

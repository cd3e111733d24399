package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"commonseed/internal/atomicfile"
	"commonseed/internal/filestate"
	"commonseed/license"
	"commonseed/license/stamp"
)

// StampOptions say how files are stamped without being published.
type StampOptions struct {
	Out      string                  // the directory of the stamped copies; "": the files themselves are replaced
	DryRun   bool                    // find out all, write nothing
	Progress func(done, total int64) // bytes; called from many goroutines
	Done     func(StampedFile)       // called for one file after the other, in order
}

// What became of a stamped file.
const (
	StateStamped   = "stamped"
	StateUnchanged = "unchanged" // it said so already
	StateSidecar   = "sidecar"   // its format holds no stamp: NAME.license stands beside it
	StateCopied    = "copied"    // a sidecar of the creator's own
)

// StampedFile is a stamped file, published nowhere.
type StampedFile struct {
	Source  string            `json:"source"`
	Path    string            `json:"path"` // of the result
	State   string            `json:"state"`
	License string            `json:"license"`
	Format  string            `json:"format"`
	Places  []string          `json:"stamp"`
	Remains []stamp.Statement `json:"-"` // what others still say against it, after relicensing
}

// stampJob is one file to stamp.
type stampJob struct {
	PlannedFile
	work    *Work
	target  string
	sidecar string // the creator's own: its path, "self" if the file is one, or ""
}

// StampWorks stamps the files of works, each of one file or folder, on all cores.
// Copies keep the names and folders of their sources and replace nothing. A file
// that cannot be stamped does not stop the others. The error lists all that failed
// (Problems), of so many files; where names are in the way, nothing is written.
func StampWorks(ctx context.Context, works []Work, o StampOptions) (files int, err error) {
	var jobs []*stampJob
	var problems Problems
	for i := range works {
		found, errs := stampJobs(&works[i], o)
		jobs, problems = append(jobs, found...), append(problems, errs...)
	}
	if o.Out != "" {
		if errs := targetsFree(jobs); len(errs) > 0 {
			problems = append(problems, errs...)
			return len(problems), problems // none was begun
		}
	}
	if len(problems) > 0 && len(jobs) == 0 {
		return len(problems), problems
	}
	failed := len(problems)
	problems = append(problems, runStamps(ctx, jobs, o)...)
	if ctx.Err() != nil {
		return len(jobs), context.Cause(ctx)
	}
	return len(jobs) + failed, problems.orNil()
}

func (p Problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// stampJobs lists the files of a work, with what each will say.
func stampJobs(w *Work, o StampOptions) ([]*stampJob, Problems) {
	named := w.Paths[0]
	root, err := filepath.EvalSymlinks(named)
	if err != nil {
		return nil, Problems{&FileError{Path: named, Err: plainError(err)}}
	}
	g := gather(w.Paths, map[string]bool{"unportable-name": true, "empty-file": w.Allow["empty-file"]})
	problems := g.stampProblems()
	title := w.Title
	if title == "" {
		w.Title = defaultTitle(named)
	}
	problems = append(problems, checkWork(*w)...)
	if len(problems) > 0 {
		return nil, problems
	}
	p := &Plan{Work: *w, Notice: license.Notice{License: w.License, Title: title, Creator: w.Creator,
		Year: yearOf(w.Date), SourceURL: w.SourceURL, AttributionURL: w.AttributionURL}}
	if problems = p.addFiles(g.files); len(problems) > 0 {
		return nil, problems
	}
	own := p.ownSidecars()
	var jobs []*stampJob
	for _, f := range p.Files {
		if f.Notice.Title == "" {
			f.Notice.Title = titleOf(filepath.Base(f.Abs), false)
		}
		job := &stampJob{PlannedFile: f, work: w, target: f.Abs, sidecar: own[f.Path]}
		if rel, err := filepath.Rel(root, f.Abs); o.Out != "" && err == nil {
			job.target = filepath.Join(o.Out, filepath.Base(named), rel)
		} else if info, err := os.Lstat(f.Abs); o.Out == "" && err == nil && info.Mode()&fs.ModeSymlink != 0 {
			continue // it leads to a file of the tree, which is stamped itself
		}
		jobs = append(jobs, job)
	}
	if o.Out != "" {
		if inside, err := isInside(root, o.Out); err != nil || inside {
			return nil, Problems{&FileError{Path: o.Out, Err: errors.Join(err, ErrInsideSource)}}
		}
	}
	return jobs, nil
}

// ErrInsideSource is wrapped where copies would go into the tree they are made of.
var ErrInsideSource = errors.New("lies inside what is to be copied")

// isInside says whether a path is root or below it. Root is an existing path
// without links; of the other, as much as exists is looked up.
func isInside(root, path string) (bool, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return false, err
	}
	rest := ""
	for dir := path; ; dir, rest = filepath.Dir(dir), filepath.Join(filepath.Base(dir), rest) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			path = filepath.Join(real, rest)
			break
		} else if dir == filepath.Dir(dir) {
			return false, err
		}
	}
	if root, err = filepath.Abs(root); err != nil {
		return false, err
	}
	rel, err := filepath.Rel(root, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../"), nil
}

// stampProblems leaves out what only matters for names in a release.
func (g *gathering) stampProblems() (problems Problems) {
	for _, err := range g.problems {
		if _, name := err.(*NameError); !name {
			problems = append(problems, err)
		}
	}
	return problems
}

func plainError(err error) error {
	if pe, ok := err.(*fs.PathError); ok {
		return pe.Err
	}
	return err
}

// targetsFree finds names that exist already, and two files for one name.
func targetsFree(jobs []*stampJob) (problems Problems) {
	taken := map[string]string{}
	for _, j := range jobs {
		if other, ok := taken[j.target]; ok {
			problems = append(problems, &FileError{Path: j.target, Err: fmt.Errorf("is where both %q and %q would go: %w", other, j.Abs, fs.ErrExist)})
			continue
		}
		taken[j.target] = j.Abs
		if _, err := os.Lstat(j.target); !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, &FileError{Path: j.target, Err: fs.ErrExist})
		}
	}
	return problems
}

// runStamps works on the jobs on all cores and tells of each in order.
func runStamps(ctx context.Context, jobs []*stampJob, o StampOptions) Problems {
	var total, done int64
	for _, j := range jobs {
		total += j.state.Size
	}
	var mu sync.Mutex
	progress := func(n int64) {
		mu.Lock()
		defer mu.Unlock()
		done += n
		o.Progress(min(done, total), total)
	}
	type outcome struct {
		file StampedFile
		err  error
	}
	outcomes := make([]chan outcome, len(jobs))
	for i := range outcomes {
		outcomes[i] = make(chan outcome, 1)
	}
	next := make(chan int)
	go func() {
		defer close(next)
		for i := range jobs {
			next <- i
		}
	}()
	for range runtime.NumCPU() {
		go func() {
			for i := range next {
				file, err := jobs[i].run(ctx, o, progress)
				outcomes[i] <- outcome{file, err}
			}
		}()
	}
	var problems Problems
	for i, c := range outcomes {
		switch out := <-c; {
		case out.err == nil:
			o.Done(out.file)
		case ctx.Err() == nil:
			problems = append(problems, &FileError{jobs[i].Abs, jobs[i].work.LicenseFrom, out.err})
		}
	}
	return problems
}

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
		return state, atomicfile.SyncDir(filepath.Dir(j.target))
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
	return state, atomicfile.SyncDir(filepath.Dir(j.target))
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

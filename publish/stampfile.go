package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"commonseed/internal/inorder"
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
	var problems Problems
	for i, out := range inorder.Each(len(jobs), func(i int) outcome {
		file, err := jobs[i].run(ctx, o, progress)
		return outcome{file, err}
	}) {
		switch {
		case out.err == nil:
			o.Done(out.file)
		case ctx.Err() == nil:
			problems = append(problems, &FileError{jobs[i].Abs, jobs[i].work.LicenseFrom, out.err})
		}
	}
	return problems
}

package publish

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"commonseed/internal/filestate"

	"golang.org/x/text/unicode/norm"
)

// source is one of the creator's files. It is only ever read.
type source struct {
	Abs   string          // where it is
	Path  string          // in the payload: "/"-separated, NFC
	state filestate.State // when it was planned with
}

// gathering collects the files of a work, and all that is wrong with them.
type gathering struct {
	allow    map[string]bool
	files    []source
	folders  []string // paths in the payload
	skipped  []string // left out, with the reason
	problems Problems
}

// gather lists the files below the paths. One folder's content stands at the
// root of the payload; of several paths each keeps its own name.
func gather(paths []string, allow map[string]bool) *gathering {
	g := &gathering{allow: allow}
	for _, p := range paths {
		root, err := filepath.EvalSymlinks(p)
		if err != nil {
			g.fail(p, err)
			continue
		}
		info, err := os.Stat(root)
		if err != nil {
			g.fail(p, err)
			continue
		}
		name := filepath.Base(p)
		switch {
		case !info.IsDir():
			g.add(root, name, info)
		case len(paths) == 1:
			g.walk(root, root, "")
		default:
			g.folder(name, norm.NFC.String(name))
			g.walk(root, root, norm.NFC.String(name))
		}
		if info.IsDir() && len(g.files) == 0 && len(g.problems) == 0 {
			g.problems = append(g.problems, &EmptyDirError{p})
		}
	}
	sort.Slice(g.files, func(i, j int) bool { return g.files[i].Path < g.files[j].Path })
	g.collisions()
	return g
}

func (g *gathering) fail(path string, err error) {
	g.problems = append(g.problems, &FileError{Path: path, Err: plainError(err)})
}

// doubt keeps an error, unless it is a doubt that the creator has overruled.
func (g *gathering) doubt(err error) {
	if d, ok := err.(*DoubtError); err == nil || ok && g.allow[d.Lint] {
		return
	}
	g.problems = append(g.problems, err)
}

func (g *gathering) name(name string) { g.doubt(checkName(name)) }

// walk adds the files of dir, whose place in the payload is prefix.
func (g *gathering) walk(root, dir, prefix string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		g.fail(dir, err)
		return
	}
	for _, e := range entries {
		abs := filepath.Join(dir, e.Name())
		if why := leftOut(abs, e, root); why != "" {
			g.skipped = append(g.skipped, fmt.Sprintf("%s (%s)", path.Join(prefix, e.Name()), why))
			continue
		}
		info, err := g.resolve(root, abs, e)
		if err != nil {
			g.doubt(err)
			continue
		}
		place := path.Join(prefix, norm.NFC.String(e.Name()))
		if info.IsDir() {
			g.folder(e.Name(), place)
			g.walk(root, abs, place)
			continue
		}
		g.add(abs, place, info)
	}
}

// maxDepth is how many folders deep a payload may be, like in records.
const maxDepth = 64

// folder checks a folder of the payload. Folders take part in collisions.
func (g *gathering) folder(name, place string) {
	g.name(name)
	if strings.Count(place, "/")+1 == maxDepth {
		g.problems = append(g.problems, &NameError{place, fmt.Sprintf("lies more than %d folders deep", maxDepth)})
	}
	g.folders = append(g.folders, place)
}

// resolve answers with what e is. A link is followed to a file inside the tree.
func (g *gathering) resolve(root, abs string, e fs.DirEntry) (fs.FileInfo, error) {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.Info()
	}
	target, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return nil, &LinkError{abs, "that leads nowhere"}
	}
	if rel, err := filepath.Rel(root, target); err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return nil, &LinkError{abs, "that leads out of the folder"}
	}
	info, err := os.Stat(target)
	if err == nil && info.IsDir() {
		return nil, &LinkError{abs, "to a folder"}
	}
	return info, err
}

// leftOut says why an entry does not belong to the work, "" if it does.
func leftOut(abs string, e fs.DirEntry, root string) string {
	name, top := e.Name(), filepath.Dir(abs) == root
	switch {
	case top && name == ConfigName:
		return "describes the work"
	case top && (name == publicName || name == "templates") && IsChannel(root):
		return "the channel's own"
	case strings.HasPrefix(name, "."):
		return "hidden"
	case name == "Thumbs.db" || name == "desktop.ini" || name == "__MACOSX":
		return "left by the system"
	case e.IsDir() && IsChannel(abs):
		return "a channel"
	}
	return ""
}

// add takes one file after looking at what can be seen without opening it.
func (g *gathering) add(abs, place string, info fs.FileInfo) {
	g.name(path.Base(place))
	switch {
	case !info.Mode().IsRegular():
		g.problems = append(g.problems, &FileError{Path: abs, Err: ErrNotRegular})
		return
	case info.Size() == 0:
		g.doubt(&DoubtError{"empty-file", fmt.Sprintf("%q is empty", abs)})
	}
	g.files = append(g.files, source{Abs: abs, Path: norm.NFC.String(place), state: filestate.Of(info)})
}

// collisions finds names that are one on a system that ignores case or form,
// and those that the bundle needs for itself.
func (g *gathering) collisions() {
	seen := map[string]string{strings.ToLower(licenseFile): "", metadataFile: ""}
	check := func(name string) {
		key := strings.ToLower(name)
		switch other, taken := seen[key]; {
		case taken && other == "":
			g.problems = append(g.problems, &NameError{name, "is one that every release writes itself"})
		case taken:
			g.problems = append(g.problems, &NameError{name, fmt.Sprintf("is also the name of %q", other)})
		}
		seen[key] = name
	}
	for _, name := range g.folders {
		check(name)
	}
	for _, f := range g.files {
		check(f.Path)
	}
}

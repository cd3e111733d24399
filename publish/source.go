package publish

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"commonseed/internal/filestate"
	"commonseed/publish/torrentfile"

	"golang.org/x/text/unicode/norm"
)

// source is one of the creator's files. It is only ever read.
type source struct {
	Abs   string          // where it is
	Path  string          // in the payload: "/"-separated, NFC
	state filestate.State // when it was planned with

	executable bool // as its disk says
}

func byPath(a, b source) int { return strings.Compare(a.Path, b.Path) }

// gathering collects the files of a work, and all that is wrong with them.
type gathering struct {
	allow    map[string]bool
	files    []source
	folders  []source // of which no state is known
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
			g.folder(root, norm.NFC.String(name))
			g.walk(root, root, norm.NFC.String(name))
		}
		if info.IsDir() && len(g.files) == 0 && len(g.problems) == 0 {
			g.problems = append(g.problems, &EmptyDirError{p})
		}
	}
	slices.SortFunc(g.files, byPath)
	g.taken()
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

// name checks the name of the torrent and, as it is part of their paths, doubts
// with it those of all files.
func (g *gathering) name(name string) {
	if err := checkName(name); err != nil {
		g.problems = append(g.problems, err)
		return
	}
	paths := make([]string, len(g.files))
	for i, f := range g.files {
		paths[i] = f.Path
	}
	for _, d := range torrentfile.LintNames(name, paths) {
		g.doubt(&DoubtError{d.Lint, d.Error()})
	}
}

// component refuses the name of one file or folder. Torrents and records hold no
// backslash, as it leads elsewhere on Windows.
func (g *gathering) component(name string) {
	err := checkName(name)
	if err == nil && strings.Contains(name, `\`) {
		err = &NameError{name, "holds a backslash, which separates folders on Windows"}
	}
	g.doubt(err)
}

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
			g.folder(abs, place)
			g.walk(root, abs, place)
			continue
		}
		g.add(abs, place, info)
	}
}

// maxDepth is how many folders deep a payload may be, like in records.
const maxDepth = 64

// folder checks a folder of the payload.
func (g *gathering) folder(abs, place string) {
	g.component(path.Base(place))
	if strings.Count(place, "/")+1 == maxDepth {
		g.problems = append(g.problems, &NameError{place, fmt.Sprintf("lies more than %d folders deep", maxDepth)})
	}
	g.folders = append(g.folders, source{Abs: abs, Path: place})
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
	g.component(path.Base(place))
	switch {
	case !info.Mode().IsRegular():
		g.problems = append(g.problems, &FileError{Path: abs, Err: ErrNotRegular})
		return
	case info.Size() == 0:
		g.doubt(&DoubtError{"empty-file", fmt.Sprintf("%q is empty", abs)})
	}
	g.files = append(g.files, source{Abs: abs, Path: norm.NFC.String(place), state: filestate.Of(info),
		executable: info.Mode()&0o100 != 0})
}

// taken finds places in the payload that two files or folders would have, and
// those that every release needs for itself. Two names on disk become one when
// they are in different forms of Unicode, or come from different folders.
func (g *gathering) taken() {
	all := slices.Concat(g.folders, g.files)
	slices.SortStableFunc(all, byPath)
	for i, s := range all {
		if strings.EqualFold(s.Path, licenseFile) || strings.EqualFold(s.Path, metadataFile) {
			g.problems = append(g.problems, &NameError{s.Path, "is one that every release writes itself"})
		} else if i > 0 && s.Path == all[i-1].Path {
			g.problems = append(g.problems, &NameError{s.Path, "is that of both " + bothNames(all[i-1].Abs, s.Abs)})
		}
	}
}

// bothNames quotes two paths, letter by letter where they would look the same.
func bothNames(a, b string) string {
	if norm.NFC.String(a) == norm.NFC.String(b) {
		return fmt.Sprintf("%+q and %+q", a, b)
	}
	return fmt.Sprintf("%q and %q", a, b)
}

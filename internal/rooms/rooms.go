// Package rooms holds the house rules: which room may import which, who may
// print, exit and read the environment, and that every package says what it is.
// Its test checks the whole tree, so a wall that is broken fails `go test`.
//
//	rooms.go  the walk over the tree, and what a Violation is
//	table.go  the table of rooms
//	check.go  the rules, one function each
//
// It reads source files alone; it builds and runs nothing.
package rooms

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"sort"
	"strings"
)

// A Violation is one broken rule and the place where it is broken.
type Violation struct {
	File string // slash-separated, relative to the root of the tree
	Line int    // from 1; 0 where the rule concerns the whole file
	What string
}

func (v Violation) String() string {
	if v.Line == 0 {
		return fmt.Sprintf("%s: %s", v.File, v.What)
	}
	return fmt.Sprintf("%s:%d: %s", v.File, v.Line, v.What)
}

// source is one parsed Go file.
type source struct {
	path string // relative to the root
	room string // its directory; "." for the root
	test bool
	ast  *ast.File
	fset *token.FileSet
}

func (s source) at(pos token.Pos, format string, args ...any) Violation {
	return Violation{s.path, s.fset.Position(pos).Line, fmt.Sprintf(format, args...)}
}

// Check reads the tree and returns every violation, in the order of the files.
// An error says that the tree could not be read or a Go file not be parsed.
func Check(tree fs.FS) ([]Violation, error) {
	var found []Violation
	var sources []source
	err := walk(tree, func(name string, data []byte) error {
		found = append(found, unfinished(name, data)...)
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		src, err := parse(name, data)
		sources = append(sources, src)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, src := range sources {
		found = append(found, imports(src)...)
		found = append(found, streams(src)...)
	}
	found = append(found, undocumented(sources)...)
	found = append(found, joined(sources)...)
	sort.SliceStable(found, func(i, j int) bool { return found[i].File < found[j].File })
	return found, nil
}

// walk reads the files of the tree, without those of other modules, of test
// data and of version control.
func walk(tree fs.FS, visit func(name string, data []byte) error) error {
	return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if skipped(tree, name) {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		return visit(name, data)
	})
}

func skipped(tree fs.FS, dir string) bool {
	if dir == "." {
		return false
	}
	if base := path.Base(dir); base == ".git" || base == "testdata" {
		return true
	}
	_, err := fs.Stat(tree, path.Join(dir, "go.mod"))
	return err == nil
}

func parse(name string, data []byte) (source, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, data, parser.ParseComments|parser.SkipObjectResolution)
	return source{name, path.Dir(name), strings.HasSuffix(name, "_test.go"), file, fset}, err
}

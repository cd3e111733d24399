package rooms

import (
	"bytes"
	"fmt"
	"go/ast"
	"path"
	"sort"
	"strconv"
	"strings"
)

// imports holds a file to the table of walls.
func imports(src source) []Violation {
	var found []Violation
	w, walled := wallOf(src.room)
	if !walled && !src.test {
		return []Violation{src.at(src.ast.Package, "room %q has no wall in the table of internal/rooms/table.go", src.room)}
	}
	for _, spec := range src.ast.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if belowAny(imported, onlyCmd) && !below(src.room, "cmd") {
			found = append(found, src.at(spec.Pos(), "%s imports %q, which only cmd may", src.room, imported))
			continue
		}
		if src.test || standard(imported) || belowAny(strings.TrimPrefix(imported, module+"/"), w.allow) {
			continue
		}
		may := "the standard library alone"
		if len(w.allow) > 0 {
			may = "only the standard library, " + strings.Join(w.allow, ", ")
		}
		found = append(found, src.at(spec.Pos(), "%s imports %q, but may import %s", src.room, imported, may))
	}
	return found
}

// spoken are the names by which a program prints, exits, or reads what
// surrounds it, by import path. "" stands for Go's own functions.
var spoken = map[string][]string{
	"os":  {"Exit", "Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Args", "Stdin", "Stdout", "Stderr"},
	"fmt": {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
	"log": {"Print", "Printf", "Println", "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln"},
	"":    {"print", "println"},
}

// streams finds code that speaks to the world although it is not cmd.
func streams(src source) []Violation {
	if src.test || belowAny(src.room, talkers) {
		return nil
	}
	names := localNames(src.ast)
	var found []Violation
	ast.Inspect(src.ast, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && speaks(names[x.Name], n.Sel.Name) {
				found = append(found, src.at(n.Pos(), "%s uses %s.%s: only cmd prints, exits and reads the environment", src.room, x.Name, n.Sel.Name))
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && speaks("", f.Name) {
				found = append(found, src.at(n.Pos(), "%s uses %s: only cmd prints", src.room, f.Name))
			}
		}
		return true
	})
	return found
}

func speaks(importPath, name string) bool {
	for _, s := range spoken[importPath] {
		if s == name {
			return true
		}
	}
	return false
}

// localNames maps the names by which a file calls the packages of spoken to
// their import paths.
func localNames(file *ast.File) map[string]string {
	names := make(map[string]string)
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
	}
	return names
}

// marks are put together here so that this file does not find itself.
var marks = [][]byte{[]byte("TO" + "DO"), []byte("FIX" + "ME")}

// unfinished finds the marks of unfinished work in a text file.
func unfinished(name string, data []byte) []Violation {
	if bytes.IndexByte(data, 0) >= 0 { // media and other binary files
		return nil
	}
	var found []Violation
	for _, mark := range marks {
		if i := bytes.Index(data, mark); i >= 0 {
			line := 1 + bytes.Count(data[:i], []byte("\n"))
			found = append(found, Violation{name, line, fmt.Sprintf("%s in the tree: finish it, or write it down in docs/", mark)})
		}
	}
	return found
}

// undocumented finds packages of which no file has a doc comment.
func undocumented(sources []source) []Violation {
	first := make(map[string]source)
	documented := make(map[string]bool)
	for _, src := range sources {
		if _, ok := first[src.room]; !ok {
			first[src.room] = src
		}
		if src.ast.Doc != nil && strings.TrimSpace(src.ast.Doc.Text()) != "" {
			documented[src.room] = true
		}
	}
	var found []Violation
	for room, src := range first {
		if !documented[room] {
			found = append(found, src.at(src.ast.Package, "package %s (%s) has no doc comment in any file", src.ast.Name.Name, room))
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].File < found[j].File })
	return found
}

// joined finds rooms that must stay apart and yet reach each other, by whatever
// way through the module.
func joined(sources []source) []Violation {
	edges := make(map[string]map[string]source) // room -> imported room -> the file
	for _, src := range sources {
		if src.test {
			continue
		}
		for _, spec := range src.ast.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if to, ok := strings.CutPrefix(imported, module+"/"); ok {
				if edges[src.room] == nil {
					edges[src.room] = make(map[string]source)
				}
				edges[src.room][to] = src
			}
		}
	}
	var found []Violation
	for _, pair := range apart {
		for room := range edges {
			if !below(room, pair[0]) {
				continue
			}
			if way := reach(edges, room, pair[1]); way != nil {
				file := edges[way[0]][way[1]].path
				found = append(found, Violation{file, 0, "rooms that never meet are joined: " + strings.Join(way, " -> ")})
			}
		}
	}
	return found
}

// reach finds the shortest way by imports from a room to one at or below target.
func reach(edges map[string]map[string]source, from, target string) []string {
	seen := map[string]bool{from: true}
	for queue := [][]string{{from}}; len(queue) > 0; queue = queue[1:] {
		way := queue[0]
		for next := range edges[way[len(way)-1]] {
			if seen[next] {
				continue
			}
			seen[next] = true
			longer := append(append([]string(nil), way...), next)
			if below(next, target) {
				return longer
			}
			queue = append(queue, longer)
		}
	}
	return nil
}

package main

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"commonseed/internal/inorder"
	"commonseed/publish"
)

// showTree shows a folder: a row for each file, and what they say together.
func (e *env) showTree(root string) error {
	var paths []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && path == root:
			return err
		case err != nil:
			e.warn("%v", err)
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.Type().IsRegular() && !isSidecar(path):
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return &publish.EmptyDirError{Dir: root}
	}
	counts := map[string]int{}
	type outcome struct {
		facts *facts
		err   error
	}
	for i, got := range inorder.Each(len(paths), func(i int) outcome {
		f, err := mediaFacts(paths[i])
		return outcome{f, err}
	}) {
		if got.err != nil {
			e.warn("%s: %v", printable(paths[i]), got.err)
			counts["unreadable"]++
			continue
		}
		row := got.facts.short()
		counts[row]++
		if e.json {
			e.show(*got.facts)
			continue
		}
		rel, err := filepath.Rel(root, paths[i])
		if err != nil {
			rel = paths[i]
		}
		e.result("%-16s %s", row, printable(rel))
	}
	if !e.json {
		e.result("%s: %s", count(len(paths), "file"), countsText(counts))
	}
	return nil
}

// isSidecar says whether a file is the sidecar of another, which speaks for it.
func isSidecar(path string) bool {
	base, ok := strings.CutSuffix(path, ".license")
	return ok && fileExists(base)
}

// short is the licence in a word or two.
func (f *facts) short() string {
	switch {
	case f.Label != "":
		return f.Label
	case !f.Agree:
		return "DISAGREES"
	}
	for _, s := range f.Statements {
		if s.Reserved {
			return "rights reserved"
		}
	}
	return "says nothing"
}

// countsText lists how many files say what, the most frequent first.
func countsText(counts map[string]int) string {
	var rows []string
	for row := range counts {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for i, row := range rows {
		rows[i] = fmt.Sprintf("%d %s", counts[row], row)
	}
	return strings.Join(rows, ", ")
}

package license

import (
	"cmp"
	"slices"
	"strings"
)

const maxNear = 3

// nearUnit suggests what exists of a Creative Commons unit, where the version or the jurisdiction does not:
// the same version without a jurisdiction, the jurisdiction in other versions, and the newest.
func nearUnit(key ccKey) []int {
	t := index()
	var out []int
	add := func(i int) {
		if !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	if i, ok := t.cc[ccKey{key.unit, key.version, ""}]; ok {
		add(i)
	}
	if key.place != "" {
		for _, i := range t.versions[key.unit+" "+key.place] {
			add(i)
		}
	}
	for _, i := range t.versions[key.unit] {
		add(i)
	}
	if len(out) == 0 {
		return nearText("cc " + strings.ReplaceAll(key.unit, "-", " ") + " " + key.version)
	}
	return out
}

// nearText suggests the licences whose short form is most like some folded words.
func nearText(key string) []int {
	t := index()
	if strings.Contains(key, "public domain") {
		return []int{t.id["cc0-1.0"], t.id["cc-pdm-1.0"]}
	}
	type distance struct{ i, d int }
	var found []distance
	want := []rune(key)
	limit := len(want) / 3
	if limit == 0 || len(want) > 60 {
		return nil
	}
	for i, l := range t.all {
		short := strings.ReplaceAll(l.Short(), "-", " ")
		for _, s := range []string{short, strings.TrimPrefix(short, "cc ")} {
			if d := len(s) - len(want); d < -limit || d > limit {
				continue
			}
			if d := edits(want, []rune(s)); d <= limit {
				found = append(found, distance{i, d})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b distance) int { return cmp.Compare(a.d, b.d) })
	var out []int
	for _, f := range found {
		if !slices.Contains(out, f.i) && len(out) < maxNear {
			out = append(out, f.i)
		}
	}
	return out
}

// edits is the number of letters to add, take away or change to make b of a (Levenshtein).
func edits(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			change := diagonal
			if x != y {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

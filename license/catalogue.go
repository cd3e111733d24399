package license

import (
	"slices"
	"strings"
	"sync"
)

// All returns the catalogue: Creative Commons newest first, its public domain tools, then the others by kind.
func All() []License { return slices.Clone(index().all) }

// ccKey finds a Creative Commons licence by its parts.
type ccKey struct{ unit, version, place string }

// tables is the catalogue with everything needed to find an entry. All maps lead to positions in all.
type tables struct {
	all      []License
	policies []Policy       // by position
	id       map[string]int // lower-case ID and Short
	url      map[string]int // address as urlKey writes it; Creative Commons is read by structure instead
	cc       map[ccKey]int
	versions map[string][]int // "unit" or "unit place" of Creative Commons to its versions, newest first
	families map[string][]int // the words of a family's name to its versions, newest first

	name     map[string]int // words of a name, joined by spaces, to what is named; not Creative Commons
	freeName map[string]int // those of them that can be looked for in free text
	longest  map[string]int // first word of a freeName to the number of words in the longest that begins so

	place        map[string]string // words of a place, joined by spaces, to its code
	longestPlace int
}

// index builds the tables on first use.
var index = sync.OnceValue(func() *tables {
	t := &tables{
		id: map[string]int{}, url: map[string]int{}, cc: map[ccKey]int{}, versions: map[string][]int{},
		families: map[string][]int{}, name: map[string]int{}, freeName: map[string]int{}, longest: map[string]int{}, place: map[string]string{},
	}
	for _, l := range creativeCommons() {
		t.addCreativeCommons(l)
	}
	for _, families := range [][]family{mediaFamilies, dataFamilies, codeFamilies} {
		for _, f := range families {
			t.addFamily(f)
		}
	}
	t.addPlaces()
	return t
})

func (t *tables) add(l License, p Policy) int {
	i := len(t.all)
	t.all = append(t.all, l)
	t.policies = append(t.policies, p)
	t.id[strings.ToLower(l.ID)] = i
	t.id[l.Short()] = i
	return i
}

func (t *tables) addCreativeCommons(l License) {
	i := t.add(l, ccPolicy(l.Unit))
	t.cc[ccKey{l.Unit, l.Version, l.Jurisdiction}] = i
	family := strings.TrimSpace(l.Unit + " " + l.Jurisdiction)
	t.versions[family] = append(t.versions[family], i)
}

func (t *tables) addFamily(f family) {
	var members []int
	for _, m := range f.members {
		p := f.policy
		if m.policy != nil {
			p = *m.policy
		}
		i := t.add(License{ID: m.id, URL: m.url, Label: m.label, Name: m.name}, p)
		if !strings.Contains(m.id, "invariants") {
			members = append(members, i)
		}
		t.url[urlKey(m.url)] = i
		for address := range strings.FieldsSeq(m.also) {
			t.url[urlKey(address)] = i
		}
		for _, s := range f.spelled(m) {
			t.addName(s, i, f.loose)
		}
	}
	for name := range strings.SplitSeq(f.names, "|") {
		words := tokenize(name)
		if !f.single {
			t.families[joined(words)] = members
			t.families[joined(words)+" license"] = members
		}
	}
}

// addName enters one spelling. Plain words such as "MIT" count in free text only as "MIT License".
func (t *tables) addName(s string, i int, loose bool) {
	words := tokenize(s)
	key := joined(words)
	t.name[key] = i
	if loose && len(words) < 2 {
		return
	}
	t.freeName[key] = i
	t.longest[words[0].text] = max(t.longest[words[0].text], len(words))
}

func (t *tables) addPlaces() {
	add := func(name, code string) {
		words := tokenize(name)
		t.place[joined(words)] = code
		t.longestPlace = max(t.longestPlace, len(words))
	}
	for code, name := range places {
		add(name, code)
		add(code, code)
	}
	for name, code := range otherPlaces {
		add(name, code)
	}
}

package feed

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
)

func TestListsAreReadInOrder(t *testing.T) {
	rels := sampleReleases(3 * ahead)
	l := ListOf(rels)
	order := l.Newest()
	at := 0
	for r, err := range l.Each(order) {
		if err != nil || r.Slug != l.Heads[order[at]].Slug {
			t.Fatalf("place %d: %s, %v", at, r.Slug, err)
		}
		at++
	}
	if at != len(rels) {
		t.Errorf("%d of %d releases", at, len(rels))
	}
	newest := slices.MaxFunc(rels, func(a, b Release) int { return a.Published.Compare(b.Published) })
	if got := l.Heads[order[0]]; got.Slug != newest.Slug || got.Length != newest.Torrent.Length {
		t.Errorf("the newest is %+v, want %s", got, newest.Slug)
	}
}

func TestNothingIsReadAfterTheLast(t *testing.T) {
	l := ListOf(sampleReleases(3 * ahead))
	read := l.Read
	var over atomic.Bool
	l.Read = func(i int) (Release, error) {
		if over.Load() {
			t.Error("reads on, although nobody listens")
		}
		return read(i)
	}
	for range l.Each(l.Newest()) {
		break
	}
	over.Store(true)
	gone := errors.New("gone")
	l.Read = func(i int) (Release, error) {
		if i == 100 {
			return Release{}, gone
		}
		return read(i)
	}
	var at []int
	for _, err := range l.Each([]int{1, 100, 2}) {
		if at = append(at, 1); err != nil {
			break
		}
	}
	if len(at) != 2 {
		t.Errorf("ended after %d releases, want 2", len(at))
	}
	dir := t.TempDir()
	if err := Write(dir, sampleChannel(), l, day); !errors.Is(err, gone) {
		t.Errorf("Write: %v", err)
	}
	if slices.Contains(names(t, dir), TorrentsName) {
		t.Error("a first page was written that leads to pages that are missing")
	}
}
